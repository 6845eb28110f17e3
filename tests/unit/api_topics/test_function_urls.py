"""Function URL configs: create, update, read, delete, list; for a function and for its aliases (facts B5)."""

import asyncio
from typing import Any

import pytest

from lambent.api.function_urls import function_url
from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceConflict, ResourceNotFound
from lambent.core.function import FunctionKey, Owner
from lambent.core.function_url import AuthType, FunctionUrl
from tests.unit.control_world import World

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
CORS = {"AllowOrigins": ["*"], "AllowMethods": ["GET", "*"], "MaxAge": 60, "AllowCredentials": False}


@pytest.fixture
async def published(world: World) -> World:
    """A function with version 1 and alias `live`."""
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world


async def create(world: World, **members: Any) -> dict[str, Any]:
    return await world.call("CreateFunctionUrlConfig", **{"FunctionName": "hello", "AuthType": "NONE", **members})


async def get(world: World, **members: Any) -> dict[str, Any]:
    return await world.call("GetFunctionUrlConfig", **{"FunctionName": "hello", **members})


async def test_a_url_is_created_and_shown(published: World) -> None:
    made = await create(published, Cors=CORS)
    label, _, rest = made.pop("FunctionUrl").removeprefix("http://").partition(".")
    assert (len(label), rest) == (32, "lambda-url.us-east-1.localhost:4566/")
    assert made.pop("CreationTime").endswith("+0000")
    assert made == {"FunctionArn": ARN, "AuthType": "NONE", "Cors": CORS, "InvokeMode": "BUFFERED"}
    shown = await get(published)
    assert shown["LastModifiedTime"] == shown["CreationTime"]
    assert {name: shown[name] for name in made} == made


async def test_an_update_keeps_the_url_and_what_is_left_out(published: World) -> None:
    made = await create(published, Cors=CORS)
    published.clock.advance(5)
    update = await published.call(
        "UpdateFunctionUrlConfig", FunctionName="hello", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM"
    )
    assert {name: update[name] for name in ("FunctionUrl", "CreationTime", "Cors")} == {
        name: made[name] for name in ("FunctionUrl", "CreationTime", "Cors")
    }
    assert (update["AuthType"], update["InvokeMode"]) == ("AWS_IAM", "RESPONSE_STREAM")
    assert update["LastModifiedTime"] > update["CreationTime"]
    assert "Cors" not in await published.call("UpdateFunctionUrlConfig", FunctionName="hello", Cors={})


async def test_the_function_and_each_alias_have_one_each(published: World) -> None:
    own, alias = await create(published), await create(published, Qualifier="live")
    assert alias["FunctionArn"] == f"{ARN}:live"
    assert own["FunctionUrl"] != alias["FunctionUrl"]
    first = await published.call("ListFunctionUrlConfigs", FunctionName="hello", MaxItems=1)
    rest = await published.call("ListFunctionUrlConfigs", FunctionName="hello", Marker=first["NextMarker"])
    found = [each["FunctionArn"] for each in (*first["FunctionUrlConfigs"], *rest["FunctionUrlConfigs"])]
    assert found == [ARN, f"{ARN}:live"]
    assert "NextMarker" not in rest


async def test_a_second_url_is_a_conflict_also_side_by_side(published: World) -> None:
    results = await asyncio.gather(*(create(published) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, ResourceConflict) for each in results) == 4
    with pytest.raises(ResourceConflict, match="FunctionUrlConfig exists for this Lambda function"):
        await create(published)


async def test_deleting_and_creating_gives_another_url(published: World) -> None:
    made = await create(published)
    assert await published.call("DeleteFunctionUrlConfig", FunctionName="hello") == {}
    for operation in ("GetFunctionUrlConfig", "DeleteFunctionUrlConfig", "UpdateFunctionUrlConfig"):
        with pytest.raises(ResourceNotFound, match="The resource you requested does not exist"):
            await published.call(operation, FunctionName="hello")
    assert (await create(published))["FunctionUrl"] != made["FunctionUrl"]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"FunctionName": "nobody"}, ResourceNotFound),
        ({"Qualifier": "dead"}, ResourceNotFound),
        ({"FunctionName": "hello:1"}, InvalidParameterValue),
        ({"FunctionName": "hello:$LATEST"}, InvalidParameterValue),
        ({"Cors": {"AllowMethods": ["GET", "FETCH"]}}, InvalidParameterValue),
        ({"FunctionName": ARN.replace("000000000000", "111111111111")}, AccessDenied),
    ],
)
async def test_urls_that_are_refused(published: World, members: dict, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        await create(published, **members)
    assert (await published.call("ListFunctionUrlConfigs", FunctionName="hello"))["FunctionUrlConfigs"] == []


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("http://127.0.0.1:4566", "http://x.lambda-url.eu-west-1.localhost:4566/"),
        ("http://[::1]:4566", "http://x.lambda-url.eu-west-1.localhost:4566/"),
        ("http://localhost:80", "http://x.lambda-url.eu-west-1.localhost:80/"),
        ("http://lambda.example.org", "http://x.lambda-url.eu-west-1.lambda.example.org/"),
    ],
)
def test_the_url_is_under_the_name_by_which_the_server_was_reached(endpoint: str, shown: str) -> None:
    key = FunctionKey(owner=Owner(account="0", region="eu-west-1"), name="f")
    url = FunctionUrl(key=key, qualifier="", url_id="x", auth_type=AuthType.NONE, created=0, modified=0)
    assert function_url(url, endpoint) == shown
