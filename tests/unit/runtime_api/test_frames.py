"""The frame protocol's server side against honest and hostile clients."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.environment import Exit
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.runtime_api.frames import Breach, FrameReader
from lambent.testing.sandbox import SILENCE, Raw, Script, frame
from tests.unit.invoke_world import TENANCY, World, document


class Collector:
    def __init__(self) -> None:
        self.frames = []
        self.oversized = []

    def on_frame(self, kind, data, start, end) -> None:
        self.frames.append((bytes([kind]), bytes(data[start:end])))

    def on_oversized(self, request_id) -> None:
        self.oversized.append(request_id)


FRAMES = st.lists(
    st.tuples(st.sampled_from((b"S", b"E", b"X")), st.binary(max_size=300)) | st.sampled_from(((b"H", b""), (b"R", b""))),
    max_size=10,
)


@given(FRAMES, st.data())
def test_frames_come_out_whole_however_the_stream_is_cut(frames, data) -> None:
    stream = b"".join(frame(kind, body) for kind, body in frames)
    sink = Collector()
    reader, at = FrameReader(sink), 0
    while at < len(stream):
        size = data.draw(st.integers(1, 400))
        reader.feed(stream[at : at + size])
        at += size
    assert sink.frames == frames


@given(st.lists(st.binary(min_size=1, max_size=100), max_size=20))
def test_any_bytes_are_frames_or_a_breach(pieces) -> None:
    reader = FrameReader(Collector())
    try:
        for piece in pieces:
            reader.feed(piece)
    except Breach:
        pass


@pytest.mark.parametrize(
    "stream",
    [
        b"\x00\x00\x00\x00S",
        b"\x00\x00\x00\x02H1",
        b"\xff\xff\xff\xffH",
        b"\x7f\xff\xff\xffX",
        b"\x00\x00\x00\x01Z",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_illegal_lengths_and_kinds_are_a_breach(stream: bytes) -> None:
    with pytest.raises(Breach):
        FrameReader(Collector()).feed(stream)


@pytest.mark.parametrize("cut", [1, 7, 41, 65536])
def test_an_oversized_response_is_thrown_away_in_bounded_memory_and_the_stream_goes_on(cut: int) -> None:
    sink = Collector()
    reader = FrameReader(sink)
    size = 9_000_000
    body = b"i" * 36 + b"x" * (size - 36)
    stream = struct.pack(">IB", size + 1, ord("S")) + body + frame(b"R")
    for at in range(0, min(len(stream), 300 * cut), cut):
        reader.feed(stream[at : at + cut])
        assert len(reader._buffer) < 100_000
    rest = 300 * cut
    while rest < len(stream):
        reader.feed(stream[rest : rest + 65536])
        assert len(reader._buffer) < 100_000
        rest += 65536
    assert sink.oversized == [b"i" * 36]
    assert sink.frames == [(b"R", b"")]


def test_four_gibibytes_are_never_held() -> None:
    reader = FrameReader(Collector())
    reader.feed(struct.pack(">IB", 0xFFFFFFFF, ord("E")))
    for _ in range(200):
        reader.feed(b"x" * 65536)
        assert len(reader._buffer) < 100_000


async def test_a_response_over_the_limit_is_an_error_and_the_environment_lives_on(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, _: bytes(RESPONSE_PAYLOAD_BYTES + 1) if event == b"1" else event)
    result = await world.invoke(payload=b"1")
    assert document(result) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"
    assert len(world.used) == 1


async def test_the_largest_payloads_pass_both_ways(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, _: event + bytes(100))
    payload = bytes(6 * 1024 * 1024)
    result = await world.invoke(payload=payload)
    assert result.outcome.payload == payload + bytes(100)


async def test_a_client_that_never_reads_a_large_event_times_out(world: World) -> None:
    await world.create(timeout=5)

    def freeze_itself(event, context):
        world.sandbox._client.pause()
        return SILENCE

    world.provider.script = Script(behaviour=freeze_itself)
    assert document(await world.invoke(payload=bytes(6_000_000)))["errorType"] == "Sandbox.Timedout"


async def test_answering_twice_late_and_for_others_changes_nothing(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        mine, other = context.request_id.encode(), b"f" * 36
        return Raw(
            frame(b"S", other + b"forged")
            + frame(b"S", mine + event)
            + frame(b"S", mine + b"again")
            + frame(b"E", mine + b"\x01E{}")
        )

    world.provider.script = Script(behaviour=behaviour)
    for payload in (b"1", b"2", b"3"):
        assert (await world.invoke(payload=payload)).outcome.payload == payload
    assert len(world.used) == 1


async def test_a_flood_of_stray_answers_ends_the_environment(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, _: Raw(frame(b"S", b"f" * 36) * 1000) if event == b"1" else event)
    assert document(await world.invoke(payload=b"1"))["errorType"] == "Runtime.Unknown"
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"


@pytest.mark.parametrize(
    "stream",
    [
        frame(b"H"),
        frame(b"R"),
        frame(b"X", b"\x01E{}"),
        frame(b"S", b"short"),
        frame(b"E", b"i" * 36 + b"\xffshort"),
        frame(b"E", b"i" * 36),
        frame(b"V", b"forged"),
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff\xff",
    ],
)
async def test_forged_frames_in_an_invocation_end_only_their_own_environment(world: World, stream: bytes) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, _: Raw(stream + bytes(8)) if event == b"1" else event)
    result = await world.invoke(payload=b"1")
    assert result.outcome.function_error == "Unhandled"
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"


async def test_forged_frames_while_blank_cost_a_blank_and_nothing_else(world: World) -> None:
    world.provider.script = Script(start=Raw(frame(b"R") + frame(b"S", b"f" * 36)))
    await world.create()
    result = await world.invoke()
    assert document(result)["errorType"] in ("Runtime.ExitError", "Runtime.Unknown")
    world.provider.script = Script()
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"


async def test_a_second_hello_during_init_is_answered_by_a_second_init(world: World) -> None:
    await world.create()
    said = []

    def init(environment, handler):
        said.append(handler)
        return Raw(frame(b"H")) if len(said) == 1 else None

    world.provider.script = Script(init=init)
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"
    assert said == ["app.handler", "app.handler"]


async def test_a_client_that_never_says_hello_is_an_init_time_out(world: World) -> None:
    await world.create(timeout=1)
    world.provider.script = Script(start=SILENCE)
    assert document(await world.invoke())["errorType"] == "Sandbox.Timedout"
    assert "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout" in world.log()


async def test_a_nul_in_a_context_field_cannot_shift_the_others(world: World) -> None:
    await world.create(settings=TENANCY)
    seen = []
    world.provider.script = Script(behaviour=lambda event, context: seen.append(context) or event)
    await world.invoke(client_context='{"a":"\0"}', tenant_id="t")
    assert (seen[0].client_context, seen[0].tenant_id) == ('{"a":""}', "t")


async def test_a_runtime_that_exits_after_its_answer_still_answered(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        world.sandbox._client._loop.call_later(0.001, world.sandbox.die, Exit(code=0))
        return event

    world.provider.script = Script(behaviour=behaviour)
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"
