"""Events follow the event invoke config of exactly the qualifier that was invoked (facts C1)."""

import asyncio

import pytest

from lambent.core.alias import Alias
from lambent.core.async_event import Condition
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import START, World


def failing(event, context):
    raise ValueError


async def configure(world: World, qualifier: str, **fields) -> None:
    version = await world.create()
    await world.store.add_alias(Alias(key=version.key, name="live", version="$LATEST", revision_id="a"))
    await world.store.put_event_invoke_config(
        EventInvokeConfig(key=version.key, qualifier=qualifier, last_modified=START, **fields)
    )


@pytest.mark.parametrize(("invoked", "attempts"), [(None, 1), ("$LATEST", 1), ("live", 3)])
async def test_the_config_of_latest_holds_for_calls_of_latest_only(world: World, invoked: str | None, attempts: int) -> None:
    await configure(world, "$LATEST", maximum_retries=0)
    world.provider.script = Script(behaviour=failing)
    await world.invoker.accept(world.request(qualifier=invoked))
    await asyncio.sleep(400)
    (finish,) = world.finished
    assert (finish.condition, finish.event.attempts) == (Condition.RETRIES_EXHAUSTED, attempts)


async def test_the_config_of_an_alias_holds_for_calls_by_the_alias(world: World) -> None:
    await configure(world, "live", maximum_retries=1)
    world.provider.script = Script(behaviour=failing)
    await world.invoker.accept(world.request(qualifier="live"))
    await asyncio.sleep(400)
    assert [each.event.attempts for each in world.finished] == [2]


async def test_an_event_older_than_its_config_allows_is_given_up(world: World) -> None:
    await configure(world, "$LATEST", maximum_age=60)
    world.provider.script = Script(behaviour=failing)
    await world.invoker.accept(world.request())
    await asyncio.sleep(400)
    (finish,) = world.finished
    assert (finish.condition, finish.event.attempts) == (Condition.EVENT_AGE_EXCEEDED, 2)
