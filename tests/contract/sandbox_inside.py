"""Plays the server to a runtime client inside a sandbox, so that a test can run any Python code in there."""

import asyncio
import json
import os
import struct
import sys
import textwrap
from pathlib import Path
from typing import Any

from lambent.core.ports import Sandbox
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

PATIENCE = 15.0
MINOR = f"python3.{sys.version_info.minor}"
OWN_PYTHON = RuntimeInstallation(
    identifier=MINOR,
    family=RuntimeFamily.PYTHON,
    version=sys.version.split(" ")[0],
    executable=Path(sys.executable).resolve(),
    prefix=None if Path(sys.base_prefix) == Path("/usr") else Path(sys.base_prefix),
)
HANDLER = """
def handler(event, context):
    scope = dict(event["values"])
    exec(event["code"], scope)
    return scope.get("result")
"""


class Raised(Exception):
    """The code inside raised; the message is the error type, then its message."""


def write_code(folder: Path) -> Path:
    """The function whose event is the code that it runs. Everyone may read it."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(HANDLER)
    return unprivileged_may_read(folder)


def unprivileged_may_read(folder: Path) -> Path:
    """Let other users pass through the private folders that pytest makes."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.getuid() and each.name.startswith(("pytest-", "test_", "code", "popen-", "sandboxes")):
            each.chmod(0o755)
    return folder


class Inside:
    """One sandbox, seen through its channel."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._received = b""

    async def frame(self) -> tuple[str, bytes]:
        """The next frame: kind, body. Raises EOFError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while len(self._received) < 4 or len(self._received) < 4 + self._length():
                try:
                    more = await loop.sock_recv(self.sandbox.channel, 1 << 20)
                except ConnectionResetError:
                    more = b""
                if not more:
                    raise EOFError(self.said())
                self._received += more
        end = 4 + self._length()
        frame, self._received = self._received[4:end], self._received[end:]
        return frame[:1].decode(), frame[1:]

    def _length(self) -> int:
        return int.from_bytes(self._received[:4], "big")

    def send(self, kind: bytes, body: bytes) -> None:
        self.sandbox.channel.send(struct.pack(">I", 1 + len(body)) + kind + body)

    async def greet(self) -> None:
        assert await self.frame() == ("H", b""), self.said()

    async def start(self, *, greeted: bool = False, **variables: str) -> "Inside":
        """From hello to ready; the sandbox has been assigned."""
        if not greeted:
            await self.greet()
        paths = self.sandbox.paths
        environment = {
            "_HANDLER": "app.handler",
            "LAMBDA_TASK_ROOT": paths.task,
            "LAMBENT_LAYERS_ROOT": paths.layers,
            "LAMBDA_RUNTIME_DIR": paths.runtime,
            "AWS_LAMBDA_FUNCTION_NAME": "inside",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/inside",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_REGION": "eu-west-1",
            "PATH": "/usr/bin:/bin",
            **variables,
        }
        self.send(b"I", json.dumps({"environment": environment, "handler": "app.handler"}).encode())
        assert await self.frame() == ("R", b""), self.said()
        return self

    def submit(self, code: str, **values: Any) -> None:
        """Have code run; what it leaves in `result` is the answer."""
        head = "\0".join(("a" * 36, "b", str(1 << 42), "arn:aws:lambda:eu-west-1:000000000000:function:inside", "", "", "", ""))
        event = json.dumps({"code": textwrap.dedent(code), "values": values}).encode()
        self.send(b"V", struct.pack(">I", len(head)) + head.encode() + event)

    async def answer(self) -> Any:
        kind, body = await self.frame()
        if kind == "S":
            return json.loads(body[36:])
        document = json.loads(body[37 + body[36] :])
        raise Raised(f"{document['errorType']}: {document['errorMessage']}")

    async def run(self, code: str, **values: Any) -> Any:
        self.submit(code, **values)
        return await self.answer()

    def said(self) -> str:
        """What is on standard output."""
        try:
            return os.read(self.sandbox.output, 1 << 16).decode(errors="replace")
        except (BlockingIOError, OSError):
            return ""


async def read_all(descriptor: int) -> bytes:
    """To the end of a pipe: until nobody can write to it any more."""
    content, ended, loop = bytearray(), asyncio.Event(), asyncio.get_running_loop()

    def readable() -> None:
        chunk = os.read(descriptor, 1 << 16)
        content.extend(chunk)
        if not chunk:
            loop.remove_reader(descriptor)
            ended.set()

    loop.add_reader(descriptor, readable)
    try:
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
    return bytes(content)
