"""Isolation level `bwrap`: sandboxes by bubblewrap, for users without root who have user namespaces; it works for root, too.

Held: the file system, processes, users, capabilities, system calls (the shared allow-list), 1,024 open files and processes, the
size of any one file in /tmp. There is no outside network; Runtime API and AWS endpoint are reached over listeners inside.
Not held: memory, CPU and the sum of /tmp, for which one needs control groups and mounts of one's own. /tmp is a folder of the
host, because it must outlive a reset. Code cannot be mounted into a sandbox that runs: a blank one is a promise, and bwrap starts
at `assign`.
"""

import asyncio
import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from lambent.adapters.sandbox.bwrap_arguments import Inside, arguments, is_root, synthetic_files
from lambent.adapters.sandbox.bwrap_process import BwrapProcess
from lambent.adapters.sandbox.seccomp import build_filter
from lambent.adapters.sandbox.supervisor_link import SupervisorLink
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import Sandbox, SandboxFault, SandboxPaths, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation

_PROBE_SECONDS = 10
_FIRST_USER, _USERS = 1_800_000_000, 100_000_000
"""As root: the users of sandboxes, far from those of people, services and containers."""
_ADVICE = (
    " (unprivileged user namespaces may be off: look at sysctl kernel.unprivileged_userns_clone, "
    "kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces)"
)
NOTES = (
    "functions have no outside network at this level",
    "memory, CPU and the sum of /tmp are not held; open files, processes and the size of a file are",
)


class BwrapSandbox:
    """Pipes and channel exist from the start, the process from `assign` on."""

    telemetry_inside = 4
    runtime_api: socket.socket
    """From `assign` on."""

    def __init__(
        self, identifier: str, runtime: RuntimeInstallation, program: str, forget: Callable[["BwrapSandbox"], None]
    ) -> None:
        """`program` is bwrap; `forget` is called when it is destroyed."""
        self._forget = forget
        self.identifier = identifier
        self.runtime = runtime
        self.paths = SandboxPaths()
        self._program = program
        self.endpoint: socket.socket | None = None
        self.channel, self._channel_inside = socket.socketpair()
        self.channel.settimeout(0)
        self.output, self._output_inside = os.pipe()
        self.telemetry, self._telemetry_inside = os.pipe()
        for descriptor in (self.output, self.telemetry):
            os.set_blocking(descriptor, False)
        self._process = BwrapProcess()
        self.exited: asyncio.Future[Exit] = self._process.exited
        self._supervisor = SupervisorLink(None, self._process.over)
        self._assigned = False
        self._destroyed = False

    @property
    def supervisor(self) -> SupervisorLink:
        return self._supervisor

    @property
    def runtime_api_address(self) -> str:
        return "127.0.0.1:9001"

    @property
    def endpoint_address(self) -> str | None:
        return "127.0.0.1:4566"

    async def assign(self, workload: Workload) -> None:
        if self._assigned or self._destroyed:
            raise SandboxFault("a sandbox is assigned once")
        self._assigned = True
        user = os.stat(workload.temporary_storage.identifier).st_uid if is_root() else None  # noqa: PTH116 - a quick look
        inside = Inside(runtime=self.runtime, workload=workload, user=user)
        inherited = (self._output_inside, self._channel_inside.fileno(), self._telemetry_inside)
        try:
            hand = await self._process.start(
                self._program, partial(arguments, inside), synthetic_files(inside), inherited, build_filter()
            )
        except SandboxFault as fault:
            raise SandboxFault(f"{fault}; {self._said()}") from fault
        finally:
            self._close_inside()
        self.runtime_api, self.endpoint = self._process.listeners
        if inside.supervised:
            self._supervisor = SupervisorLink(hand, self._process.over)
        else:
            hand.close()

    def end_burst(self) -> None:
        pass

    def freeze(self) -> None:
        if self._process.tree is not None:
            self._process.tree.stop()

    def thaw(self) -> None:
        if self._process.tree is not None:
            self._process.tree.go_on()

    def memory_peak_mib(self) -> int:
        """The sum of the processes' own peaks, of those that live; 0 when there are none."""
        return 0 if self._process.tree is None else self._process.tree.peak_mib()

    def was_out_of_memory(self) -> bool:
        return False

    async def destroy(self) -> None:
        if self._destroyed:
            return
        self._destroyed = True
        self._forget(self)
        await self._process.end()
        self._supervisor.close()
        self._close_inside()
        self.channel.close()
        os.close(self.output)
        os.close(self.telemetry)

    def _close_inside(self) -> None:
        if self._output_inside >= 0:
            self._channel_inside.close()
            os.close(self._output_inside)
            os.close(self._telemetry_inside)
            self._output_inside = self._telemetry_inside = -1

    def _said(self) -> str:
        """What bwrap or the launcher complained of."""
        with suppress(OSError):
            return os.read(self.output, 4096).decode("utf-8", "replace").strip()
        return "it said nothing"


class BwrapProvider:
    """Owns the folders of /tmp. What a killed server left is removed at the next start; its sandboxes died with it."""

    level = IsolationLevel.BWRAP

    def __init__(self, folder: Path) -> None:
        """`folder` is this provider's alone (within the data directory, which one server at a time holds)."""
        self._folder = folder
        self._program = shutil.which("bwrap") or "bwrap"
        self._count = itertools.count(1)
        self._alive: set[BwrapSandbox] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._empty)
        self._folder.mkdir(parents=True)
        await asyncio.to_thread(build_filter)
        try:
            yield
        finally:
            for sandbox in list(self._alive):
                await sandbox.destroy()
            await asyncio.to_thread(self._empty)

    async def create(self, runtime: RuntimeInstallation) -> Sandbox:
        try:
            sandbox = BwrapSandbox(f"bwrap-{os.getpid()}-{next(self._count)}", runtime, self._program, self._alive.discard)
        except OSError as error:
            raise SandboxFault(f"cannot make a sandbox: {error}") from error
        self._alive.add(sandbox)
        return sandbox

    async def temporary_storage(self, size_mib: int) -> TemporaryStorage:
        path = tempfile.mkdtemp(prefix="tmp-", dir=self._folder)
        if is_root():
            user = _FIRST_USER + secrets.randbelow(_USERS)
            os.chown(path, user, user)
        return TemporaryStorage(identifier=path, size_mib=size_mib)

    async def release(self, storage: TemporaryStorage) -> None:
        await asyncio.to_thread(_remove, Path(storage.identifier))

    def _empty(self) -> None:
        _remove(self._folder)


async def bwrap_problem() -> str | None:
    """Why this level is not available here, and what to do; None when it is."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: apt install bubblewrap (or dnf, pacman, zypper)"
    try:
        await asyncio.to_thread(build_filter)
        return await asyncio.to_thread(_try_out)
    except SandboxFault as fault:
        return str(fault)


def _try_out() -> str | None:
    namespaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", *([] if is_root() else ["--unshare-user"])]
    command = [
        "bwrap",
        *namespaces,
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--",
        "/bin/true",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not run: {error}"
    if done.returncode == 0:
        return None
    advice = "" if is_root() else _ADVICE
    return f"bwrap cannot make a sandbox here: {done.stderr.strip()}{advice}"


def _remove(folder: Path) -> None:
    """Also folders that a function has made unreadable to their owner. Nothing runs in them any more."""
    for path, folders, _ in os.walk(folder):
        for each in (Path(path, name) for name in folders):
            if not each.is_symlink():
                each.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
