"""Talks frames to the runtime client in a real sandbox, and waits for what is to happen, always with a deadline."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lambent.adapters.sandbox.bwrap import BwrapProvider, bwrap_problem
from lambent.core.environment_variables import library_path
from lambent.core.ports import Sandbox, SandboxProvider, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from lambent.testing.sandbox import frame

SECONDS = 20.0
REQUEST_ID = "8f5c4a36-0000-4000-8000-000000000001"


def own_python() -> RuntimeInstallation:
    """The interpreter that runs the tests, as a runtime."""
    prefix = Path(sys.base_prefix).resolve()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return RuntimeInstallation(identifier=f"python{version}", family=RuntimeFamily.PYTHON, version=f"{version}.0",
        executable=executable, prefix=None if prefix == Path("/usr") else prefix)  # fmt: skip


PROVIDED = RuntimeInstallation(
    identifier="provided.al2023", family=RuntimeFamily.PROVIDED, version="", executable=None, prefix=None
)


def code_folder(folder: Path, **files: str) -> Path:
    """Code as a package store would have unpacked it. File names have `_` for `.`, but `bootstrap`."""
    folder.mkdir(mode=0o755)
    for name, content in files.items():
        path = folder / (name if name == "bootstrap" else name.replace("_", "."))
        path.write_text(content)
        path.chmod(0o755)
    return folder


def workload(task: Path, storage: TemporaryStorage, layers: Path | None = None) -> Workload:
    return Workload(task_directory=task, layers_directory=layers, memory_mib=256, temporary_storage=storage, network=False)


class Talk:
    """One sandbox, assigned."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._loop = asyncio.get_running_loop()

    async def initialise(self, handler: str = "app.handler", **variables: str) -> bytes:
        """Hello, INIT, and the client's answer: READY or an INIT ERROR. A client that starts anew says hello again."""
        answer = await self.receive()
        while answer == b"H":
            await self.send(b"I", json.dumps({"environment": self.environment(handler) | variables, "handler": handler}).encode())
            answer = await self.receive()
        return answer

    def environment(self, handler: str) -> dict[str, str]:
        """What a function finds, as far as the tests need it."""
        paths = self.sandbox.paths
        environment = {"_HANDLER": handler, "LAMBDA_TASK_ROOT": paths.task, "LAMBDA_RUNTIME_DIR": paths.runtime,
            "AWS_LAMBDA_RUNTIME_API": self.sandbox.runtime_api_address, "TMPDIR": paths.temporary, "AWS_LAMBDA_LOG_FORMAT": "Text",
            "PATH": f"{paths.language}/bin:/usr/bin:/bin", "LD_LIBRARY_PATH": library_path(paths),
            "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_REGION": "us-east-1"}  # fmt: skip
        if paths.layers != "/opt":
            environment["LAMBENT_LAYERS_ROOT"] = paths.layers
        return environment

    async def ready(self, handler: str = "app.handler", **variables: str) -> "Talk":
        answer = await self.initialise(handler, **variables)
        assert answer == b"R", (answer, self.output())
        return self

    async def invoke(self, event: object) -> Any:
        """The handler's result, decoded."""
        answer = await self.invoke_raw(event)
        assert answer[:1] == b"S", (answer, self.output())
        return json.loads(answer[37:])

    async def invoke_raw(self, event: object) -> bytes:
        await self.send_invoke(event)
        return await self.receive()

    async def send_invoke(self, event: object) -> None:
        head = "\0".join((REQUEST_ID, REQUEST_ID, str(int((time.time() + 30) * 1000)), "arn", "", "", "", "")).encode()
        await self.send(b"V", len(head).to_bytes(4, "big") + head + json.dumps(event).encode())

    async def send(self, kind: bytes, body: bytes) -> None:
        async with asyncio.timeout(SECONDS):
            await self._loop.sock_sendall(self.sandbox.channel, frame(kind, body))

    async def receive(self) -> bytes:
        """One frame without its length; empty at the end."""
        data = b""
        try:
            async with asyncio.timeout(SECONDS):
                while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
                    more = await self._loop.sock_recv(self.sandbox.channel, 1 << 20)
                    if not more:
                        return b""
                    data += more
        except TimeoutError:
            raise AssertionError(f"the client said nothing; its output: {self.output()!r}") from None
        return data[4:]

    def output(self) -> bytes:
        try:
            return os.read(self.sandbox.output, 1 << 16)
        except BlockingIOError:
            return b""


async def start(provider: SandboxProvider, task: Path, runtime: RuntimeInstallation | None = None, **options: Any) -> Talk:
    """A sandbox with this code, assigned."""
    sandbox = await provider.create(runtime or own_python())
    storage = options.pop("storage", None) or await provider.temporary_storage(512)
    await sandbox.assign(workload(task, storage, **options))
    return Talk(sandbox)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that only the kernel knows of."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


def processes_with(mark: str) -> list[int]:
    """Process ids on this host whose command line has this text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


HANDLER = """
import ctypes, json, os, socket, subprocess, sys, time
def handler(event, context):
    return eval(event, globals())
"""
"""A function whose event is the expression that it evaluates."""


@asynccontextmanager
async def bwrap_level(folder: Path) -> AsyncIterator[BwrapProvider]:
    """A running provider in a folder of its own; skips where bwrap is not there."""
    problem = await bwrap_problem()
    if problem is not None:
        pytest.skip(problem)
    provider = BwrapProvider(folder / "sandboxes")
    async with provider.running():
        yield provider
    assert not (folder / "sandboxes").exists()
