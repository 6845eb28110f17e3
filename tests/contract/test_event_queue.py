"""The contract of the EventQueue, held by the fake and by the one on SQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.core.ports import EventQueue
from lambent.testing.store import FakeEventQueue
from tests.contract.stored_values import event


@pytest.fixture(params=["fake", "sqlite"])
async def queue(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventQueue]:
    if request.param == "fake":
        yield FakeEventQueue()
        return
    database = Database(tmp_path / "data")
    async with database.running():
        yield SqlEventQueue(database)


async def leased(queue: EventQueue, now: float, until: float = 1000.0, limit: int = 10) -> list[str]:
    return [each.event_id for each in await queue.lease(now=now, until=until, limit=limit)]


async def test_an_event_comes_back_as_it_was_put(queue: EventQueue) -> None:
    given = event(qualifier="live", payload=bytes(range(256)), attempts=1, trace_id="Root=1-a", tenant_id="t", accepted=3.25)
    await queue.put(given)
    assert list(await queue.lease(now=10.0, until=20.0, limit=1)) == [given]


async def test_an_event_that_is_not_due_stays(queue: EventQueue) -> None:
    await queue.put(event(due=10.0))
    assert await leased(queue, 9.99) == []
    assert await leased(queue, 10.0) == ["e1"]


async def test_the_oldest_come_first_and_no_more_than_asked(queue: EventQueue) -> None:
    for name, due in (("c", 3.0), ("a", 1.0), ("d", 4.0), ("b", 2.0)):
        await queue.put(event(name, due))
    assert await leased(queue, 100.0, limit=3) == ["a", "b", "c"]
    assert await leased(queue, 100.0, limit=3) == ["d"]


async def test_a_leased_event_is_hidden_until_its_lease_ends(queue: EventQueue) -> None:
    await queue.put(event(due=10.0))
    assert await leased(queue, 10.0, until=50.0) == ["e1"]
    assert await leased(queue, 49.0) == []
    assert await leased(queue, 50.0) == ["e1"]


async def test_no_event_is_leased_twice_by_many_at_once(queue: EventQueue) -> None:
    for number in range(40):
        await queue.put(event(f"e{number}", float(number)))
    taken = await asyncio.gather(*(leased(queue, 100.0, limit=7) for _ in range(10)))
    assert sorted(each for some in taken for each in some) == sorted(f"e{number}" for number in range(40))


async def test_an_acknowledged_event_is_forgotten(queue: EventQueue) -> None:
    await queue.put(event())
    await leased(queue, 10.0, until=20.0)
    await queue.acknowledge("e1")
    await queue.acknowledge("unknown")
    assert await leased(queue, 100.0) == []
    assert await queue.next_due() is None


async def test_a_retry_keeps_the_new_count_and_time_and_ends_the_lease(queue: EventQueue) -> None:
    await queue.put(event(due=10.0))
    (taken,) = await queue.lease(now=10.0, until=1000.0, limit=1)
    await queue.retry(replace(taken, attempts=1, due=70.0))
    assert await leased(queue, 69.0) == []
    (again,) = await queue.lease(now=70.0, until=1000.0, limit=1)
    assert again == replace(event(due=10.0), attempts=1, due=70.0)


async def test_a_retry_of_a_forgotten_event_does_not_bring_it_back(queue: EventQueue) -> None:
    await queue.retry(event())
    assert await queue.next_due() is None


async def test_an_event_put_twice_is_one(queue: EventQueue) -> None:
    await queue.put(event())
    await queue.put(event(payload=b"other"))
    (taken,) = await queue.lease(now=100.0, until=200.0, limit=10)
    assert taken == event()


async def test_the_next_due_time_counts_leases(queue: EventQueue) -> None:
    assert await queue.next_due() is None
    await queue.put(event("a", 10.0))
    await queue.put(event("b", 20.0))
    assert await queue.next_due() == 10.0
    await leased(queue, 10.0, until=15.0)
    assert await queue.next_due() == 15.0
    await queue.acknowledge("a")
    assert await queue.next_due() == 20.0
