"""The benchmark's load generator: it notices every reply that is not the right one, whatever the server does."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httptools
import pytest

from bench import load
from bench.peers import echo, process
from bench.presigned import Prepared, Target, echoes, invocation, signed
from bench.replies import WrongReply, check, parse

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"


@contextmanager
def answering(reply: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server on one port that answers each received request by `reply`; an empty one closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, reply), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(listener: socket.socket, reply: Callable[[bytes], bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_converse, args=(connection, reply), daemon=True).start()


def _converse(connection: socket.socket, reply: Callable[[bytes], bytes]) -> None:
    # A client that met a wrong reply hangs up at once, with or without reading the rest.
    with connection, suppress(ConnectionError):
        while request := connection.recv(65536):
            answer = reply(request)
            if not answer:
                return
            connection.sendall(answer)


def one(port: int):
    return load.one_at_a_time(port, echoes(Target(port=port, function="f"), 3), count=5, seconds=20)


def many(port: int):
    return load.many_at_once(port, echoes(Target(port=port, function="f"), 3), clients=4, count=5, seconds=20)


WRONG = {
    "another invocation's result": HEAD + b'{"n":9}',
    "a function error": b"HTTP/1.1 200 OK\r\nX-Amz-Function-Error: Unhandled\r\nContent-Length: 7\r\n\r\n" + b'{"n":0}',
    "a throttle": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}",
    "not HTTP": b"hello\r\n\r\n",
    "a closed connection": b"",
}


@pytest.mark.parametrize("generator", [one, many])
@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_reply_ends_the_run(generator, answer: bytes) -> None:
    with answering(lambda _: answer) as port, pytest.raises(WrongReply):
        generator(port)


@pytest.mark.parametrize("generator", [one, many])
def test_every_invocation_has_one_latency(generator, tmp_path: Path) -> None:
    with echo.running(tmp_path) as target:
        seen = generator(target.port)
    assert len(seen.latencies) == 5
    assert seen.rate > 0


def test_a_run_ends_when_its_time_is_over(tmp_path: Path) -> None:
    with echo.running(tmp_path) as target:
        prepared = echoes(target, 3)
        assert len(load.one_at_a_time(target.port, prepared, count=100, seconds=0).latencies) == 1
        assert len(load.many_at_once(target.port, prepared, clients=4, count=100, seconds=-1).latencies) == 0


def test_a_reply_may_come_in_pieces() -> None:
    whole = HEAD + b'{"n":0}'
    assert all(parse(whole[:end]) is None for end in range(len(whole)))
    reply = parse(whole)
    assert reply is not None
    assert (reply.status, reply.body, reply.header(b"content-type"), reply.header(b"none")) == (
        200,
        b'{"n":0}',
        b"application/json",
        None,
    )


def test_a_chunked_reply_is_put_together() -> None:
    whole = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"n\r\n4;x=y\r\n":0}\r\n0\r\n\r\n'
    assert all(parse(whole[:end]) is None for end in range(len(whole)))
    reply = parse(whole)
    assert reply is not None
    check(reply, Prepared(request=b"", accepted=frozenset({b'{"n":0}'})))


def test_more_than_one_reply_is_refused() -> None:
    with pytest.raises(WrongReply):
        parse(HEAD + b'{"n":0}' + HEAD)


def test_a_prepared_request_is_a_whole_signed_invoke() -> None:
    seen = {}

    class Reader:
        def on_header(self, name: bytes, value: bytes) -> None:
            seen[name.decode().lower()] = value.decode()

        def on_url(self, url: bytes) -> None:
            seen["path"] = url.decode()

        def on_body(self, body: bytes) -> None:
            seen["body"] = body.decode()

    prepared = invocation(Target(port=4566, function="f"), {"n": 1}, {"n": 1})
    httptools.HttpRequestParser(Reader()).feed_data(prepared.request)
    assert seen["path"] == "/2015-03-31/functions/f/invocations"
    assert seen["body"] == '{"n":1}'
    assert seen["host"] == "127.0.0.1:4566"
    assert "AWS4-HMAC-SHA256 Credential=test/" in seen["authorization"]
    assert "/us-east-1/lambda/aws4_request" in seen["authorization"]
    assert prepared.accepted == {b'{"n":1}', b'{"n": 1}'}


def test_a_signed_get_has_no_body() -> None:
    assert signed("GET", 1, "/2015-03-31/functions/").endswith(b"\r\n\r\n")


def test_a_peer_that_does_not_start_says_so_with_its_log(tmp_path: Path) -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('no such thing')")
    opening = process.server(
        failing, port=process.free_port(), folder=tmp_path, environment=process.clean_environment(), name="peer"
    )
    with pytest.raises(process.StartFailed, match="no such thing"), opening:
        pytest.fail("it did not start")


def test_a_stopped_peer_leaves_nothing_listening(tmp_path: Path) -> None:
    with echo.running(tmp_path) as target:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", target.port), timeout=5)


def test_the_peers_do_not_inherit_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "LAMBENT_PORT", "PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "x")
    assert set(process.clean_environment(PYTHONPATH="theirs").items()) >= {("PYTHONPATH", "theirs")}
    assert not {"AWS_PROFILE", "LAMBENT_PORT", "VIRTUAL_ENV"} & set(process.clean_environment())


async def test_the_echo_server_answers_requests_that_come_in_pieces(tmp_path: Path) -> None:
    with echo.running(tmp_path) as target:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        request = invocation(target, {"n": 5}, {"n": 5}).request
        for at in range(0, len(request), 50):
            writer.write(request[at : at + 50])
            await writer.drain()
        async with asyncio.timeout(10):
            data = b""
            while (reply := parse(data)) is None:
                data += await reader.read(1000)
        writer.close()
        await writer.wait_closed()
    assert reply.body == b'{"n":5}'
