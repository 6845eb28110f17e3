"""Functions with external extensions on fakes: a layer with files in extensions/, and programs that play them."""

import asyncio

from lambent.core.function import LayerReference
from lambent.testing.extensions import FakeExtension
from tests.unit.invoke_world import World, zip_of


async def extended(world: World, **programs) -> None:
    """Create `hello` with one layer that has these external extensions: coroutines, or errno of executing them."""
    await extended_by(world, programs)


async def extended_by(world: World, programs: dict, **configuration) -> None:
    package = await world.packages.add_zip(zip_of({f"extensions/{name}": "#!/bin/sh" for name in programs}))
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:extensions:1"
    world.provider.extensions = programs
    await world.create(layers=(LayerReference(arn=arn, package=package),), **configuration)


def listening(events: list, *kinds: str, before_next=None, at_end: int = 0):
    """An extension that registers for these kinds and keeps what it is handed in `events`, until SHUTDOWN."""

    async def program(extension: FakeExtension) -> int:
        reply = await extension.register(*kinds)
        assert reply.status == 200, reply
        while True:
            event = await extension.next()
            events.append(event)
            if event["eventType"] == "SHUTDOWN":
                return at_end
            if before_next is not None:
                await before_next(extension)

    return program


async def settled(world: World) -> None:
    """What goes on in the background is over."""
    for _ in range(1000):
        if not any(lane.busy for lane in world.plane._pool._lanes.values()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("an invocation did not end")


async def logged(world: World) -> list[str]:
    await settled(world)
    return world.log()
