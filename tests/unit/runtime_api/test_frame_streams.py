"""Streamed responses on the frame channel: what breaks the protocol ends the environment, what is refused is thrown away."""

import pytest

from lambent.invoke.streamed_invoke import StreamedInvoke
from lambent.testing.sandbox import Raw, Script
from tests.unit.invoke_world import World, document


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([b"D" + b"stray"], id="a piece of nothing"),
        pytest.param([b"F"], id="the end of nothing"),
        pytest.param([b"B%b", b"B%b"], id="two beginnings"),
        pytest.param([b"B" + b"short"], id="no request id"),
        pytest.param([b"B%b" + b"x" * 2000], id="an endless content type"),
        pytest.param([b"B%b", b"D" + bytes(1024 * 1024 + 1)], id="a piece that is too large"),
        pytest.param([b"B%b", b"F" + b"\xffabc"], id="an error type longer than its frame"),
        pytest.param([b"B%b", b"R"], id="ready in the middle"),
        pytest.param([b"B%b", b"F", b"F"], id="two ends"),
        pytest.param([b"B%b", b"F", b"D" + b"late"], id="a piece after the end"),
    ],
)
async def test_frames_out_of_order_end_the_environment_and_only_it(world: World, frames: list[bytes]) -> None:
    await world.create(timeout=5)

    def behaviour(event, context):
        if event != b'"hostile"':
            return event
        bodies = [each.replace(b"%b", context.request_id.encode()) for each in frames]
        return Raw(b"".join(len(each).to_bytes(4, "big") + each for each in bodies))

    world.provider.script = Script(behaviour=behaviour)
    started = await StreamedInvoke.start(world.invoker.invoke, world.request(payload=b'"hostile"'))
    while await started.read():
        pass
    assert "The runtime broke the frame protocol" in document(await started.result())["errorMessage"]
    await started.aclose()
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"


async def test_a_stream_for_another_request_is_thrown_away(world: World) -> None:
    await world.create(timeout=5)

    def behaviour(event, context):
        wrong = [b"B" + b"f" * 36, b"D" + b"forged", b"F"]
        right = [b"S" + context.request_id.encode() + b"1"]
        return Raw(b"".join(len(each).to_bytes(4, "big") + each for each in wrong + right))

    world.provider.script = Script(behaviour=behaviour)
    assert (await world.invoke()).outcome.payload == b"1"
    assert (await world.invoke()).outcome.payload == b"1"


async def test_while_a_response_streams_nothing_else_answers(world: World) -> None:
    await world.create(timeout=5)

    def behaviour(event, context):
        identifier = context.request_id.encode()
        all_frames = [
            b"B" + identifier,
            b"D" + b"a",
            b"S" + identifier + b"forged",
            b"E" + identifier + b"\0{}",
            b"D" + b"b",
            b"F",
            b"R",
        ]
        return Raw(b"".join(len(each).to_bytes(4, "big") + each for each in all_frames))

    world.provider.script = Script(behaviour=behaviour)
    assert (await world.invoke()).outcome.payload == b"ab"
