import pytest

from tests.unit.invoke_world import LoopTime, World


def pytest_asyncio_loop_factories(config, item):
    return {"loop_time": LoopTime}


@pytest.fixture
async def world(tmp_path):
    async with World(tmp_path).running() as running:
        yield running
