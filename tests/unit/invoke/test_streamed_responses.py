"""Responses that a runtime streams: read as they are produced, held back by a slow reader, ended by errors, limits and deadlines."""

import asyncio
import json

import pytest

from lambent.core.environment import Exit
from lambent.core.errors import ResourceNotFound
from lambent.core.invocation import InvocationStatus
from lambent.invoke.response_stream import HELD_BYTES
from lambent.invoke.streamed_invoke import StreamedInvoke
from lambent.testing.runtime_client import Streamed
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import World, document
from tests.unit.streaming_source import Source, read_all, streaming

PIECE = 64 * 1024
IN_FLIGHT_BYTES = HELD_BYTES + 2 * 1024 * 1024
"""What may be on its way besides: both socket buffers and one read."""


async def test_each_piece_is_there_before_the_function_makes_the_next(world: World) -> None:
    await world.create()
    source = Source(b"one", b"two", b"three")
    streaming(world, source, "text/plain")
    source.allowed.release()
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert (started.begun, started.content_type, started.executed_version) == (True, "text/plain", "$LATEST")
    for piece in (b"one", b"two", b"three"):
        assert not source.ended
        assert await started.read() == piece
        source.allowed.release()
    assert await started.read() == b""
    result = await started.result()
    assert (result.outcome.status, result.outcome.payload, started.error_code) == (InvocationStatus.SUCCESS, b"", "")
    await started.aclose()


async def test_a_reader_who_does_not_read_holds_the_runtime_up_and_not_the_servers_memory(world: World) -> None:
    await world.create(timeout=900)
    source = Source(*[bytes([n % 251]) * PIECE for n in range(320)])
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    await asyncio.sleep(60)
    assert source.sent < IN_FLIGHT_BYTES
    assert await read_all(started) == b"".join(source.pieces)
    assert (await started.result()).outcome.status is InvocationStatus.SUCCESS
    await started.aclose()


async def test_when_the_reader_is_gone_the_function_runs_to_its_end(world: World) -> None:
    await world.create(timeout=900)
    source = Source(*[bytes(PIECE)] * 320)
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    await started.read()
    await started.aclose()
    await asyncio.sleep(1)
    assert source.ended
    assert world.log()[-1].startswith("REPORT")
    assert len(world.used) == 1


async def test_a_response_that_is_read_slowly_does_not_hold_up_the_next_invocation(world: World) -> None:
    await world.create(timeout=900)
    source = Source(bytes(HELD_BYTES), b"end")
    source.free = True
    streamed = Streamed(pieces=aiter(source))
    world.provider.script = Script(behaviour=lambda event, context: event if event == b"2" else streamed)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    await asyncio.sleep(1)
    assert source.ended
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"
    assert len(world.used) == 1
    assert len(await read_all(started)) == HELD_BYTES + 3
    await started.aclose()


async def test_an_error_midway_is_the_outcome_and_keeps_the_runtimes_own_name(world: World) -> None:
    await world.create()
    source = Source(b"half", failure=ValueError("midway"))
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request(log_tail=True))
    assert await read_all(started) == b"half"
    result = await started.result()
    assert document(result) == {"errorType": "ValueError", "errorMessage": "midway"}
    assert (result.outcome.status, started.error_code) == (InvocationStatus.FAILURE, "ValueError")
    assert b"REPORT" in result.log_tail
    await started.aclose()


async def test_a_deadline_midway_ends_the_response(world: World) -> None:
    await world.create(timeout=3)
    source = Source(b"half", b"never")
    source.allowed.release()
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert await read_all(started) == b"half"
    assert (await started.result()).outcome.status is InvocationStatus.TIMEOUT
    assert started.error_code == "Sandbox.Timedout"
    await started.aclose()


async def test_a_deadline_passes_also_while_the_runtime_is_held_up(world: World) -> None:
    await world.create(timeout=3)
    source = Source(*[bytes(PIECE)] * 320)
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    await asyncio.sleep(10)
    received = await read_all(started)
    assert 0 < len(received) < IN_FLIGHT_BYTES
    assert (await started.result()).outcome.status is InvocationStatus.TIMEOUT
    await started.aclose()


async def test_a_runtime_that_dies_midway_is_told(world: World) -> None:
    await world.create()

    async def half():
        yield b"half"
        await asyncio.sleep(1)
        world.sandbox.die(Exit(code=3))
        await asyncio.sleep(1)
        yield b"never"

    world.provider.script = Script(behaviour=lambda event, context: Streamed(pieces=half()))
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert await read_all(started) == b"half"
    assert "exit status 3" in document(await started.result())["errorMessage"]
    assert started.error_code == "Runtime.ExitError"
    await started.aclose()


async def test_a_response_over_the_limit_is_cut_off_at_it(world: World) -> None:
    await world.create()
    source = Source(*[bytes(100)] * 30)
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request(), limit=1050)
    assert len(await read_all(started)) == 1050
    result = await started.result()
    assert started.error_code == "Function.ResponseSizeTooLarge"
    assert document(result)["errorMessage"] == "Response payload size exceeded maximum allowed payload size (1050 bytes)."
    await started.aclose()
    await asyncio.sleep(1)
    assert source.ended
    assert (await world.invoke()).outcome.status is InvocationStatus.SUCCESS
    assert len(world.used) == 1


async def test_a_response_of_exactly_the_limit_is_whole(world: World) -> None:
    await world.create()
    source = Source(*[bytes(100)] * 10)
    source.free = True
    streaming(world, source)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request(), limit=1000)
    assert len(await read_all(started)) == 1000
    assert (await started.result()).outcome.status is InvocationStatus.SUCCESS
    await started.aclose()


async def test_a_buffered_function_is_read_the_same_way(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, context: b'"' + b"x" * 300_000 + b'"')
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert (started.begun, started.content_type) == (False, "application/json")
    assert len(await read_all(started)) == 300_002
    assert (await started.result()).outcome.status is InvocationStatus.SUCCESS
    await started.aclose()


async def test_a_function_error_before_the_first_byte_has_no_body(world: World) -> None:
    await world.create()

    def failing(event, context):
        raise ValueError("no")

    world.provider.script = Script(behaviour=failing)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert await read_all(started) == b""
    assert document(await started.result())["errorMessage"] == "no"
    assert (started.begun, started.error_code) == (False, "")
    await started.aclose()


async def test_what_keeps_an_invocation_from_running_is_raised_at_the_start(world: World) -> None:
    with pytest.raises(ResourceNotFound):
        await StreamedInvoke.start(world.invoker.invoke, world.request("nobody"))


async def test_a_streaming_function_under_a_plain_invoke_is_collected(world: World) -> None:
    await world.create()
    source = Source(b'{"a":', b"1}")
    source.free = True
    streaming(world, source)
    outcome = (await world.invoke()).outcome
    assert (outcome.status, outcome.payload) == (InvocationStatus.SUCCESS, b'{"a":1}')


async def test_what_is_collected_is_held_to_the_limit_of_a_response_in_one_piece(world: World) -> None:
    await world.create()
    source = Source(*[bytes(PIECE)] * 96, bytes(101))
    source.free = True
    streaming(world, source)
    assert document(await world.invoke())["errorMessage"].endswith("(6291556 bytes).")
    assert (await world.invoke()).outcome.error_type == "Function.ResponseSizeTooLarge"
    assert len(world.used) == 1


async def test_a_collected_response_that_fails_midway_is_an_error(world: World) -> None:
    await world.create()
    source = Source(b"half", failure=ValueError("midway"))
    source.free = True
    streaming(world, source)
    result = await world.invoke()
    assert json.loads(result.outcome.payload)["errorMessage"] == "midway"
    assert result.outcome.error_type == "Runtime.Unknown"


async def test_a_content_type_that_no_header_can_carry_is_not_kept(world: World) -> None:
    await world.create()
    source = Source(b"x")
    source.free = True
    streaming(world, source, "text/plain\r\nX-Forged: 1")
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert started.content_type == "application/octet-stream"
    await started.aclose()


async def test_a_response_that_never_ends_is_a_time_out_for_its_caller(world: World) -> None:
    await world.create(timeout=2)
    world.provider.script = Script(behaviour=lambda event, context: SILENCE)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert not started.begun
    assert (await started.result()).outcome.status is InvocationStatus.TIMEOUT
    await started.aclose()


async def test_the_response_ends_for_its_reader_when_it_is_whole_and_the_invocation_when_the_function_is_done(
    world: World,
) -> None:
    await world.create(timeout=900)
    going_on = asyncio.Event()
    source = Source(b"all")
    source.free = True
    world.provider.script = Script(behaviour=lambda event, context: Streamed(pieces=aiter(source), afterwards=going_on.wait()))
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert await read_all(started) == b"all"
    assert started.whole
    await asyncio.sleep(10)
    assert not world.log()[-1].startswith("REPORT")
    going_on.set()
    assert (await started.result()).outcome.status is InvocationStatus.SUCCESS
    assert "Duration: 10000" in world.log()[-1]
    await started.aclose()


async def test_what_goes_wrong_after_a_whole_response_is_in_the_log_and_not_in_the_response(world: World) -> None:
    await world.create(timeout=3)
    source = Source(b"all")
    source.free = True
    never = asyncio.Event().wait()
    world.provider.script = Script(behaviour=lambda event, context: Streamed(pieces=aiter(source), afterwards=never))
    started = await StreamedInvoke.start(world.invoker.invoke, world.request())
    assert await read_all(started) == b"all"
    assert (await started.result()).outcome.status is InvocationStatus.TIMEOUT
    assert started.error_code == ""
    assert world.log()[-1].endswith("Status: timeout")
    await started.aclose()
