"""Compares the fake Store with the one on SQLite over one history of writes: what each answers, notices and holds at the end."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.store import SqlStore
from lambent.core.ports import AlreadyStored, StaleWrite, Store
from lambent.testing.store import FakeStore

Step = Callable[[Store], Awaitable[Any]]
Picture = Callable[[Store], Awaitable[list[Any]]]
Subscribe = Callable[[Store, Callable[[Any], None]], None]


def check_history(todo: list[Step], picture: Picture, subscribe: Subscribe = lambda store, told: store.subscribe(told)) -> None:
    """`picture` reads all that the test is about."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_compare(todo, Path(folder), picture, subscribe))


async def _compare(todo: list[Step], folder: Path, picture: Picture, subscribe: Subscribe) -> None:
    database, fake = Database(folder), FakeStore()
    async with database.running():
        real = SqlStore(database)
        told: list[list[Any]] = [[], []]
        subscribe(fake, told[0].append)
        subscribe(real, told[1].append)
        for step in todo:
            assert await _outcome(step, fake) == await _outcome(step, real)
        assert await picture(fake) == await picture(real)
        assert told[0] == told[1]


async def _outcome(step: Step, store: Store) -> Any:
    try:
        return await step(store)
    except (AlreadyStored, StaleWrite) as refusal:
        return type(refusal)
