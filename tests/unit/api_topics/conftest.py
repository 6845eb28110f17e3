"""A control plane of its own for each test."""

from pathlib import Path

import pytest

from tests.unit.control_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def published(world: World) -> World:
    """A function `hello` with version 1 and alias `live`."""
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world
