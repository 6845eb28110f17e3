"""Streaming handlers of the Node client: pieces as they are written, back-pressure, failures before, amid and after the response."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import PATIENCE, Client

STREAMS = {
    "chunks": ("stream.write('a'); stream.write(Buffer.from('b')); stream.write({ c: 1 }); stream.end('d')", b'ab{"c":1}d'),
    "a pipeline": (
        "await require('util').promisify(require('stream').pipeline)(require('stream').Readable.from(['x', 'y']), stream)",
        b"xy",
    ),
    "http": (
        "stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); stream.write('body'); stream.end()",
        b'{"statusCode":201}' + bytes(8) + b"body",
    ),
    "later": ("setTimeout(() => stream.end('late'), 20)", b"late"),
    "nothing": ("stream.end()", b""),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_streaming_handler_s_stream_is_the_response(run_node: Callable[..., Client], name: str) -> None:
    statement, expected = STREAMS[name]
    client = run_node(
        f"exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {{ {statement} }})"
    ).start()
    assert [client.invoke({}).body for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("async (e, s) => { s.write('a'); throw new RangeError('mid') }", "RangeError", "mid"),
        ("(e, s) => { s.write('a') }", "string", "Streaming does not support non-async handlers."),
        ("async (e, s) => { s.write('a'); s.destroy() }", "Runtime.TruncatedResponse", "Response payload is truncated"),
        ("async (e, s) => { s.write('a'); s.destroy(new RangeError('gone')) }", "RangeError", "gone"),
        (
            "async (e, s) => { s.write('a'); s.setContentType('x') }",
            "Runtime.InvalidStreamingOperation",
            "Cannot set content-type, too late.",
        ),
    ],
)
def test_a_streaming_handler_that_fails_is_an_error(
    run_node: Callable[..., Client], is_modern: bool, source: str, error_type: str, message: str
) -> None:
    client = run_node(f"exports.handler = awslambda.streamifyResponse({source})").start()
    expected = "Error" if is_modern and error_type == "string" else error_type
    for _ in range(2):
        answer = client.invoke({})
        assert (answer.kind, answer.error_type, answer.pieces) == ("F", expected, (b"a",))
        assert (answer.document["errorType"], answer.document["errorMessage"]) == (expected, message)


def test_a_streaming_handler_that_fails_before_it_writes_answers_with_the_error_alone(run_node: Callable[..., Client]) -> None:
    source = "async (e, s) => { setTimeout(() => s.write('late'), 10); if (e) throw new RangeError('no'); s.end('fine') }"
    client = run_node(f"exports.handler = awslambda.streamifyResponse({source})").start()
    answer = client.invoke(1)
    assert (answer.kind, answer.error_type, answer.document["errorMessage"]) == ("E", "RangeError", "no")


def test_what_is_written_after_a_failure_goes_nowhere(run_node: Callable[..., Client]) -> None:
    source = """async (e, s) => {
      if (!e) return s.end('fine')
      const timer = setInterval(() => s.write('late'), 1)
      setTimeout(() => clearInterval(timer), 50)
      s.write('a')
      throw new Error('no')
    }"""
    client = run_node(f"exports.handler = awslambda.streamifyResponse({source})").start()
    assert client.invoke(1).pieces == (b"a",)
    time.sleep(0.1)
    assert client.invoke(None).pieces == (b"fine",)


def test_each_piece_is_sent_before_the_handler_writes_the_next(run_node: Callable[..., Client], tmp_path: Path) -> None:
    source = f"""
    const fs = require('fs')
    const until = async (name) => {{ while (!fs.existsSync('{tmp_path}/' + name)) await new Promise((go) => setTimeout(go, 5)) }}
    exports.handler = awslambda.streamifyResponse(async (event, stream) => {{
      stream.setContentType('text/plain')
      stream.write('one')
      await until('one')
      stream.write('two')
      await until('two')
      stream.end()
    }})"""
    client = run_node(source).start()
    request_id = client.submit({})
    assert client.receive() == ("B", request_id.encode() + b"text/plain")
    for name in ("one", "two"):
        assert client.receive() == ("D", name.encode())
        (tmp_path / name).touch()
    assert [client.receive() for _ in range(2)] == [("F", b""), ("R", b"")]


def test_the_response_ends_with_its_stream_and_the_invocation_with_the_handler(
    run_node: Callable[..., Client], tmp_path: Path
) -> None:
    source = f"""
    const fs = require('fs')
    exports.handler = awslambda.streamifyResponse(async (event, stream) => {{
      stream.end('all')
      while (!fs.existsSync('{tmp_path}/go')) await new Promise((go) => setTimeout(go, 5))
    }})"""
    client = run_node(source).start()
    client.submit({})
    assert [client.receive()[0] for _ in range(3)] == ["B", "D", "F"]
    client.channel.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.receive()
    client.channel.settimeout(PATIENCE)
    (tmp_path / "go").touch()
    assert client.receive() == ("R", b"")


def test_writes_wait_for_a_server_that_does_not_read(run_node: Callable[..., Client], tmp_path: Path) -> None:
    source = f"""
    const fs = require('fs')
    exports.handler = awslambda.streamifyResponse(async (event, stream) => {{
      for (let n = 0; n < 512; n++) {{
        if (!stream.write(Buffer.alloc(65536, n))) await new Promise((go) => stream.once('drain', go))
        fs.writeFileSync('{tmp_path}/written', String(n + 1))
      }}
      stream.end()
    }})"""
    client = run_node(source).start()
    client.submit({})
    written = tmp_path / "written"
    before = -1
    while (now := int(written.read_text() or 0) if written.exists() else 0) != before or not now:
        before = now
        time.sleep(0.3)
    assert now < 64
    answer = client.answer()
    assert answer.body == b"".join(bytes([n % 256]) * 65536 for n in range(512))


def test_a_large_piece_is_cut_into_frames(run_node: Callable[..., Client]) -> None:
    source = "exports.handler = awslambda.streamifyResponse(async (e, s) => s.end(Buffer.alloc(3 * 1024 * 1024, 7)))"
    answer = run_node(source).start().invoke({})
    assert answer.body == bytes([7]) * 3 * 1024 * 1024
    assert {len(piece) for piece in answer.pieces} == {256 * 1024}


def test_a_crash_in_the_middle_of_a_response_ends_the_process_without_another_answer(
    run_node: Callable[..., Client], is_modern: bool
) -> None:
    source = "async (e, s) => { s.write('a'); setTimeout(() => { throw new Error('crash') }, 20); await new Promise(() => {}) }"
    client = run_node(f"exports.handler = awslambda.streamifyResponse({source})").start()
    client.submit({})
    assert [client.receive()[0] for _ in range(2)] == ["B", "D"]
    with pytest.raises(EOFError):
        client.receive()
    assert client.wait() == (1 if is_modern else 129)
