"""How extensions are ended: who is told, which signals are sent, and how long each may take (facts E2, E3)."""

import asyncio
import signal

from lambent.core.environment import Exit
from lambent.core.invocation import InvocationStatus
from lambent.testing.extensions import FakeExtension
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.extended_world import extended, listening, settled
from tests.unit.invoke_world import START, World, document


async def test_a_time_out_shuts_the_extensions_down_with_its_reason_and_the_next_invocation_starts_them_anew(
    world: World,
) -> None:
    events, answers = [], [SILENCE, b"1"]
    world.provider.script = Script(behaviour=lambda *_: answers.pop(0))
    await extended(world, watcher=listening(events, "INVOKE", "SHUTDOWN"))
    result = await world.invoke()
    assert result.outcome.status is InvocationStatus.TIMEOUT
    assert world.clock.now() - START < 3.1  # the shutdown phase is not the caller's time
    await settled(world)
    assert [each["eventType"] for each in events] == ["INVOKE", "SHUTDOWN"]
    assert events[1]["shutdownReason"] == "timeout"
    assert events[1]["deadlineMs"] <= int((world.clock.now() + 2) * 1000)
    assert world.used[0].supervisor.signals[0] == signal.SIGTERM
    assert (await world.invoke()).outcome.status is InvocationStatus.SUCCESS
    await settled(world)
    assert [each["eventType"] for each in events] == ["INVOKE", "SHUTDOWN", "INVOKE"]


async def test_a_runtime_that_dies_shuts_the_extensions_down_as_a_failure(world: World) -> None:
    events = []
    world.provider.script = Script(behaviour=lambda *_: Exit(code=1))
    await extended(world, watcher=listening(events, "SHUTDOWN"))
    result = await world.invoke()
    assert document(result)["errorType"] == "Runtime.ExitError"
    await settled(world)
    assert [(each["eventType"], each["shutdownReason"]) for each in events] == [("SHUTDOWN", "failure")]
    assert world.used[0].supervisor.signals == []


async def test_an_environment_that_is_retired_spins_its_extensions_down(world: World) -> None:
    events = []
    await extended(world, watcher=listening(events, "SHUTDOWN"))
    await world.invoke()
    await settled(world)
    began = world.clock.now()
    (environment,) = world.plane._pool._environments
    await environment.destroy()
    assert [(each["shutdownReason"]) for each in events] == ["spindown"]
    assert world.clock.now() - began < 0.5
    assert world.used[0].destroyed


async def test_a_runtime_that_ignores_sigterm_is_killed_after_its_share_and_a_slow_extension_after_two_seconds(
    world: World,
) -> None:
    async def stubborn(extension: FakeExtension) -> int:
        await extension.register("SHUTDOWN")
        await extension.next()
        await asyncio.sleep(10_000)
        return 0

    await extended(world, stubborn=stubborn)
    await world.invoke()
    await settled(world)
    world.used[0].supervisor.ignores_sigterm = True
    began = world.clock.now()
    (environment,) = world.plane._pool._environments
    await environment.destroy()
    assert world.used[0].supervisor.signals == [signal.SIGTERM, signal.SIGKILL]
    assert round(world.clock.now() - began, 1) == 2.0


async def test_an_extension_that_did_not_register_for_shutdown_is_killed_at_once(world: World) -> None:
    await extended(world, deaf=listening([], "INVOKE"))
    await world.invoke()
    await settled(world)
    began = world.clock.now()
    (environment,) = world.plane._pool._environments
    await environment.destroy()
    assert world.clock.now() - began < 0.5


async def test_a_function_without_extensions_is_neither_signalled_nor_waited_for(world: World) -> None:
    await world.create()
    await world.invoke()
    (environment,) = world.plane._pool._environments
    assert environment.unfinished is None
    await environment.destroy()
    assert world.used[0].supervisor.signals == []
