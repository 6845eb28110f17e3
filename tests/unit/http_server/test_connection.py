"""The HTTP server over real sockets, fed with raw bytes."""

import asyncio

import pytest

from lambent.http import HttpLimits, Request, Response


async def echo(request: Request) -> Response:
    return Response(status=200, headers=((b"X-Seen", request.path + b"?" + request.query),), body=request.body)


async def test_a_request_is_answered_with_date_and_length(serving) -> None:
    async with serving(echo) as (_, client):
        client.send(b"POST /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        status, headers, body = await client.reply()
    assert (status, body, headers["x-seen"], headers["content-length"]) == (200, b"hello", "/a%2Fb?c=d", "5")
    assert headers["date"].endswith("GMT")


async def test_pipelined_requests_are_answered_in_order(serving) -> None:
    async def slow_first(request: Request) -> Response:
        for _ in range(10 - int(request.path[1:])):
            await asyncio.sleep(0)
        return Response(status=200, body=request.path)

    async with serving(slow_first) as (_, client):
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(10)))
        bodies = [(await client.reply())[2] for _ in range(10)]
    assert bodies == [b"/%d" % n for n in range(10)]


async def test_a_chunked_body_is_joined_and_its_trailers_are_kept(serving) -> None:
    async def trailers(request: Request) -> Response:
        return Response(status=200, body=repr((request.body, request.trailers)).encode())

    async with serving(trailers) as (_, client):
        client.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Error: bad\r\n\r\n"
        )
        _, _, body = await client.reply()
    assert body == b"(b'abcde', ((b'x-error', b'bad'),))"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\na", 417),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"no http at all\r\n\r\n", 400),
    ],
    ids=lambda value: repr(value)[:80] if isinstance(value, bytes) else str(value),
)
async def test_what_two_parsers_could_read_in_two_ways_is_refused_and_the_connection_closed(
    serving, request_bytes: bytes, status: int
) -> None:
    async with serving(echo, HttpLimits(linger_seconds=0.05)) as (_, client):
        client.send(request_bytes)
        assert (await client.reply())[0] == status
        assert await client.ended()
