"""Function output as log events, honest and hostile."""

import asyncio
import os
import struct

from hypothesis import given
from hypothesis import strategies as st

from lambent.invoke.output import LINE_BYTES, RECORD_BYTES, LineSplitter, OutputPipe, RecordSplitter
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World


def record(data: bytes, kind: int = 0xA55A0003, length: int | None = None) -> bytes:
    return struct.pack(">IIQ", kind, len(data) if length is None else length, 1) + data


def test_lines_are_events_however_they_are_cut() -> None:
    splitter = LineSplitter()
    events = [event for piece in (b"a", b"b\nc", b"\n\n", b"d") for event in splitter.feed(piece)]
    assert events == [b"ab", b"c", b""]
    assert splitter.flush() == b"d"
    assert splitter.flush() == b""


def test_a_line_without_end_becomes_several_events() -> None:
    splitter, events = LineSplitter(), []
    for _ in range(100):
        events += splitter.feed(b"x" * 8192)
    assert events
    assert all(len(event) <= LINE_BYTES + 8192 for event in events)
    assert sum(map(len, events)) + len(splitter.flush()) == 819200


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.data())
def test_records_are_whole_events_however_they_are_cut(records: list[bytes], data) -> None:
    kinds = [data.draw(st.sampled_from((0xA55A0002, 0xA55A0003, 0xA55A000A, 0xA55A001B))) for _ in records]
    stream = b"".join(record(each, kind) for each, kind in zip(records, kinds, strict=True))
    splitter, events, at = RecordSplitter(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 40))
        events += splitter.feed(stream[at : at + size])
        at += size
    assert events == records


@given(st.binary(max_size=200), st.binary(max_size=30))
def test_bytes_that_are_no_frames_are_kept_and_never_fatal(garbage: bytes, tail: bytes) -> None:
    splitter = RecordSplitter()
    splitter.feed(garbage)
    splitter.feed(tail)
    splitter.flush()


def test_plain_text_on_the_telemetry_pipe_is_text_and_framing_recovers() -> None:
    splitter = RecordSplitter()
    assert splitter.feed(b"hello\n" + record(b"framed")) == [b"hello", b"framed"]
    assert splitter.feed(b"rest") == [b"rest"]


def test_a_record_that_claims_four_gibibytes_takes_no_more_memory_than_one_event() -> None:
    splitter, events = RecordSplitter(), []
    splitter.feed(record(b"", length=0xFFFFFFFF))
    for _ in range(400):
        events += splitter.feed(b"x" * 8192)
        assert len(splitter._buffer) <= RECORD_BYTES + 8192
    assert all(len(event) == RECORD_BYTES for event in events)


async def test_a_function_that_prints_without_end_leaves_the_loop_to_others(tmp_path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    events = []
    pipe = OutputPipe(reading, LineSplitter(), events.append)
    for _ in range(50):
        try:
            while True:
                os.write(writing, b"\n" * 4096)
        except BlockingIOError:
            pass
        before = len(events)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(events) - before <= 3 * 8192
    assert not pipe.drain_now()
    pipe.close()
    pipe.close()
    os.close(reading)
    os.close(writing)


async def test_everything_printed_before_the_end_is_logged_before_the_end_line(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        os.write(context.output, b"line\n" * 13_000)
        return event

    world.provider.script = Script(behaviour=behaviour)
    await world.invoke()
    log = world.log()
    assert log.count("line") == 13_000
    assert log[-2].startswith("END")


async def test_closing_every_descriptor_is_survived(world: World) -> None:
    await world.create()
    world.provider.script = Script(
        behaviour=lambda event, context: os.dup2(os.open(os.devnull, os.O_WRONLY), context.output) and event
    )
    for _ in range(3):
        assert (await world.invoke(payload=b"1")).outcome.payload == b"1"
