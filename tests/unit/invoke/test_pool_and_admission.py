"""Who may run, on which environment, and when environments end."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.alias import Alias
from lambent.core.concurrency import FullyThrottled
from lambent.core.errors import (
    InvalidParameterValue,
    InvalidRuntime,
    ResourceConflict,
    ResourceNotFound,
    ResourceNotReady,
    ServiceFault,
    ThrottleReason,
    TooManyRequests,
)
from lambent.core.function import Function, State
from lambent.core.names import FunctionReference
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import TENANCY, World


async def slowly(event, context):
    await asyncio.sleep(1)
    return event


def started(world: World, name: str = "hello", **more) -> asyncio.Task:
    return asyncio.get_running_loop().create_task(world.invoke(name, **more))


async def test_invocations_at_once_each_get_an_environment_and_the_last_returned_is_used_first(world: World) -> None:
    await world.create()
    answered = []
    world.provider.script = Script(
        behaviour=lambda event, context: (
            answered.append(context.environment["AWS_LAMBDA_LOG_STREAM_NAME"]) or slowly(event, context)
        )
    )
    await asyncio.gather(*(world.invoke() for _ in range(3)))
    assert len(set(answered)) == 3
    for _ in range(4):
        await world.invoke()
    assert len(set(answered[3:])) == 1
    assert world.plane.environments == 3


async def test_fifty_at_once_over_ten_environments_all_end_well(tmp_path) -> None:
    async with World(tmp_path, maximum_environments=10).running() as world:
        await world.create()
        gate = asyncio.Semaphore(10)

        async def one(number: int) -> bytes:
            async with gate:
                return (await world.invoke(payload=b"%d" % number)).outcome.payload

        assert await asyncio.gather(*(one(n) for n in range(50))) == [b"%d" % n for n in range(50)]
        assert world.plane.environments <= 10


async def test_idle_environments_are_reaped(tmp_path) -> None:
    async with World(tmp_path, idle_seconds=60).running() as world:
        await world.create()
        await world.invoke()
        await asyncio.sleep(50)
        assert world.plane.environments == 1
        await asyncio.sleep(30)
        assert world.plane.environments == 0
        assert not world.provider.storages


async def test_a_full_machine_evicts_the_longest_idle_and_throttles_when_all_are_busy(tmp_path) -> None:
    async with World(tmp_path, maximum_environments=2).running() as world:
        for name in ("a", "b", "c"):
            await world.create(name)
        world.provider.script = Script(behaviour=lambda event, context: slowly(event, context) if event == b"1" else event)
        await world.invoke("a")
        await asyncio.sleep(1)
        await world.invoke("b")
        first = world.used[0]
        await world.invoke("c")
        await asyncio.sleep(0.1)
        assert first.destroyed
        assert world.plane.environments == 2
        busy = [started(world, "a", payload=b"1"), started(world, "a", payload=b"1")]
        await asyncio.sleep(0.1)
        with pytest.raises(TooManyRequests):
            await world.invoke("b")
        await asyncio.gather(*busy)


async def test_updated_code_is_served_by_new_environments_and_the_old_end(world: World) -> None:
    version = await world.create()
    await world.invoke()
    old = world.sandbox
    changed = replace(version, revision_id="new", configuration=replace(version.configuration, environment={"NEW": "1"}))
    await world.store.replace_function(Function(latest=changed, serving=changed), expected_revision=version.revision_id)
    await world.invoke()
    await asyncio.sleep(0.1)
    assert old.destroyed
    assert world.sandbox.environment["NEW"] == "1"


async def test_a_busy_environment_of_a_deleted_function_ends_its_work_first(world: World) -> None:
    version = await world.create()
    world.provider.script = Script(behaviour=slowly)
    running = started(world, payload=b"1")
    await asyncio.sleep(0.5)
    await world.store.delete_function(version.key)
    with pytest.raises(ResourceNotFound, match=r"Function not found: arn:aws:lambda:eu-west-1:123456789012:function:hello$"):
        await world.invoke()
    assert (await running).outcome.payload == b"1"
    await asyncio.sleep(0.1)
    assert world.plane.environments == 0


async def test_tenants_never_share_an_environment(world: World) -> None:
    await world.create(settings=TENANCY)
    await world.invoke(tenant_id="blue")
    await world.invoke(tenant_id="green")
    await world.invoke(tenant_id="blue")
    assert len(world.used) == 2


async def test_a_tenant_is_named_exactly_where_tenants_are_isolated(world: World) -> None:
    await world.create(settings=TENANCY)
    await world.create("shared")
    for name, tenant in (("hello", None), ("shared", "blue")):
        with pytest.raises(InvalidParameterValue, match="tenancy configuration"):
            await world.invoke(name, tenant_id=tenant)
        with pytest.raises(InvalidParameterValue, match="tenancy configuration"):
            await world.invoker.accept(world.request(name, tenant_id=tenant))
    assert world.used == []
    assert await world.queue.next_due() is None


async def test_blanks_are_made_ahead_and_a_cold_start_takes_one(tmp_path) -> None:
    async with World(tmp_path, blank_environments=3).running() as world:
        await world.create()
        await asyncio.sleep(1)
        assert world.plane.blanks("python3.12") == 3
        ready = set(world.provider.sandboxes)
        await world.invoke()
        assert world.sandbox in ready
        assert world.plane.blanks("python3.12") == 2
        await asyncio.sleep(1)
        assert world.plane.blanks("python3.12") == 3


async def test_blanks_that_keep_dying_are_not_made_in_a_frenzy(tmp_path) -> None:
    async with World(tmp_path, blank_environments=2).running() as world:
        from lambent.core.environment import Exit

        world.provider.script = Script(start=Exit(code=1))
        await world.create()
        await asyncio.sleep(60)
        assert 2 < len(world.provider.sandboxes) < 40


async def test_start_up_warms_the_runtimes_of_stored_functions(tmp_path) -> None:
    world = World(tmp_path)
    await world.create(runtime="nodejs20.x")
    async with world.running():
        version = await world.store.functions(owner := (await world.create("other")).key.owner, after=None, limit=10)
        assert len(version) == 2
        await world.plane.warm(owner)
        await asyncio.sleep(1)
        assert world.plane.blanks("nodejs20.x") == 1


async def test_reserved_concurrency_throttles_with_its_own_reason_and_frees_again(world: World) -> None:
    await world.create(reserved=1)
    world.provider.script = Script(behaviour=slowly)
    running = started(world)
    await asyncio.sleep(0.1)
    with pytest.raises(TooManyRequests) as caught:
        await world.invoke()
    assert caught.value.reason is ThrottleReason.RESERVED_CONCURRENCY
    assert caught.value.message == "Rate Exceeded."
    await running
    await world.invoke()


async def test_reserved_zero_never_runs(world: World) -> None:
    await world.create(reserved=0)
    with pytest.raises(FullyThrottled) as caught:
        await world.invoke()
    assert caught.value.reason is ThrottleReason.RESERVED_CONCURRENCY


async def test_the_account_limit_less_reservations_holds_for_the_others(tmp_path) -> None:
    async with World(tmp_path, account_concurrency=3).running() as world:
        await world.create("reserved", reserved=1)
        await world.create("free")
        await world.plane.warm((await world.store.function(world.request("free").reference.key)).key.owner)
        world.provider.script = Script(behaviour=slowly)
        running = [started(world, "free"), started(world, "free")]
        await asyncio.sleep(0.1)
        with pytest.raises(TooManyRequests) as caught:
            await world.invoke("free")
        assert caught.value.reason is ThrottleReason.ACCOUNT_CONCURRENCY
        await world.invoke("reserved")
        await asyncio.gather(*running)
        await world.invoke("free")


async def test_a_fault_gives_its_concurrency_back(world: World) -> None:
    await world.create(reserved=1)
    world.provider.refuse_create = world.provider.refuse_assign = "no"
    for _ in range(3):
        with pytest.raises(ServiceFault):
            await world.invoke()


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (
            State.PENDING,
            ResourceConflict,
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        ),
        (State.FAILED, ResourceConflict, "following state: Failed"),
        (State.INACTIVE, ResourceNotReady, "inactive"),
    ],
)
async def test_a_function_that_is_not_active_is_refused(world: World, state: State, error, words: str) -> None:
    await world.create(state=state)
    with pytest.raises(error, match=words):
        await world.invoke()
    with pytest.raises(error):
        await world.invoker.accept(world.request())


async def test_what_does_not_exist_is_said_in_lambdas_words(world: World) -> None:
    await world.create()
    with pytest.raises(ResourceNotFound, match=r"^Function not found: arn:aws:lambda:eu-west-1:123456789012:function:none$"):
        await world.invoke("none")
    with pytest.raises(ResourceNotFound, match=r"^Function not found: arn:aws:lambda:eu-west-1:123456789012:function:hello:7$"):
        await world.invoke(qualifier="7")
    with pytest.raises(
        ResourceNotFound, match=r"^Cannot find alias arn: arn:aws:lambda:eu-west-1:123456789012:function:hello:live$"
    ):
        await world.invoke(qualifier="live")


async def test_a_runtime_that_this_host_lacks_is_an_honest_error(world: World) -> None:
    await world.create(runtime="ruby3.3")
    for _ in range(2):
        with pytest.raises(InvalidRuntime, match=r"ruby3\.3"):
            await world.invoke()


async def test_a_weighted_alias_follows_the_roll_and_reports_the_version(world: World) -> None:
    version = await world.create()
    for number in ("1", "2"):
        function = await world.store.function(version.key)
        published = replace(version, version=number, revision_id=f"r{number}")
        await world.store.publish_version(published, function=function, expected_revision=version.revision_id)
    alias = Alias(key=version.key, name="live", version="1", routing={"2": 0.3}, revision_id="a")
    await world.store.add_alias(alias)
    world.chance._rolls = [0.1, 0.29, 0.3, 0.9]
    versions = [(await world.invoke(qualifier="live")).executed_version for _ in range(4)]
    assert versions == ["2", "2", "1", "1"]
    assert world.used[0].environment["AWS_LAMBDA_FUNCTION_VERSION"] == "2"
    await world.store.replace_alias(replace(alias, version="2", routing={}, revision_id="b"), expected_revision="a")
    assert (await world.invoke(qualifier="live")).executed_version == "2"
    reference = FunctionReference(key=version.key, qualifier="live")
    assert (await world.invoker.resolve(reference)).version == "2"


async def test_draining_waits_for_what_runs_and_then_ends_it(world: World) -> None:
    await world.create(timeout=900)
    world.provider.script = Script(behaviour=lambda event, context: SILENCE if event == b"1" else slowly(event, context))
    short, endless = started(world), started(world, payload=b"1")
    await asyncio.sleep(0.1)
    await world.plane.drain(10)
    assert (await short).outcome.payload == b"{}"
    with pytest.raises(ServiceFault):
        await endless


async def test_the_platform_ends_also_with_invocations_in_progress(tmp_path) -> None:
    world = World(tmp_path)
    async with world.running():
        await world.create(timeout=900)
        world.provider.script = Script(behaviour=lambda *_: SILENCE)
        endless = started(world)
        await asyncio.sleep(0.1)
    with pytest.raises(ServiceFault):
        await endless
