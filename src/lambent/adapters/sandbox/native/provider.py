"""The SandboxProvider of level `native`: owns the warden, starts zygotes on demand, keeps /tmp images ready."""

import asyncio
import itertools
import logging
import resource
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.client_files import runtimes_directory
from lambent.adapters.sandbox.native.ends import Ends
from lambent.adapters.sandbox.native.identity import REGISTRY
from lambent.adapters.sandbox.native.root_plan import root_plan, zygote_settings
from lambent.adapters.sandbox.native.sandbox import NativeSandbox
from lambent.adapters.sandbox.native.warden_link import WardenLink
from lambent.adapters.sandbox.native.zygotes import GONE
from lambent.core.environment import IsolationLevel
from lambent.core.limits import EPHEMERAL_STORAGE_MIB
from lambent.core.ports import Sandbox, SandboxFault, TemporaryStorage
from lambent.core.runtime import RuntimeInstallation

log = logging.getLogger(__name__)

_CREATE_SECONDS = 30.0
_STORAGE_SECONDS = 60.0
_QUIET_SECONDS = 0.02
"""After one was taken, before another is made: a cold start goes first."""


class NativeProvider:
    """Needs root; `probe.py` says whether this host can do it."""

    level = IsolationLevel.NATIVE

    def __init__(self, *, folder: Path, network: bool = True, ready_storages: int = 4, registry: Path = REGISTRY) -> None:
        """`folder`, this provider's own and on a disk, is where the contents of /tmp folders lie; `network` False never opens the
        outside to any sandbox; `ready_storages` empty /tmp folders of 512 MiB are kept ready."""
        self._folder = folder
        self._network = network
        self._ready_storages = ready_storages
        self._registry = registry
        self._link: WardenLink | None = None
        self._connecting = asyncio.Lock()
        self._zygotes: set[str] = set()
        self._count = itertools.count(1)
        self._storages: deque[TemporaryStorage] = deque()
        self._taken = asyncio.Event()
        self._errands: set[asyncio.Task[None]] = set()

    def running(self) -> AbstractAsyncContextManager[None]:
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        await self._connected()
        filling = asyncio.create_task(self._keep_storages())
        try:
            yield
        finally:
            filling.cancel()
            with suppress(asyncio.CancelledError):
                await filling
            await asyncio.gather(*self._errands)
            if self._link is not None:
                await self._link.close()
                self._link = None

    async def create(self, runtime: RuntimeInstallation) -> Sandbox:
        try:
            return await self._create(runtime)
        except SandboxFault as fault:
            if str(fault) != GONE:
                raise
        return await self._create(runtime)  # the zygote had ended before: now with a new one

    async def _create(self, runtime: RuntimeInstallation) -> Sandbox:
        link = await self._connected()
        await self._start_zygote(link, runtime)
        name = f"{runtime.identifier}-{next(self._count)}"
        try:
            ends = Ends()
        except OSError as error:
            raise SandboxFault(f"no descriptors for a sandbox: {error}") from error
        try:
            fields = {"sandbox": name, "runtime": runtime.identifier}
            reply, descriptors = await link.request("create", fields, ends.inside, deadline=_CREATE_SECONDS)
        except SandboxFault:
            self._zygotes.discard(runtime.identifier)  # the warden knows whether it needs another
            ends.close()
            self._forget(link, name)
            raise
        except asyncio.CancelledError:
            ends.close()
            self._forget(link, name)
            raise
        ends.close_inside()
        return NativeSandbox(name, runtime, link=link, ends=ends, reply={**reply, "descriptors": descriptors})

    async def temporary_storage(self, size_mib: int) -> TemporaryStorage:
        if size_mib == EPHEMERAL_STORAGE_MIB[0] and self._storages:
            self._taken.set()
            return self._storages.popleft()
        return await self._make_storage(size_mib)

    async def release(self, storage: TemporaryStorage) -> None:
        if self._link is None:
            return
        with suppress(SandboxFault):  # with the warden everything that it made is gone
            await self._link.request("release", {"storage": storage.identifier}, deadline=_STORAGE_SECONDS)

    async def _connected(self) -> WardenLink:
        """The warden, started again should it have ended."""
        if self._link is not None and not self._link.broken:
            return self._link
        async with self._connecting:
            if self._link is not None and not self._link.broken:
                return self._link
            if self._link is not None:
                await self._link.close()
            self._link = None
            self._zygotes.clear()
            self._storages.clear()
            link = WardenLink()
            await link.start(await asyncio.to_thread(self._configuration))
            if self._network:
                self._see_to(_open_network(link))  # orders are carried out in turn: every sandbox comes after it
            self._link = link
            self._taken.set()
            return link

    def _configuration(self) -> dict[str, Any]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Ten descriptors for each sandbox: 1,024, the usual soft limit, would be a hundred sandboxes.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return {
            "programs": str(runtimes_directory()),
            "registry": str(self._registry),
            "images": str(self._folder),
        }

    async def _start_zygote(self, link: WardenLink, runtime: RuntimeInstallation) -> None:
        """The warden ignores a second one."""
        if runtime.identifier in self._zygotes:
            return
        plan = await asyncio.to_thread(root_plan, runtime)
        settings = await asyncio.to_thread(zygote_settings, runtime)
        await link.request(
            "zygote", {"runtime": runtime.identifier, "plan": plan, "settings": settings}, deadline=_CREATE_SECONDS
        )
        self._zygotes.add(runtime.identifier)

    def _forget(self, link: WardenLink, name: str) -> None:
        """Have a sandbox destroyed that nobody waits for any more."""

        async def destroy() -> None:
            with suppress(SandboxFault):
                await link.request("destroy", {"sandbox": name}, deadline=_CREATE_SECONDS)

        self._see_to(destroy())

    def _see_to(self, errand: Coroutine[None, None, None]) -> None:
        """Do it while nobody waits for it but the end of `running`."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _make_storage(self, size_mib: int) -> TemporaryStorage:
        link = await self._connected()
        reply, _ = await link.request("storage", {"size_mib": size_mib}, deadline=_STORAGE_SECONDS)
        return TemporaryStorage(identifier=reply["storage"], size_mib=size_mib)

    async def _keep_storages(self) -> None:
        """Keep some of the usual size ready, until cancelled."""
        while True:
            try:
                while len(self._storages) < self._ready_storages:
                    self._storages.append(await self._make_storage(EPHEMERAL_STORAGE_MIB[0]))
                    await asyncio.sleep(_QUIET_SECONDS)
            except SandboxFault as fault:
                log.warning("temporary_storage_not_made", extra={"reason": str(fault)})
            await self._taken.wait()
            self._taken.clear()
            await asyncio.sleep(_QUIET_SECONDS)


async def _open_network(link: WardenLink) -> None:
    try:
        reply, _ = await link.request("network", {}, deadline=_CREATE_SECONDS)
    except SandboxFault as fault:
        reply = {"problem": str(fault)}
    if reply["problem"]:
        log.warning("sandboxes_without_network", extra={"reason": reply["problem"]})
