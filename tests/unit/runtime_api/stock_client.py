"""A runtime client that speaks raw HTTP, as a stock one does."""

import asyncio

BASE = "/2018-06-01/runtime"


class Client:
    """One connection that speaks raw HTTP."""

    def __init__(self, address: str) -> None:
        self.host, _, self.port = address.partition(":")

    async def open(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection(self.host, int(self.port))
        return self

    async def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None):
        lines = [f"{method} {path} HTTP/1.1", "Host: runtime", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        if method == "POST" and "Transfer-Encoding" not in (headers or {}):
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await self.reply()

    async def reply(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)}
        return status, headers, await self.reader.readexactly(int(headers.get("content-length", "0")))

    async def next(self):
        return await self.call("GET", f"{BASE}/invocation/next")

    def close(self) -> None:
        self.writer.close()
