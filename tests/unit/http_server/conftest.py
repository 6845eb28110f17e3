"""A raw HTTP client, and a server for it to talk to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lambent.http import HttpLimits, HttpServer


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def reply(self, *, bodiless: bool = False) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            status = int(first.split()[1])
            if bodiless or status in (100, 204, 304):
                return status, headers, b""
            if headers.get("transfer-encoding") == "chunked":
                return status, headers, await self._chunks()
            return status, headers, await self.reader.readexactly(int(headers["content-length"]))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return body

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def serving(handler, limits: HttpLimits | None = None, **options) -> AsyncIterator[tuple[HttpServer, Client]]:
    server = HttpServer(handler, limits, **options)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await server.listen(listener)
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        yield server, Client(reader, writer)
    finally:
        writer.close()
        await server.stop()


@pytest.fixture(name="serving")
def _serving():
    return serving
