"""What provisioned concurrency takes of the account's pool and of a reservation, and who may run besides."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from lambent.core.errors import ThrottleReason, TooManyRequests
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World
from tests.unit.provisioned_world import ON_DEMAND, PROVISIONED, invoke, kind, provision, publish


@asynccontextmanager
async def limited(tmp_path, limit: int, **settings):
    async with World(tmp_path, account_concurrency=limit, **settings).running() as world:
        world.provider.script = Script(behaviour=kind)
        await publish(world)
        yield world


async def running(world: World, count: int, **more) -> list[asyncio.Task[str]]:
    tasks = [asyncio.get_running_loop().create_task(invoke(world, b"5", **more)) for _ in range(count)]
    await asyncio.sleep(0.5)
    return tasks


async def refused(world: World, **more) -> ThrottleReason:
    with pytest.raises(TooManyRequests) as caught:
        await invoke(world, **more)
    return caught.value.reason


async def test_provisioned_seats_are_taken_off_the_pool_whether_used_or_not(tmp_path) -> None:
    async with limited(tmp_path, 3) as world:
        await provision(world, 2)
        others = await running(world, 1, qualifier="$LATEST")
        assert await refused(world, qualifier="$LATEST") is ThrottleReason.ACCOUNT_CONCURRENCY
        mine = await running(world, 2)
        assert await refused(world) is ThrottleReason.ACCOUNT_CONCURRENCY
        assert await asyncio.gather(*mine) == [PROVISIONED] * 2
        await asyncio.gather(*others)
        assert sorted(await asyncio.gather(*(await running(world, 3)))) == [ON_DEMAND, PROVISIONED, PROVISIONED]


async def test_provisioned_as_much_as_reserved_leaves_nothing_for_latest(tmp_path) -> None:
    async with limited(tmp_path, 1000) as world:
        key = world.request().reference.key
        function = await world.store.function(key)
        await world.store.replace_function(
            replace(function, reserved_concurrency=2), expected_revision=function.latest.revision_id
        )
        await provision(world, 1)
        spilling = await running(world, 2)
        assert await refused(world) is ThrottleReason.RESERVED_CONCURRENCY
        assert sorted(await asyncio.gather(*spilling)) == [ON_DEMAND, PROVISIONED]
        assert await invoke(world, qualifier="$LATEST") == ON_DEMAND
        await provision(world, 2)
        assert await refused(world, qualifier="$LATEST") is ThrottleReason.RESERVED_CONCURRENCY
        assert await asyncio.gather(*(await running(world, 2))) == [PROVISIONED] * 2


async def test_the_seat_of_a_caller_who_goes_away_is_held_until_the_end(tmp_path) -> None:
    async with limited(tmp_path, 2) as world:
        await provision(world, 2)
        (gone, _) = await running(world, 2)
        gone.cancel()
        await asyncio.sleep(1)
        assert await refused(world) is ThrottleReason.ACCOUNT_CONCURRENCY
        await asyncio.sleep(10)
        assert await invoke(world) == PROVISIONED
