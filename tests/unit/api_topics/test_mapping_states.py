"""The states of event source mappings: how long a change takes, what it leads to, and what is refused meanwhile (facts D1)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lambent.core.errors import ResourceInUse, ResourceNotFound, ServiceFault
from lambent.core.event_source_mapping import EventSourceMapping
from lambent.testing.store import FakeStore
from tests.unit.control_world import World
from tests.unit.mapping_calls import NOT_THERE, create, created, get, listed, state_of, update


async def test_a_transition_takes_its_time_and_no_longer(published: World) -> None:
    uuid = (await create(published))["UUID"]
    assert await published.transitions.settle_due() == pytest.approx(1.0)
    assert await state_of(published, uuid) == "Creating"
    published.clock.set(1.0)
    assert await published.transitions.settle_due() == pytest.approx(1.0)
    published.clock.set(2e9)
    assert await published.transitions.settle_due() is None
    assert await state_of(published, uuid) == "Enabled"


@pytest.mark.parametrize(
    ("enabled", "change", "during", "after"),
    [
        (True, {"BatchSize": 5}, "Updating", "Enabled"),
        (True, {"Enabled": True}, "Updating", "Enabled"),
        (True, {"Enabled": False}, "Disabling", "Disabled"),
        (False, {"Enabled": True, "BatchSize": 5}, "Enabling", "Enabled"),
        (False, {"BatchSize": 5}, "Updating", "Disabled"),
    ],
)
async def test_an_update_goes_through_a_state_of_its_own(
    published: World, enabled: bool, change: dict[str, Any], during: str, after: str
) -> None:
    uuid = await created(published, Enabled=enabled)
    assert await state_of(published, uuid) == ("Enabled" if enabled else "Disabled")
    reply = await update(published, uuid, **change)
    assert reply["State"] == during
    assert reply["BatchSize"] == change.get("BatchSize", 10)
    await published.settle_mappings()
    assert await state_of(published, uuid) == after


async def test_a_deleted_mapping_is_shown_as_deleting_and_then_gone(published: World) -> None:
    uuid = await created(published)
    assert (await published.call("DeleteEventSourceMapping", UUID=uuid))["State"] == "Deleting"
    assert await state_of(published, uuid) == "Deleting"
    await published.settle_mappings()
    with pytest.raises(ResourceNotFound, match=NOT_THERE):
        await get(published, uuid)
    assert await listed(published) == []


async def test_what_is_in_use_can_be_neither_updated_nor_deleted(published: World) -> None:
    uuid = (await create(published))["UUID"]
    for _ in ("Creating", "Deleting"):
        with pytest.raises(ResourceInUse, match="Cannot update the event source mapping because it is in use"):
            await update(published, uuid, BatchSize=5)
        with pytest.raises(ResourceInUse, match="Cannot delete the event source mapping because it is in use"):
            await published.call("DeleteEventSourceMapping", UUID=uuid)
        await published.settle_mappings()
        if await listed(published):
            await published.call("DeleteEventSourceMapping", UUID=uuid)


class TroubledStore(FakeStore):
    """A store whose every second look for work fails."""

    looks = 0

    async def unsettled_event_source_mappings(self) -> Sequence[EventSourceMapping]:
        self.looks += 1
        if self.looks % 2:
            raise ServiceFault("The store could not be read.")
        return await super().unsettled_event_source_mappings()


async def test_the_loop_ends_transitions_and_survives_trouble_with_the_store(tmp_path: Path) -> None:
    store = TroubledStore()
    world = World(tmp_path, store=store)
    await world.active()
    uuid = (await create(world))["UUID"]
    running = asyncio.get_running_loop().create_task(world.transitions.run())
    try:
        async with asyncio.timeout(30):
            world.clock.advance(5)
            while await state_of(world, uuid) != "Enabled":
                await asyncio.sleep(0.01)
            await update(world, uuid, Enabled=False)
            world.clock.advance(5)
            while await state_of(world, uuid) != "Disabled":
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    assert store.looks >= 3
