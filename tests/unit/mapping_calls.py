"""Calls of event source mappings as the tests of several files make them."""

from typing import Any

from tests.unit.control_world import World

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hello"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:queue"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
NOT_THERE = "The resource you requested does not exist."


async def create(world: World, **members: Any) -> dict[str, Any]:
    return await world.call("CreateEventSourceMapping", **{"FunctionName": "hello", "EventSourceArn": QUEUE, **members})


async def created(world: World, **members: Any) -> str:
    """The UUID of a mapping that is no longer Creating."""
    uuid = (await create(world, **members))["UUID"]
    await world.settle_mappings()
    return uuid


async def get(world: World, uuid: str, **place: Any) -> dict[str, Any]:
    return await world.call("GetEventSourceMapping", UUID=uuid, **place)


async def update(world: World, uuid: str, **members: Any) -> dict[str, Any]:
    return await world.call("UpdateEventSourceMapping", UUID=uuid, **members)


async def listed(world: World, **members: Any) -> list[str]:
    return [each["UUID"] for each in (await world.call("ListEventSourceMappings", **members))["EventSourceMappings"]]


async def state_of(world: World, uuid: str) -> str:
    return (await get(world, uuid))["State"]
