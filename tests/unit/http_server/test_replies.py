"""How replies travel: keep-alive, HEAD, streams, interim replies, failures midway, disconnects, draining."""

import asyncio

import pytest

from lambent.http import HttpLimits, Request, Response

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def plain(_: Request) -> Response:
    return Response(status=200, body=b"body")


async def chunks(count: int = 3):
    for number in range(count):
        await asyncio.sleep(0)
        yield b"%d;" % number


async def streamed(_: Request) -> Response:
    return Response(status=200, body=chunks())


async def test_a_stream_is_sent_in_chunks_and_the_connection_lives_on(serving) -> None:
    async with serving(streamed) as (_, client):
        for _ in range(2):
            client.send(GET)
            status, headers, body = await client.reply()
            assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"0;1;2;")


async def test_a_stream_to_http_1_0_ends_with_the_connection(serving) -> None:
    async with serving(streamed) as (_, client), asyncio.timeout(10):
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        reply = await client.reader.read()
    head, _, body = reply.partition(b"\r\n\r\n")
    assert (b"chunked" in head, b"Connection: close" in head, body) == (False, True, b"0;1;2;")


@pytest.mark.parametrize(("handler", "header"), [(plain, "content-length"), (streamed, "transfer-encoding")])
async def test_head_has_the_headers_and_no_body(serving, handler, header) -> None:
    async with serving(handler) as (_, client):
        client.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
        status, headers, _ = await client.reply(bodiless=True)
        assert (status, header in headers) == (200, True)
        assert (await client.reply())[0] == 200


async def test_a_204_has_no_length_and_no_body(serving) -> None:
    async def nothing(_: Request) -> Response:
        return Response(status=204, body=b"never sent")

    async with serving(nothing) as (_, client):
        client.send(GET + GET)
        for _ in range(2):
            status, headers, _ = await client.reply()
            assert (status, "content-length" in headers) == (204, False)


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"])
async def test_a_client_that_wants_to_close_is_closed(serving, head) -> None:
    async with serving(plain) as (_, client):
        client.send(head)
        _, headers, body = await client.reply()
        assert (headers["connection"], body) == ("close", b"body")
        assert await client.ended()


async def test_100_continue_is_sent_when_the_head_is_admitted(serving) -> None:
    async def size(request: Request) -> Response:
        return Response(status=200, body=b"%d" % len(request.body))

    async with serving(size, HttpLimits(body_bytes=10)) as (_, client):
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert (await client.reply())[0] == 100
        client.send(b"abc")
        assert (await client.reply())[2] == b"3"
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        assert (await client.reply())[0] == 413


async def test_100_continue_waits_for_the_reply_before_it(serving) -> None:
    go_on = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.method == "GET":
            await go_on.wait()
        return Response(status=200, body=request.body)

    async with serving(handler) as (_, client):
        client.send(GET + b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        await asyncio.sleep(0.02)
        go_on.set()
        assert (await client.reply())[0] == 200
        assert (await client.reply())[0] == 100
        client.send(b"abc")
        assert (await client.reply())[2] == b"abc"


@pytest.mark.parametrize("count", [1, 500])
async def test_an_offer_to_upgrade_is_ignored(serving, count) -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    )
    async with serving(plain) as (_, client):
        client.send(upgrade * count + GET)
        assert [(await client.reply())[0] for _ in range(count + 1)] == [200] * (count + 1)


async def test_a_target_in_absolute_form_is_its_path(serving) -> None:
    async def echo(request: Request) -> Response:
        return Response(status=200, body=request.path + b"|" + request.query)

    async with serving(echo) as (_, client):
        client.send(b"GET http://h:1/a?b=c HTTP/1.1\r\nHost: h\r\n\r\nGET http://h?d HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.reply())[2] == b"/a|b=c"
        assert (await client.reply())[2].endswith(b"|d")


async def test_a_handler_that_fails_is_a_500_and_the_connection_lives_on(serving, caplog) -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError("internals")

    async with serving(broken) as (_, client):
        for _ in range(2):
            client.send(GET)
            assert (await client.reply())[::2] == (500, b"")
    assert caplog.text.count("http_handler_failed") == 2


@pytest.mark.parametrize("value", [b"a\r\nInjected: yes", b"a\nb", b"a\rb"])
async def test_a_header_that_would_split_the_reply_is_never_sent(serving, caplog, value) -> None:
    async def split(_: Request) -> Response:
        return Response(status=200, headers=((b"X", value),), body=b"ok")

    async with serving(split) as (_, client):
        client.send(GET)
        status, headers, _ = await client.reply()
    assert (status, "injected" in headers) == (500, False)
    assert "response_not_sendable" in caplog.text


async def test_a_stream_that_fails_midway_ends_the_connection_early(serving, caplog) -> None:
    closed = asyncio.Event()

    async def failing(_: Request) -> Response:
        async def body():
            try:
                yield b"first"
                raise RuntimeError("midway")
            finally:
                closed.set()

        return Response(status=200, body=body())

    async with serving(failing) as (_, client):
        client.send(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reply()
        await closed.wait()
    assert "response_body_failed" in caplog.text


async def test_a_disconnect_cancels_the_handler(serving) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(hang) as (_, client), asyncio.timeout(10):
        client.send(GET)
        await started.wait()
        client.writer.close()
        await cancelled.wait()


async def test_a_disconnect_lets_the_handler_finish_where_that_is_asked_for(serving) -> None:
    started, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> Response:
        started.set()
        await go_on.wait()
        finished.set()
        return Response(status=200, body=b"x" * 1_000_000)

    async with serving(slow, HttpLimits(finish_after_disconnect=True)) as (server, client), asyncio.timeout(10):
        client.send(GET + GET)
        await started.wait()
        client.writer.transport.abort()
        go_on.set()
        await finished.wait()
        while server.connections:
            await asyncio.sleep(0.001)


async def test_a_disconnect_closes_a_streams_source(serving) -> None:
    closed = asyncio.Event()

    async def endless(_: Request) -> Response:
        async def body():
            try:
                while True:
                    await asyncio.sleep(0)
                    yield b"x" * 1000
            finally:
                closed.set()

        return Response(status=200, body=body())

    for limits in (HttpLimits(), HttpLimits(finish_after_disconnect=True)):
        closed.clear()
        async with serving(endless, limits) as (_, client), asyncio.timeout(10):
            client.send(GET)
            await client.reader.readexactly(100)
            client.writer.transport.abort()
            await closed.wait()


async def test_draining_ends_idle_connections_and_lets_the_busy_ones_answer(serving) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        if request.path == b"/slow":
            started.set()
            await go_on.wait()
        return Response(status=200, body=b"done")

    async with serving(slow) as (server, client), asyncio.timeout(10):
        address = server._listeners[0].sockets[0].getsockname()
        idle_reader, idle_writer = await asyncio.open_connection(*address)
        client.send(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        await started.wait()
        stopping = asyncio.ensure_future(server.stop(grace=5))
        assert await idle_reader.read() == b""
        go_on.set()
        status, headers, body = await client.reply()
        assert (status, headers["connection"], body) == (200, "close", b"done")
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        idle_writer.close()


async def test_stopping_cancels_what_does_not_end_in_time(serving) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(hang, HttpLimits(finish_after_disconnect=True)) as (server, client), asyncio.timeout(10):
        client.send(GET)
        await started.wait()
        await server.stop(grace=0.05)
        assert cancelled.is_set()
        assert server.connections == 0
