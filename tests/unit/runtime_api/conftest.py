import asyncio

import pytest

from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import TENANCY, LoopTime, World
from tests.unit.runtime_api.stock_client import Client


def pytest_asyncio_loop_factories(config, item):
    return {"loop_time": LoopTime}


@pytest.fixture
async def world(tmp_path):
    async with World(tmp_path).running() as running:
        yield running


@pytest.fixture
async def runtime(world: World):
    """A provided function whose bootstrap is this test; yields (client, a started first invocation)."""
    await world.create(runtime="provided.al2023", timeout=30, settings=TENANCY)
    addresses = asyncio.Queue()
    world.provider.script = Script(
        init=lambda environment, handler: addresses.put_nowait(environment["AWS_LAMBDA_RUNTIME_API"]) or SILENCE
    )
    request = world.request(payload=b'{"n": 1}', client_context='{\n"custom": {}}', tenant_id="blue")
    invoked = asyncio.get_running_loop().create_task(world.invoker.invoke(request))
    client = await Client(await addresses.get()).open()
    client.request = request
    client.invoked = invoked
    yield client
    client.close()
    await asyncio.wait([invoked])
