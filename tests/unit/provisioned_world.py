"""Versions with provisioned concurrency in the data plane on fakes."""

import asyncio
import json
from dataclasses import replace

from lambent.core.function import FunctionVersion
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig, Standing
from tests.unit.invoke_world import World

PROVISIONED, ON_DEMAND = "provisioned-concurrency", "on-demand"


async def kind(event: bytes, context) -> bytes:
    """How the environment came to be; an event that is a number is slept on first."""
    seconds = json.loads(event)
    if isinstance(seconds, int):
        await asyncio.sleep(seconds)
    return context.environment["AWS_LAMBDA_INITIALIZATION_TYPE"].encode()


async def publish(world: World, number: str = "1", *, name: str = "hello", **configuration) -> FunctionVersion:
    """Create the function if need be, and publish a version of it."""
    key = world.request(name).reference.key
    function = await world.store.function(key)
    latest = (await world.create(name, **{"timeout": 60, **configuration})) if function is None else function.latest
    version = replace(latest, version=number, revision_id=f"{name}-r{number}")
    stored = await world.store.function(key)
    await world.store.publish_version(version, function=stored, expected_revision=latest.revision_id)
    return version


async def provision(world: World, amount: int, qualifier: str = "1", *, name: str = "hello") -> None:
    key = world.request(name).reference.key
    at = world.clock.now()
    config = ProvisionedConcurrencyConfig(key=key, qualifier=qualifier, requested=amount, last_modified=at)
    await world.store.put_provisioned_concurrency(config)
    await asyncio.sleep(0.1)


def standing(world: World, number: str = "1", name: str = "hello") -> Standing:
    return world.plane.standing(world.request(name).reference.key, number)


async def invoke(world: World, payload: bytes = b"{}", qualifier: str = "1", **more) -> str:
    return (await world.invoke(payload=payload, qualifier=qualifier, **more)).outcome.payload.decode()
