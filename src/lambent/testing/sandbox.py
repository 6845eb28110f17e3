"""A SandboxProvider for tests: sandboxes inside this process, served by a scripted runtime client that speaks frames.

    provider = FakeSandboxProvider(lambda event, context: b'"hello"')

A behaviour answers one invocation (an awaitable answer is awaited); `Script` says what happens before. An exception raised by a
behaviour is the function's error, as in a real client.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import Sandbox, SandboxFault, SandboxPaths, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation
from lambent.testing.extensions import FakeExtension, FakeSupervisor, Program
from lambent.testing.runtime_client import (
    SILENCE,
    Answer,
    Behaviour,
    FakeContext,
    FakeRuntimeClient,
    InitError,
    Raw,
    Script,
    Silence,
    frame,
)

__all__ = [
    "SILENCE",
    "Answer",
    "Behaviour",
    "FakeContext",
    "FakeExtension",
    "FakeSandbox",
    "FakeSandboxProvider",
    "InitError",
    "Raw",
    "Script",
    "Silence",
    "frame",
]
_KILLED = Exit(signal=9)


def echo(event: bytes, context: FakeContext) -> bytes:  # noqa: ARG001 - a behaviour is given both
    """The default behaviour: the result is the event."""
    return event


class FakeSandbox:
    """What a test may look at: `workload`, `frozen`, `freezes`, `destroyed`; and set: `memory_peak`, `out_of_memory`."""

    def __init__(
        self, runtime: RuntimeInstallation, identifier: str, script: Script, extensions: Mapping[str, Program | int] | None = None
    ) -> None:
        self.identifier = identifier
        self.runtime = runtime
        self.channel, inside = socket.socketpair()
        self.channel.settimeout(0)
        self.output, output_inside = _pipe()
        self.telemetry, telemetry_inside = _pipe()
        self.telemetry_inside = 4
        self.runtime_api = _listener()
        self.endpoint: socket.socket | None = _listener()
        self.paths = SandboxPaths()
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.workload: Workload | None = None
        self.frozen = False
        self.bursting = True
        """Until init is over."""
        self.freezes = 0
        """How often it was frozen."""
        self.destroyed = False
        self.memory_peak = 1
        self.out_of_memory = False
        self.supervisor = FakeSupervisor(extensions or {}, self.die)
        self._client = FakeRuntimeClient(script, inside, (output_inside, telemetry_inside), self._ended)

    @property
    def runtime_api_address(self) -> str:
        return _address(self.runtime_api)

    @property
    def endpoint_address(self) -> str | None:
        return _address(self.endpoint) if self.endpoint is not None else None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that INIT brought; empty before."""
        return self._client.environment

    @property
    def handler(self) -> str | None:
        """The handler that INIT named; None before."""
        return self._client.handler

    async def assign(self, workload: Workload) -> None:
        if self.workload is not None:
            raise SandboxFault("a sandbox is assigned once")
        if self.destroyed or self.exited.done():
            raise SandboxFault("the sandbox is gone")
        self.workload = workload

    def end_burst(self) -> None:
        self.bursting = False

    def freeze(self) -> None:
        if not self.frozen and not self.destroyed:
            self.frozen = True
            self.freezes += 1
            self._client.pause()

    def thaw(self) -> None:
        if self.frozen and not self.destroyed:
            self.frozen = False
            self._client.resume()

    def memory_peak_mib(self) -> int:
        return self.memory_peak

    def was_out_of_memory(self) -> bool:
        return self.out_of_memory

    def die(self, how: Exit = _KILLED) -> None:
        """The runtime process ends now, whatever it was doing."""
        self._client.end(how)

    async def destroy(self) -> None:
        if self.destroyed:
            return
        self.destroyed = True
        await self.supervisor.stop()
        await self._client.stop(_KILLED)
        self.channel.close()
        os.close(self.output)
        os.close(self.telemetry)
        self.runtime_api.close()
        if self.endpoint is not None:
            self.endpoint.close()

    def _ended(self, how: Exit) -> None:
        self.out_of_memory |= how.out_of_memory
        if not self.exited.done():
            self.exited.set_result(how)


class FakeSandboxProvider:
    """Keeps every sandbox that it made in `sandboxes`, the newest last, and the /tmp's not yet released in `storages`."""

    def __init__(
        self, behaviour: Behaviour = echo, script: Script | None = None, level: IsolationLevel = IsolationLevel.NATIVE
    ) -> None:
        """`script` is for all sandboxes to come, its behaviour replaced by `behaviour`; both may be changed at any time."""
        self.level = level
        self.script = replace(script or Script(), behaviour=behaviour)
        self.extensions: dict[str, Program | int] = {}
        """External extensions of sandboxes to come, by the name of their file: what they do, or the errno of executing them."""
        self.refuse_create: str | None = None
        """A message: `create` raises SandboxFault with it."""
        self.refuse_assign: str | None = None
        """The same for `assign`."""
        self.sandboxes: list[FakeSandbox] = []
        self.storages: set[TemporaryStorage] = set()
        self._storage_count = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for sandbox in self.sandboxes:
                await sandbox.destroy()

    async def create(self, runtime: RuntimeInstallation) -> Sandbox:
        if self.refuse_create is not None:
            raise SandboxFault(self.refuse_create)
        sandbox = _Refusable(self, runtime, f"sandbox-{len(self.sandboxes)}", self.script)
        self.sandboxes.append(sandbox)
        return sandbox

    async def temporary_storage(self, size_mib: int) -> TemporaryStorage:
        self._storage_count += 1
        storage = TemporaryStorage(identifier=f"storage-{self._storage_count}", size_mib=size_mib)
        self.storages.add(storage)
        return storage

    async def release(self, storage: TemporaryStorage) -> None:
        self.storages.discard(storage)


class _Refusable(FakeSandbox):
    """Asks its provider whether assigning shall fail."""

    def __init__(self, provider: FakeSandboxProvider, runtime: RuntimeInstallation, identifier: str, script: Script) -> None:
        super().__init__(runtime, identifier, script, provider.extensions)
        self._provider = provider

    async def assign(self, workload: Workload) -> None:
        if self._provider.refuse_assign is not None:
            raise SandboxFault(self._provider.refuse_assign)
        await super().assign(workload)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    return reading, writing


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"{host}:{port}"
