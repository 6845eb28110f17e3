"""Provisioned concurrency at work: environments made ahead, used first, made again, and let go."""

import asyncio
import json
from dataclasses import replace

import pytest

from lambent.core.alias import Alias
from lambent.core.environment import Exit
from lambent.core.function import State
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig, Standing
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import OWNER, START, World
from tests.unit.provisioned_world import ON_DEMAND, PROVISIONED, invoke, kind, provision, publish, standing


@pytest.fixture
async def ready(world: World) -> World:
    """Version 1 with two provisioned environments."""
    world.provider.script = Script(behaviour=kind)
    await publish(world)
    await provision(world, 2)
    assert standing(world) == Standing(ready=2)
    return world


async def test_environments_are_initialised_ahead_and_the_first_invocation_finds_one(ready: World) -> None:
    assert ready.plane.environments == 2
    (first, second) = ready.used
    assert first.environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == PROVISIONED
    await asyncio.sleep(0.1)
    assert first.frozen
    assert second.frozen
    assert await invoke(ready) == PROVISIONED
    assert ready.plane.environments == 2
    assert len(ready.used) == 2


async def test_init_has_its_lines_when_it_is_done_and_is_billed_there(world: World) -> None:
    world.provider.script = Script(behaviour=kind)
    await publish(world)
    await provision(world, 1)
    assert [line.split(":")[0] for line in world.log()] == ["INIT_START Runtime Version", "INIT_REPORT Init Duration"]
    assert world.log()[1] == "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\t"
    for _ in range(2):
        await invoke(world)
    first, second = [line for line in world.log() if line.startswith("REPORT")]
    assert first.endswith(
        "\tDuration: 0.00 ms\tBilled Duration: 0 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\tInit Duration: 0.00 ms\t"
    )
    assert "Init Duration" not in second


async def test_the_json_records_name_the_kind_of_init(world: World) -> None:
    await publish(world, log_format="JSON")
    await provision(world, 1)
    start, report = [json.loads(line) for line in world.log()]
    assert (start["type"], start["record"]["initializationType"]) == ("platform.initStart", PROVISIONED)
    assert (report["type"], report["record"]["initializationType"]) == ("platform.initReport", PROVISIONED)
    assert report["record"]["status"] == "success"


async def test_what_is_too_much_for_them_runs_on_demand_and_they_are_used_first_again(ready: World) -> None:
    kinds = await asyncio.gather(*(invoke(ready, b"1") for _ in range(3)))
    assert sorted(kinds) == [ON_DEMAND, PROVISIONED, PROVISIONED]
    assert ready.plane.environments == 3
    for _ in range(4):
        assert await asyncio.gather(invoke(ready, b"1"), invoke(ready, b"1")) == [PROVISIONED] * 2


async def test_they_are_neither_reaped_nor_evicted(tmp_path) -> None:
    async with World(tmp_path, idle_seconds=60, maximum_environments=3).running() as world:
        world.provider.script = Script(behaviour=kind)
        await publish(world)
        await provision(world, 2)
        await asyncio.gather(*(invoke(world, b"1") for _ in range(3)))
        await asyncio.sleep(300)
        assert world.plane.environments == 2
        for name in ("a", "b", "c"):
            await world.create(name)
            await world.invoke(name)
        assert standing(world).ready == 2
        assert await invoke(world) == PROVISIONED


async def test_latest_and_other_versions_do_not_use_them(ready: World) -> None:
    await publish(ready, "2")
    assert await invoke(ready, qualifier="2") == ON_DEMAND
    assert await invoke(ready, qualifier="$LATEST") == ON_DEMAND


async def test_one_that_dies_idle_is_made_again(ready: World) -> None:
    ready.used[0].die(Exit(code=1))
    await asyncio.sleep(0.1)
    assert standing(ready) == Standing(ready=2)
    assert len(ready.used) == 3
    assert ready.plane.environments == 2
    assert await asyncio.gather(invoke(ready, b"1"), invoke(ready, b"1")) == [PROVISIONED] * 2


async def test_one_that_crashes_in_an_invocation_is_made_again_before_the_next(world: World) -> None:
    world.provider.script = Script(behaviour=lambda event, context: Exit(code=1) if event == b'"die"' else kind(event, context))
    await publish(world)
    await provision(world, 1)
    result = await world.invoke(payload=b'"die"', qualifier="1")
    assert result.outcome.error_type == "Runtime.ExitError"
    await asyncio.sleep(0.1)
    assert standing(world) == Standing(ready=1)
    lines = len(world.log())
    assert await invoke(world) == PROVISIONED
    assert not [line for line in world.log()[lines:] if line.startswith("INIT_START")]
    assert world.plane.environments == 1


async def test_one_that_runs_out_of_time_is_made_again(world: World) -> None:
    world.provider.script = Script(behaviour=lambda event, context: SILENCE if event == b"9" else kind(event, context))
    await publish(world, timeout=3)
    await provision(world, 1)
    await world.invoke(payload=b"9", qualifier="1")
    await asyncio.sleep(0.1)
    assert standing(world) == Standing(ready=1)
    assert await invoke(world) == PROVISIONED


async def test_one_whose_caller_goes_away_is_kept(ready: World) -> None:
    running = asyncio.get_running_loop().create_task(invoke(ready, b"5"))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.sleep(10)
    assert standing(ready) == Standing(ready=2)
    assert await asyncio.gather(invoke(ready, b"1"), invoke(ready, b"1")) == [PROVISIONED] * 2


async def test_fewer_are_let_go_idle_ones_first_and_busy_ones_after_their_work(ready: World) -> None:
    running = [asyncio.get_running_loop().create_task(invoke(ready, b"5")) for _ in range(2)]
    await asyncio.sleep(1)
    await provision(ready, 1)
    assert standing(ready).ready == 1
    assert await asyncio.gather(*running) == [PROVISIONED] * 2
    await asyncio.sleep(0.1)
    assert ready.plane.environments == 1
    await provision(ready, 3)
    assert (standing(ready).ready, ready.plane.environments) == (3, 3)


async def test_all_are_let_go_when_the_config_is_deleted(ready: World) -> None:
    await ready.store.delete_provisioned_concurrency(ready.request().reference.key, "1")
    await asyncio.sleep(0.1)
    assert (standing(ready), ready.plane.environments) == (Standing(), 0)
    assert await invoke(ready) == ON_DEMAND


@pytest.mark.parametrize("what", ["version", "function"])
async def test_all_are_let_go_with_their_version_or_function(ready: World, what: str) -> None:
    key = ready.request().reference.key
    await (ready.store.delete_version(key, "1") if what == "version" else ready.store.delete_function(key))
    await asyncio.sleep(0.1)
    assert (standing(ready), ready.plane.environments) == (Standing(), 0)


async def test_a_new_revision_of_a_version_is_provisioned_anew(ready: World) -> None:
    old = list(ready.used)
    version = await ready.store.version(ready.request().reference.key, "1")
    await ready.store.replace_version(replace(version, revision_id="new"), expected_revision=version.revision_id)
    await asyncio.sleep(0.1)
    assert standing(ready) == Standing(ready=2)
    assert all(each.destroyed for each in old)
    assert ready.plane.environments == 2


async def test_an_alias_that_moves_takes_them_along(world: World) -> None:
    world.provider.script = Script(behaviour=kind)
    version = await publish(world)
    await publish(world, "2")
    alias = Alias(key=version.key, name="live", version="1", revision_id="a")
    await world.store.add_alias(alias)
    await provision(world, 4, "live")
    assert (standing(world, "1").ready, standing(world, "2").ready) == (4, 0)
    await world.store.replace_alias(replace(alias, routing={"2": 0.25}, revision_id="b"), expected_revision="a")
    await asyncio.sleep(0.1)
    assert (standing(world, "1").ready, standing(world, "2").ready) == (3, 1)
    await world.store.replace_alias(replace(alias, version="2", revision_id="c"), expected_revision="b")
    await asyncio.sleep(0.1)
    assert (standing(world, "1").ready, standing(world, "2").ready) == (0, 4)
    assert world.plane.environments == 4
    assert await invoke(world, qualifier="live") == PROVISIONED


async def test_a_pending_version_is_provisioned_once_it_is_active(world: World) -> None:
    version = await publish(world)
    pending = replace(version, state=State.PENDING, revision_id="p")
    await world.store.replace_version(pending, expected_revision=version.revision_id)
    await provision(world, 1)
    assert (standing(world).ready, standing(world).failure) == (0, None)
    await world.store.replace_version(replace(version, revision_id="q"), expected_revision="p")
    await asyncio.sleep(0.1)
    assert standing(world) == Standing(ready=1)


async def test_a_restart_brings_them_back(tmp_path) -> None:
    world = World(tmp_path)
    await publish(world)
    key = world.request().reference.key
    await world.store.put_provisioned_concurrency(
        ProvisionedConcurrencyConfig(key=key, qualifier="1", requested=3, last_modified=START)
    )
    async with world.running():
        await asyncio.sleep(0.1)
        assert standing(world) == Standing(ready=3)


async def test_the_platform_ends_while_environments_are_being_initialised(tmp_path) -> None:
    world = World(tmp_path)
    async with world.running():
        world.provider.script = Script(init=SILENCE)
        await publish(world)
        await provision(world, 10)
        assert world.plane.environments == 4


async def test_logs_are_written_under_one_stream_for_each_environment(ready: World) -> None:
    await asyncio.gather(invoke(ready, b"1"), invoke(ready, b"1"))
    streams = await ready.logs.streams(OWNER, "/aws/lambda/hello", prefix="")
    assert len(list(streams)) == 2
