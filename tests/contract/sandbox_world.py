"""The world of the sandbox contract: a provider of one level, some code, and what that level promises."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambent.adapters.sandbox.probe import probe, provider_of
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import Sandbox, SandboxProvider, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation
from lambent.testing.sandbox import FakeContext, FakeSandboxProvider
from tests.contract.sandbox_inside import OWN_PYTHON, PATIENCE, Inside


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What weaker levels do not promise."""

    code: bool = True
    """Runs real code (the fake plays a client)."""
    walls: bool = False
    """Code is read-only, the host's files are hidden."""
    memory: bool = False
    """Memory is held and out-of-memory is noticed."""


PROMISES = {
    "native": Promises(walls=True, memory=True),
    "bwrap": Promises(walls=True),
    "process": Promises(),
    "fake": Promises(code=False),
}


def fake_function(event: bytes, context: FakeContext) -> Any:
    """What the fake does with the few pieces of code that it is given here."""
    if b"os._exit(3)" in event:
        return Exit(code=3)
    if b"os.kill" in event:
        return Exit(signal=9)
    if b"print" in event:
        context.print("hello there")
    return b'"done"'


@dataclass
class World:
    """A running provider and a folder with code."""

    provider: SandboxProvider
    task: Path
    promises: Promises
    made: list[Sandbox]

    async def blank(self, runtime: RuntimeInstallation = OWN_PYTHON) -> Sandbox:
        sandbox = await self.provider.create(runtime)
        self.made.append(sandbox)
        return sandbox

    def workload(self, storage: TemporaryStorage, **changes: Any) -> Workload:
        given = {"task_directory": self.task, "layers_directory": None, "memory_mib": 256, "network": False, **changes}
        return Workload(temporary_storage=storage, **given)

    async def started(self, storage: TemporaryStorage | None = None, **changes: Any) -> Inside:
        sandbox = await self.blank()
        await sandbox.assign(self.workload(storage or await self.provider.temporary_storage(512), **changes))
        return await Inside(sandbox).start()


async def opened(name: str, folder: Path) -> SandboxProvider:
    if name == "fake":
        return FakeSandboxProvider(fake_function)
    level = IsolationLevel(name)
    report = (await probe({level}))[0]
    if not report.available:
        pytest.skip(f"level {name}: {report.reason}")
    return provider_of(level, folder, network=False)


async def exit_of(sandbox: Sandbox) -> Exit:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.shield(sandbox.exited)
