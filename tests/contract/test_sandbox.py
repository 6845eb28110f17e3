"""The contract of SandboxProvider and Sandbox, over every isolation level and the fake: life, exits, storage."""

import asyncio
import os

import pytest

from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault
from tests.contract.sandbox_world import World, exit_of


async def test_an_assigned_sandbox_greets_loads_and_answers(world: World) -> None:
    inside = await world.started()
    assert await inside.run("result = 'done'") == "done"
    assert await inside.run("result = 'done'") == "done"


async def test_what_the_function_prints_arrives_on_the_output(world: World) -> None:
    inside = await world.started()
    await inside.run("print('hello there')\nresult = 'done'")
    assert b"hello there" in os.read(inside.sandbox.output, 1 << 16)


async def test_descriptors_never_block(world: World) -> None:
    inside = await world.started()
    sandbox = inside.sandbox
    assert sandbox.channel.gettimeout() == 0
    for descriptor in (sandbox.output, sandbox.telemetry):
        assert not os.get_blocking(descriptor)
    assert sandbox.runtime_api.gettimeout() == 0
    with pytest.raises(BlockingIOError):
        sandbox.runtime_api.accept()


async def test_sandboxes_have_different_identifiers_and_channels(world: World) -> None:
    sandboxes = await asyncio.gather(*(world.blank() for _ in range(4)))
    assert len({each.identifier for each in sandboxes}) == 4
    assert len({each.channel.fileno() for each in sandboxes}) == 4


async def test_a_sandbox_is_assigned_once(world: World) -> None:
    inside = await world.started()
    with pytest.raises(SandboxFault, match="once"):
        await inside.sandbox.assign(world.workload(await world.provider.temporary_storage(512)))


async def test_a_destroyed_sandbox_cannot_be_assigned(world: World) -> None:
    sandbox = await world.blank()
    await sandbox.destroy()
    with pytest.raises(SandboxFault):
        await sandbox.assign(world.workload(await world.provider.temporary_storage(512)))


async def test_an_exit_is_told_with_its_status(world: World) -> None:
    inside = await world.started()
    inside.submit("import os; os._exit(3)")
    assert await exit_of(inside.sandbox) == Exit(code=3)


async def test_a_death_by_signal_is_told_with_its_number(world: World) -> None:
    inside = await world.started()
    inside.submit("import os; os.kill(os.getpid(), 9)")
    assert await exit_of(inside.sandbox) == Exit(signal=9)


async def test_exited_is_done_when_a_sandbox_has_been_destroyed(world: World) -> None:
    inside = await world.started()
    assert not inside.sandbox.exited.done()
    await inside.sandbox.destroy()
    assert inside.sandbox.exited.done()


async def test_destroy_may_come_at_any_time_and_more_than_once(world: World) -> None:
    blank, inside = await world.blank(), await world.started()
    inside.sandbox.freeze()
    await asyncio.gather(*(each.destroy() for each in (blank, inside.sandbox) * 3))
    await blank.destroy()
    for sandbox in (blank, inside.sandbox):
        assert sandbox.exited.done()


async def test_gauges_of_a_destroyed_sandbox_are_harmless(world: World) -> None:
    sandbox = (await world.started()).sandbox
    await sandbox.destroy()
    sandbox.freeze()
    sandbox.thaw()
    assert sandbox.memory_peak_mib() >= 0
    assert sandbox.was_out_of_memory() is False


async def test_a_frozen_function_answers_after_it_was_thawed(world: World) -> None:
    inside = await world.started()
    inside.sandbox.freeze()
    inside.sandbox.freeze()
    inside.submit("result = 'done'")
    answer = asyncio.create_task(inside.answer())
    done, _ = await asyncio.wait({answer}, timeout=0.2)
    assert not done
    inside.sandbox.thaw()
    assert await answer == "done"


async def test_release_of_a_storage_may_come_twice(world: World) -> None:
    storage = await world.provider.temporary_storage(512)
    await world.provider.release(storage)
    await world.provider.release(storage)


async def test_storages_are_different_ones(world: World) -> None:
    storages = [await world.provider.temporary_storage(512) for _ in range(3)]
    assert len({each.identifier for each in storages}) == 3
    assert {each.size_mib for each in storages} == {512}
