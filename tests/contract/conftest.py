"""The stores that the Store's contract is held against."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.store import SqlStore
from lambent.core.ports import Store
from lambent.testing.store import FakeStore


@pytest.fixture(params=["fake", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    database = Database(tmp_path / "data")
    async with database.running():
        yield SqlStore(database)
