"""What the contracts are held against: stores and isolation levels."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.logs import DiskLogStore
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.store import SqlStore
from lambent.core.ports import LogStore, Store
from lambent.testing.logs import FakeLogStore
from lambent.testing.store import FakeStore
from lambent.testing.system import FakeClock
from tests.contract.sandbox_inside import write_code
from tests.contract.sandbox_world import PROMISES, World, opened


@pytest.fixture(params=["fake", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    database = Database(tmp_path / "data")
    async with database.running():
        yield SqlStore(database)


@pytest.fixture(params=["fake", "disk"])
async def logs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogStore]:
    clock = FakeClock(now=1_700_000_000.0)
    if request.param == "fake":
        yield FakeLogStore(clock)
        return
    store = DiskLogStore(tmp_path / "logs", clock, retention_bytes=1 << 30)
    async with store.running():
        yield store


@pytest.fixture(params=list(PROMISES))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    provider = await opened(request.param, tmp_path / "sandboxes")
    async with provider.running():
        found = World(provider, write_code(tmp_path / "code"), PROMISES[request.param], [])
        yield found
        for sandbox in found.made:
            await sandbox.destroy()


@pytest.fixture
def coded(world: World) -> World:
    if not world.promises.code:
        pytest.skip("the fake runs no code")
    return world
