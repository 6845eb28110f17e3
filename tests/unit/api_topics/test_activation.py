"""The running Activator: woken by writes, takes up what a crash left, survives trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lambent.control import activation
from lambent.core.function import State
from lambent.core.ports import StaleWrite
from tests.unit.control_world import World, zip_of


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(world.activator.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_state(world: World, state: str, name: str = "hello") -> dict[str, object]:
    changed = asyncio.Event()
    world.store.subscribe(lambda _key: changed.set())
    async with asyncio.timeout(10):
        while (now := await world.configuration(name))["State"] != state:
            changed.clear()
            await changed.wait()
    return now


async def test_a_write_wakes_it(world: World) -> None:
    async with running(world):
        await asyncio.sleep(0)
        await world.create(Publish=True)
        await until_state(world, "Active", "hello:1")
        await until_state(world, "Active")


async def test_it_takes_up_what_was_left_when_it_starts(world: World) -> None:
    await world.create("pending")
    await world.active("updated")
    await world.call("UpdateFunctionCode", FunctionName="updated", ZipFile=zip_of("new"), Publish=True)
    async with running(world):
        await until_state(world, "Active", "pending")
        await until_state(world, "Active", "updated:1")
        await world.activator.idle()
    assert (await world.configuration("updated"))["LastUpdateStatus"] == "Successful"


async def test_a_published_version_becomes_active_without_any_change_of_latest(world: World) -> None:
    async with running(world):
        await world.create()
        before = await until_state(world, "Active")
        await world.call("PublishVersion", FunctionName="hello")
        await until_state(world, "Active", "hello:1")
        after = await world.configuration()
    assert {**before, "RevisionId": ""} == {**after, "RevisionId": ""}


async def test_many_functions_become_active(world: World) -> None:
    async with running(world):
        for number in range(30):
            await world.create(f"f{number}")
        for number in range(30):
            await until_state(world, "Active", f"f{number}")


async def test_a_lost_race_is_run_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.create()
    replace_function = world.store.replace_function

    async def lose_once(function, *, expected_revision):
        monkeypatch.setattr(world.store, "replace_function", replace_function)
        raise StaleWrite

    monkeypatch.setattr(world.store, "replace_function", lose_once)
    await world.activate()
    assert (await world.configuration())["State"] == "Active"


async def test_a_function_deleted_meanwhile_is_no_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.create(Publish=True)
    unpacked = world.packages.unpacked

    async def delete_first(digest: str):
        await world.store.delete_function(world.key())
        return await unpacked(digest)

    monkeypatch.setattr(world.packages, "unpacked", delete_first)
    await world.activator.settle(world.key())
    assert await world.store.function(world.key()) is None


async def test_a_version_deleted_meanwhile_is_no_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.active()
    await world.call("PublishVersion", FunctionName="hello")
    unpacked = world.packages.unpacked

    async def delete_first(digest: str):
        await world.store.delete_version(world.key(), "1")
        return await unpacked(digest)

    monkeypatch.setattr(world.packages, "unpacked", delete_first)
    await world.activator.settle(world.key())
    assert await world.store.version(world.key(), "1") is None


async def test_a_full_disk_fails_the_update_with_a_reason_that_tells_no_paths(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create()

    async def full(_digest: str):
        raise OSError(28, "No space left on device", "/secret/place")

    monkeypatch.setattr(world.packages, "unpacked", full)
    await world.activate()
    now = await world.configuration()
    assert (now["State"], now["StateReasonCode"]) == ("Failed", "InternalError")
    assert "/secret" not in now["StateReason"]


async def test_trouble_with_one_function_is_tried_again_and_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation, "_RETRY_SECONDS", 0.0)
    unpacked = world.packages.unpacked
    failures = iter([RuntimeError("first"), RuntimeError("second")])

    async def sometimes(digest: str):
        if (failure := next(failures, None)) is not None:
            raise failure
        return await unpacked(digest)

    monkeypatch.setattr(world.packages, "unpacked", sometimes)
    async with running(world):
        await world.create("one")
        await world.create("two")
        await until_state(world, "Active", "one")
        await until_state(world, "Active", "two")


async def test_settled_versions_are_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.active()
    for timeout in range(10, 15):
        await world.configure(Timeout=timeout)
        await world.publish()
    asked: list[int | None] = []
    versions = world.store.versions

    async def watched(key, *, after, limit):
        asked.append(after)
        return await versions(key, after=after, limit=limit)

    monkeypatch.setattr(world.store, "versions", watched)
    await world.activator.settle(world.key())
    assert asked == [5]


async def test_every_unsettled_state_of_a_function_is_left_settled(world: World) -> None:
    await world.create(Publish=True)
    await world.activate()
    function = await world.store.function(world.key())
    version = await world.store.version(world.key(), "1")
    assert function.latest.state is version.state is State.ACTIVE
    assert await world.store.unsettled() == []
