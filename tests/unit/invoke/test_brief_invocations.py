"""What a burst of brief invocations is spared must not be seen in its reports and logs."""

import asyncio
import os

from lambent.core.ports import Exit
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World


async def peak(world: World, **more) -> int:
    report = (await world.invoke(log_tail=True, **more)).log_tail.decode().splitlines()[-1]
    return int(report.partition("Max Memory Used: ")[2].partition(" MB")[0])


async def test_the_first_report_of_an_environment_has_its_peak(world: World) -> None:
    await world.create()
    world.provider.script = Script(init=lambda environment, handler: setattr(world.sandbox, "memory_peak", 31))
    assert await peak(world) == 31


async def test_in_a_burst_the_peak_is_at_most_25_ms_old(world: World) -> None:
    await world.create()
    first = await peak(world)
    world.sandbox.memory_peak = 60
    assert await peak(world) == first
    await asyncio.sleep(0.026)
    assert await peak(world) == 60


async def test_after_an_invocation_of_more_than_5_ms_the_peak_is_read_anew(world: World) -> None:
    await world.create()

    async def behaviour(event, context):
        await asyncio.sleep(0.006 if event == b"1" else 0)
        return event

    world.provider.script = Script(behaviour=behaviour)
    first = await peak(world)
    world.sandbox.memory_peak = 61
    assert await peak(world, payload=b"0") == first
    assert await peak(world, payload=b"1") == 61


async def test_the_report_of_a_runtime_that_died_has_the_last_peak(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, context: Exit(code=1) if event == b"1" else event)
    await peak(world)
    world.sandbox.memory_peak = 62
    assert await peak(world, payload=b"1") == 62


async def test_output_of_any_size_is_in_the_log_of_its_own_invocation(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        os.write(context.output, b"x" * int(event))
        return event

    world.provider.script = Script(behaviour=behaviour)
    await world.invoke(payload=b"0")
    for size in (1, 8191, 8192, 8193, 3 * 8192, 60000):
        tail = (await world.invoke(payload=b"%d" % size, log_tail=True)).log_tail
        assert tail.count(b"x") >= min(size, 3000)
    assert [len(line) for line in world.log() if line.startswith("x")] == [1, 8191, 8192, 8193, 3 * 8192, 60000]


async def test_a_busy_environment_is_frozen_5_ms_after_its_last_invocation_not_its_first(world: World) -> None:
    await world.create()
    for _ in range(3):
        await world.invoke()
        await asyncio.sleep(0.003)
    assert world.sandbox.freezes == 0
    await asyncio.sleep(0.001)
    assert world.sandbox.freezes == 0
    await asyncio.sleep(0.002)
    assert world.sandbox.frozen
