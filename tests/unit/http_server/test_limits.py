"""What one connection, and all of them together, may use: bytes, memory, time."""

import asyncio
import socket

import pytest

from lambent.http import HttpLimits, HttpServer, Request, Response
from lambent.http import server as server_module

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def size(request: Request) -> Response:
    return Response(status=200, body=b"%d" % len(request.body))


def post(length: int, path: bytes = b"/") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (path, length)


async def test_a_head_over_the_limit_is_431_however_it_comes(serving) -> None:
    limits = HttpLimits(head_bytes=10_000, linger_seconds=0.01)
    async with serving(size, limits) as (_, client):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 20_000)
        assert (await client.reply())[0] == 431
        assert await client.ended()
    async with serving(size, HttpLimits(header_count=10, linger_seconds=0.01)) as (_, client):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 10 + b"\r\n")
        assert (await client.reply())[0] == 431


async def test_a_long_request_line_is_bounded_too(serving) -> None:
    async with serving(size, HttpLimits(head_bytes=10_000, linger_seconds=0.01)) as (_, client):
        client.send(b"GET /" + b"x" * 400_000)
        assert (await client.reply())[0] == 431


async def test_a_declared_body_over_the_limit_is_refused_at_the_head_and_the_connection_lives_on(serving) -> None:
    async with serving(size, HttpLimits(body_bytes=10)) as (_, client):
        client.send(post(11))
        assert (await client.reply())[0] == 413
        client.send(b"x" * 11 + post(10) + b"y" * 10)
        assert (await client.reply())[2] == b"10"


async def test_an_undeclared_body_over_the_limit_ends_the_connection(serving) -> None:
    async with serving(size, HttpLimits(body_bytes=10, linger_seconds=0.01)) as (_, client):
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n")
        assert (await client.reply())[0] == 413
        assert await client.ended()


async def test_trailers_count_towards_the_body(serving) -> None:
    async with serving(size, HttpLimits(body_bytes=100, linger_seconds=0.01)) as (_, client):
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 200 + b"\r\n\r\n")
        assert (await client.reply())[0] == 413


async def test_admit_decides_by_the_head_and_the_refused_body_is_thrown_away(serving) -> None:
    seen = []

    def admit(request: Request) -> int | Response:
        seen.append((request.path, request.content_length, request.body))
        return 5 if request.path == b"/small" else Response(status=402, body=b"no")

    async with serving(size, admit=admit) as (_, client):
        client.send(
            post(3, b"/small")
            + b"abc"
            + post(4, b"/other")
            + b"abcd"
            + post(6, b"/small")
            + b"abcdef"
            + post(5, b"/small")
            + b"abcde"
        )
        assert [(await client.reply())[::2] for _ in range(4)] == [(200, b"3"), (402, b"no"), (413, b""), (200, b"5")]
    assert seen[1] == (b"/other", 4, b"")


async def test_a_refused_body_without_end_ends_the_connection(serving) -> None:
    async with serving(size, HttpLimits(body_bytes=1, discard_bytes=1000, linger_seconds=0.01)) as (_, client):
        client.send(post(10_000_000))
        assert (await client.reply())[0] == 413
        client.send(b"x" * 2000)
        assert (await client.reply())[0] == 413
        assert await client.ended()


async def test_large_bodies_share_a_budget_that_is_given_back(serving, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "BODIES_IN_MEMORY_BYTES", 1_000_000)
    async with serving(size) as (server, client):
        client.send(post(900_000) + b"x" * 899_999)
        while server._budget.available == 1_000_000:
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection(*server._listeners[0].sockets[0].getsockname())
        writer.write(post(200_000))
        assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 503 Service Unavailable\r\n"
        writer.close()
        client.send(b"x")
        assert (await client.reply())[2] == b"900000"
        client.send(post(950_000) + b"x" * 950_000)
        assert (await client.reply())[2] == b"950000"
        client.send(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"30000\r\n" + b"x" * 0x30000 + b"\r\n" + b"30000\r\n" + b"x" * 0x30000 + b"\r\n0\r\n\r\n"
        )
        assert (await client.reply())[2] == b"%d" % (2 * 0x30000)
        assert server._budget.available == 1_000_000


async def test_a_budget_is_given_back_when_a_client_goes_away_midway(serving, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "BODIES_IN_MEMORY_BYTES", 1_000_000)
    async with serving(size) as (server, client), asyncio.timeout(10):
        client.send(post(900_000) + b"x" * 1000)
        while server._budget.available == 1_000_000:
            await asyncio.sleep(0)
        client.writer.close()
        while server._budget.available != 1_000_000:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: h\r\n"])
async def test_a_head_that_does_not_arrive_is_408(serving, begun) -> None:
    async with serving(size, HttpLimits(head_seconds=0.05, linger_seconds=0.01)) as (_, client):
        client.send(begun)
        assert (await client.reply())[0] == 408
        assert await client.ended()


async def test_drops_of_a_head_do_not_extend_its_deadline(serving) -> None:
    async with serving(size, HttpLimits(head_seconds=0.2, linger_seconds=0.01)) as (_, client):

        async def drip() -> None:
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
            while True:
                client.send(b"A: b\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.ensure_future(drip())
        assert (await client.reply())[0] == 408
        dripping.cancel()


async def test_a_body_that_does_not_arrive_is_408(serving) -> None:
    async with serving(
        size, HttpLimits(head_seconds=0.2, body_seconds=0.05, body_bytes_per_second=10**9, linger_seconds=0.01)
    ) as (_, client):
        client.send(post(10) + b"x")
        assert (await client.reply())[0] == 408


async def test_an_idle_connection_is_closed_without_a_word(serving) -> None:
    async with serving(size, HttpLimits(idle_seconds=0.05)) as (_, client):
        client.send(GET)
        assert (await client.reply())[0] == 200
        assert await client.ended()


async def test_a_handler_may_take_longer_than_any_of_the_clients_deadlines(serving) -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.3)
        return Response(status=200)

    async with serving(slow, HttpLimits(idle_seconds=0.05, head_seconds=0.05)) as (_, client):
        client.send(GET)
        assert (await client.reply())[0] == 200


async def test_a_client_that_does_not_read_is_dropped(serving) -> None:
    sent = 0

    async def flood(_: Request) -> Response:
        async def body():
            nonlocal sent
            while True:
                sent += 1
                yield b"x" * 65536

        return Response(status=200, body=body())

    async with serving(flood, HttpLimits(write_seconds=0.1)) as (server, client), asyncio.timeout(10):
        client.writer.transport.pause_reading()
        client.send(GET)
        while server.connections == 0:
            await asyncio.sleep(0)
        while server.connections:
            await asyncio.sleep(0.01)
    assert sent < 1000


async def test_pipelined_requests_do_not_pile_up_while_one_is_being_answered(serving) -> None:
    go_on = asyncio.Event()
    handled = 0

    async def wait(request: Request) -> Response:
        nonlocal handled
        handled += 1
        await go_on.wait()
        return Response(status=200)

    async with serving(wait) as (server, client):
        client.send(GET)
        while not handled:
            await asyncio.sleep(0)
        for _ in range(400):
            client.send(post(60_000) + b"x" * 60_000)
        (connection,) = server._connections
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(connection._queue) < 20
        go_on.set()
        assert [(await client.reply())[0] for _ in range(401)] == [200] * 401


async def test_plain_sockets_and_unix_sockets_are_served_alike(tmp_path) -> None:
    server = HttpServer(size)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    await server.listen(listener)
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(GET)
    assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    await server.stop()
