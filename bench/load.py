"""The load generator: keep-alive connections, requests signed beforehand, every reply checked; the same for all servers."""

import asyncio
import itertools
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Self

import uvloop

from bench.figures import Load
from bench.presigned import Prepared
from bench.replies import WrongReply, check, parse

REPLY_SECONDS = 30
"""The longest wait for one reply."""


class Connection:
    """One blocking connection, one request at a time: the least that a client can cost."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=REPLY_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel's own deadline: a Python timeout would add a poll() to each call.
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", REPLY_SECONDS, 0))

    def exchange(self, prepared: Prepared) -> float:
        """Send, wait for the whole reply, check it. Returns seconds. Raises WrongReply."""
        began = time.perf_counter()
        self._socket.sendall(prepared.request)
        data = self._receive()
        while (reply := parse(data)) is None:
            data += self._receive()
        ended = time.perf_counter()
        check(reply, prepared)
        return ended - began

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            raise WrongReply(f"no reply within {REPLY_SECONDS} s") from None
        if not data:
            raise WrongReply("the connection was closed in place of a reply")
        return data

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def one_at_a_time(port: int, prepared: Sequence[Prepared], *, count: int, seconds: float) -> Load:
    """Concurrency 1: `count` invocations, cycling through `prepared`, or as many as `seconds` allow."""
    latencies = []
    with Connection(port) as connection:
        began = time.perf_counter()
        for each in itertools.islice(itertools.cycle(prepared), count):
            latencies.append(connection.exchange(each))
            if time.perf_counter() - began > seconds:
                break
        elapsed = time.perf_counter() - began
    return Load(latencies=latencies, elapsed=elapsed)


def many_at_once(port: int, prepared: Sequence[Prepared], *, clients: int, count: int, seconds: float) -> Load:
    """`clients` connections, each sending its next request when its reply is there; bounds as in one_at_a_time."""
    return uvloop.run(_many_at_once(port, prepared, clients=clients, count=count, seconds=seconds))


async def _many_at_once(port: int, prepared: Sequence[Prepared], *, clients: int, count: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(clients):
        _, connection = await loop.create_connection(_Client, "127.0.0.1", port)
        connections.append(connection)
    feed = _Feed(prepared, count=count, seconds=seconds)
    try:
        async with asyncio.timeout(seconds + REPLY_SECONDS):
            await asyncio.gather(*(each.run(feed) for each in connections))
    except TimeoutError:
        raise WrongReply(f"a reply did not come within {REPLY_SECONDS} s") from None
    finally:
        for each in connections:
            each.close()
    return Load(latencies=feed.latencies, elapsed=time.perf_counter() - feed.began)


class _Feed:
    """What the clients of one run share: requests to send until the bounds are met, and latencies."""

    def __init__(self, prepared: Sequence[Prepared], *, count: int, seconds: float) -> None:
        self._requests: Iterator[Prepared] = itertools.islice(itertools.cycle(prepared), count)
        self._seconds = seconds
        self.latencies: list[float] = []
        self.began = time.perf_counter()

    def next(self) -> Prepared | None:
        if time.perf_counter() - self.began > self._seconds:
            return None
        return next(self._requests, None)


class _Client(asyncio.Protocol):
    """One connection of many_at_once, driven by its replies."""

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._data = b""
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, feed: _Feed) -> None:
        self._feed = feed
        self._send()
        await self._done

    def _send(self) -> None:
        self._request = self._feed.next()
        if self._request is None:
            self._done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._request.request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._done.done():
            return
        try:
            self._accept()
        except WrongReply as error:
            self._done.set_exception(error)

    def _accept(self) -> None:
        reply = parse(self._data)
        if reply is None or self._request is None:
            return
        self._feed.latencies.append(time.perf_counter() - self._sent)
        self._data = b""
        check(reply, self._request)
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(WrongReply("the connection was closed in place of a reply"))

    def close(self) -> None:
        if not self._done.done():
            self._done.cancel()
        self._transport.close()
