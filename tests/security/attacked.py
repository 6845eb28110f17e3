"""The provider under attack and its sandboxes, for the tests of this folder."""

from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.native.provider import NativeProvider
from lambent.core.ports import Sandbox, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation
from tests.contract.sandbox_inside import OWN_PYTHON, Inside


class Attacked:
    """Starts sandboxes and ends them."""

    def __init__(self, provider: NativeProvider, home: Path) -> None:
        self.provider = provider
        self.home = home
        self._made: list[Sandbox] = []
        self._storages: list[TemporaryStorage] = []

    async def blank(self, runtime: RuntimeInstallation = OWN_PYTHON, **changes: Any) -> Sandbox:
        """An assigned sandbox whose client waits."""
        sandbox = await self.provider.create(runtime)
        self._made.append(sandbox)
        storage = await self.provider.temporary_storage(512)
        self._storages.append(storage)
        given = {"task_directory": self.home / "code", "layers_directory": None, "memory_mib": 256, "network": False, **changes}
        await sandbox.assign(Workload(temporary_storage=storage, **given))
        return sandbox

    async def sandbox(self, **changes: Any) -> Inside:
        """One whose function is ready."""
        return await Inside(await self.blank(**changes)).start()

    async def end(self) -> None:
        """Destroy them all."""
        for sandbox in self._made:
            await sandbox.destroy()
        for storage in self._storages:
            await self.provider.release(storage)
