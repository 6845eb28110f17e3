"""The provider under attack and its sandboxes, for the tests of this folder."""

from contextlib import suppress
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


async def processes_of(inside: Inside) -> list[int]:
    """As the host numbers them: all processes of the host user that only this sandbox has."""
    return processes_of_user(await host_user(inside))


async def host_user(inside: Inside) -> int:
    """Who the function is on the host."""
    return int(await inside.run("result = open('/proc/self/uid_map').read().split()[1]"))


def processes_of_user(user: int) -> list[int]:
    """Those that run or wait to be reaped."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = dict(line.split(":", 1) for line in (each / "status").read_text().splitlines())
            if int(fields["Uid"].split()[0]) == user:
                found.append(int(each.name))
    return found
