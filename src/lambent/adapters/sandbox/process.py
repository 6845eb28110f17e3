"""Isolation level `process`: plain processes, for code that is trusted as one's own. Nothing is held, nothing is hidden.

Code and layers are at their host paths, /tmp is a private folder (TMPDIR), the network is the host's. Limits of memory, CPU and
/tmp are not held. What this level does promise: everything a function starts ends with it, and with the server, also by kill -9.
"""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from lambent.adapters.sandbox.client_files import client_command, client_directory
from lambent.adapters.sandbox.kept_process import KeptProcess
from lambent.adapters.sandbox.supervisor_link import SupervisorLink
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import Sandbox, SandboxFault, SandboxPaths, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation

_BACKLOG = 16


class ProcessSandbox:
    """One kept process with its own loopback listener for the Runtime API."""

    endpoint: socket.socket | None = None
    telemetry_inside = 4

    def __init__(
        self, identifier: str, runtime: RuntimeInstallation, home: Path, forget: Callable[["ProcessSandbox"], None]
    ) -> None:
        """`home` is the provider's folder; `forget` is called when the sandbox is destroyed."""
        self._forget = forget
        self.identifier = identifier
        self.runtime = runtime
        self._home = home
        language = str(runtime.prefix or "/usr")
        self.paths = SandboxPaths(runtime=str(client_directory(runtime)), language=language, layers=str(home / "no-layers"))
        self.runtime_api = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.runtime_api.settimeout(0)
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LD_LIBRARY_PATH": f"{language}/lib"}
        try:
            self._process = KeptProcess(client_command(runtime), environment=environment, folder=home)
        except SandboxFault:
            self.runtime_api.close()
            raise
        self.channel = self._process.channel
        self.output = self._process.output
        self.telemetry = self._process.telemetry
        self.exited: asyncio.Future[Exit] = self._process.exited
        self._assigned = False
        self._destroyed = False

    @property
    def supervisor(self) -> SupervisorLink:
        return self._process.supervisor

    @property
    def runtime_api_address(self) -> str:
        return f"127.0.0.1:{self.runtime_api.getsockname()[1]}"

    @property
    def endpoint_address(self) -> str | None:
        return None

    async def assign(self, workload: Workload) -> None:
        if self._assigned or self._destroyed:
            raise SandboxFault("a sandbox is assigned once")
        self._assigned = True
        self.paths = SandboxPaths(
            task=str(workload.task_directory),
            layers=str(workload.layers_directory or self._home / "no-layers"),
            runtime=self.paths.runtime,
            language=self.paths.language,
            temporary=workload.temporary_storage.identifier,
        )

    def end_burst(self) -> None:
        pass

    def freeze(self) -> None:
        if not self.exited.done():
            self._process.tree.stop()

    def thaw(self) -> None:
        self._process.tree.go_on()

    def memory_peak_mib(self) -> int:
        """The sum of the processes' own peaks, of those that live."""
        return self._process.tree.peak_mib()

    def was_out_of_memory(self) -> bool:
        return False

    async def destroy(self) -> None:
        if self._destroyed:
            return
        self._destroyed = True
        self._forget(self)
        await self._process.end()
        self.runtime_api.close()


class ProcessProvider:
    """Makes plain processes. Their folders are removed at the end, and what a killed server left at the next start."""

    level = IsolationLevel.PROCESS

    def __init__(self, folder: Path) -> None:
        """`folder` is this provider's alone (within the data directory, which one server at a time holds)."""
        self._folder = folder
        self._count = 0
        self._alive: set[ProcessSandbox] = set()

    def running(self) -> AbstractAsyncContextManager[None]:
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._empty)
        self._folder.mkdir(parents=True)
        try:
            yield
        finally:
            for sandbox in list(self._alive):
                await sandbox.destroy()
            await asyncio.to_thread(self._empty)

    async def create(self, runtime: RuntimeInstallation) -> Sandbox:
        self._count += 1
        sandbox = ProcessSandbox(f"process-{os.getpid()}-{self._count}", runtime, self._folder, self._alive.discard)
        self._alive.add(sandbox)
        return sandbox

    async def temporary_storage(self, size_mib: int) -> TemporaryStorage:
        return TemporaryStorage(identifier=tempfile.mkdtemp(prefix="tmp-", dir=self._folder), size_mib=size_mib)

    async def release(self, storage: TemporaryStorage) -> None:
        await asyncio.to_thread(shutil.rmtree, storage.identifier, ignore_errors=True)

    def _empty(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
