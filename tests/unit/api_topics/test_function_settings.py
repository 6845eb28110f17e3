"""Runtime management per version, and the recursion setting of a function."""

from typing import Any

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceConflict, ResourceNotFound
from lambent.core.function import Owner
from tests.unit.control_world import World

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
RUNTIME = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"


@pytest.fixture
async def published(world: World) -> World:
    """A function with version 1 and alias `live`."""
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world


async def put(world: World, update_on: str, **members: Any) -> dict[str, Any]:
    return await world.call("PutRuntimeManagementConfig", **{"FunctionName": "hello", "UpdateRuntimeOn": update_on, **members})


async def get(world: World, **members: Any) -> dict[str, Any]:
    return await world.call("GetRuntimeManagementConfig", **{"FunctionName": "hello", **members})


async def test_runtimes_are_updated_automatically_unless_told_otherwise(published: World) -> None:
    assert await get(published) == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}:$LATEST"}


async def test_every_version_has_a_mode_of_its_own(published: World) -> None:
    latest = {"UpdateRuntimeOn": "FunctionUpdate", "FunctionArn": f"{ARN}:$LATEST"}
    one = {"UpdateRuntimeOn": "Manual", "FunctionArn": f"{ARN}:1", "RuntimeVersionArn": RUNTIME}
    assert await put(published, "FunctionUpdate") == latest
    assert await put(published, "Manual", Qualifier="1", RuntimeVersionArn=RUNTIME) == one
    assert (await get(published), await get(published, FunctionName="hello:1")) == (latest, one)
    assert await put(published, "Auto", Qualifier="1") == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}:1"}
    await published.configure(Timeout=9)
    assert await get(published) == latest
    await published.publish()
    assert (await get(published, Qualifier="2"))["UpdateRuntimeOn"] == "FunctionUpdate"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"UpdateRuntimeOn": "Manual"}, InvalidParameterValue),
        ({"RuntimeVersionArn": RUNTIME}, InvalidParameterValue),
        ({"Qualifier": "live"}, InvalidParameterValue),
        ({"Qualifier": "7"}, ResourceNotFound),
        ({"FunctionName": "nobody"}, ResourceNotFound),
        ({"FunctionName": ARN.replace("000000000000", "111111111111")}, AccessDenied),
    ],
)
async def test_modes_that_are_refused(published: World, members: dict, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        await put(published, "Auto", **members)
    assert (await get(published))["UpdateRuntimeOn"] == "Auto"


async def test_the_mode_cannot_be_set_while_an_update_is_in_progress(published: World) -> None:
    await published.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=9)
    with pytest.raises(ResourceConflict, match="An update is in progress"):
        await put(published, "FunctionUpdate")
    await published.activate()
    await put(published, "FunctionUpdate")


async def test_the_mode_is_no_change_that_can_be_published(published: World) -> None:
    await put(published, "FunctionUpdate")
    assert await published.publish() == "1"


async def test_loops_are_terminated_unless_told_otherwise(published: World) -> None:
    assert await published.call("GetFunctionRecursionConfig", FunctionName="hello") == {"RecursiveLoop": "Terminate"}
    reply = await published.call("PutFunctionRecursionConfig", FunctionName="hello", RecursiveLoop="Allow")
    assert reply == await published.call("GetFunctionRecursionConfig", FunctionName=ARN) == {"RecursiveLoop": "Allow"}


async def test_the_recursion_setting_is_the_functions_and_its_owners(published: World) -> None:
    stranger = Owner(account="111111111111", region="us-east-1")
    for operation, members in (("GetFunctionRecursionConfig", {}), ("PutFunctionRecursionConfig", {"RecursiveLoop": "Allow"})):
        with pytest.raises(InvalidParameterValue, match="Aliases and versions do not support this operation"):
            await published.call(operation, FunctionName="hello:1", **members)
        with pytest.raises(ResourceNotFound):
            await published.call(operation, FunctionName="nobody", **members)
        with pytest.raises(AccessDenied):
            await published.call(operation, caller=stranger, FunctionName=ARN, **members)
