"""External extensions inside a fake sandbox: coroutines that talk HTTP to the sandbox's Extensions API, as a process would."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lambent.core.environment import Exit
from lambent.core.ports import ExtensionProcess, NotExecutable, SandboxFault


@dataclass(frozen=True, kw_only=True, slots=True)
class FakeReply:
    """What the Extensions API answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def document(self) -> dict[str, object]:
        """The body, which is a JSON object."""
        return dict(json.loads(self.body))


@dataclass(kw_only=True, slots=True)
class FakeExtension:
    """One extension, as its program sees it. A call opens a connection of its own."""

    name: str
    variables: Mapping[str, str]
    output: int = field(repr=False)
    """Write end of its standard output."""
    identifier: str = ""
    """From `register` on."""

    def print(self, text: str) -> None:
        """One line on standard output."""
        os.write(self.output, text.encode() + b"\n")

    async def register(self, *events: str) -> FakeReply:
        """Register for these events."""
        headers = {"Lambda-Extension-Name": self.name}
        reply = await self.call("POST", "/2020-01-01/extension/register", json.dumps({"events": events}).encode(), headers)
        self.identifier = reply.headers.get("lambda-extension-identifier", "")
        return reply

    async def next(self) -> dict[str, object]:
        """Wait for the next event."""
        return (await self.call("GET", "/2020-01-01/extension/event/next")).document

    async def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> FakeReply:
        """Any request, with the identifier."""
        host, _, port = self.variables["AWS_LAMBDA_RUNTIME_API"].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        given = {"Host": "x", "Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
        if self.identifier:
            given["Lambda-Extension-Identifier"] = self.identifier
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        try:
            head, _, content = (await reader.read(-1)).partition(b"\r\n\r\n")
        finally:
            writer.close()
        status, *rest = head.decode().split("\r\n")
        pairs = (line.partition(": ") for line in rest)
        return FakeReply(
            status=int(status.split(" ")[1]), headers={name.lower(): value for name, _, value in pairs}, body=content
        )


Program = Callable[[FakeExtension], Awaitable[int | None]]
"""Runs until it returns its exit status (None: 0)."""


class FakeSupervisor:
    """Starts programs by the name of their file; one that is an errno instead cannot be executed."""

    def __init__(self, programs: Mapping[str, Program | int], end_runtime: Callable[[Exit], None]) -> None:
        """`end_runtime` is called for a signal that the runtime does not survive."""
        self._programs = programs
        self._end_runtime = end_runtime
        self._tasks: dict[str, asyncio.Task[int | None]] = {}
        self._processes: list[ExtensionProcess] = []
        self.signals: list[int] = []
        """What the runtime was sent."""
        self.ignores_sigterm = False
        self.gone = False
        """It refuses every order."""

    async def start_extension(self, path: str, variables: Mapping[str, str]) -> ExtensionProcess:
        self._check()
        name = PurePosixPath(path).name
        program = self._programs[name]
        if isinstance(program, int):
            raise NotExecutable(program, os.strerror(program))
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        loop = asyncio.get_running_loop()
        process = ExtensionProcess(output=reading, exited=loop.create_future())
        self._processes.append(process)
        extension = FakeExtension(name=name, variables=variables, output=writing)
        task = self._tasks[path] = loop.create_task(_run(program, extension))
        task.add_done_callback(lambda ended: _ended(ended, process, writing))
        return process

    async def tcp_socket(self) -> socket.socket:
        self._check()
        made = socket.socket()
        made.settimeout(0)
        return made

    def signal_runtime(self, number: int) -> bool:
        self.signals.append(number)
        if number == signal.SIGKILL or not self.ignores_sigterm:
            self._end_runtime(Exit(signal=number))
        return not self.gone

    def kill_extension(self, path: str) -> bool:
        if path in self._tasks:
            self._tasks[path].cancel()
        return not self.gone

    @property
    def running(self) -> list[str]:
        """Paths of the extensions that have not ended."""
        return [path for path, task in self._tasks.items() if not task.done()]

    async def stop(self) -> None:
        """Kill every extension and free the pipes."""
        self.gone = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for process in self._processes:
            if process.output >= 0:
                os.close(process.output)
                process.output = -1

    def _check(self) -> None:
        if self.gone:
            raise SandboxFault("the sandbox has ended")


async def _run(program: Program, extension: FakeExtension) -> int | None:
    return await program(extension)


def _ended(task: "asyncio.Task[int | None]", process: ExtensionProcess, writing: int) -> None:
    os.close(writing)
    if process.exited.done():
        return
    if task.cancelled():
        process.exited.set_result(Exit(signal=signal.SIGKILL))
    else:
        process.exited.set_result(Exit(code=1 if task.exception() else task.result() or 0))
