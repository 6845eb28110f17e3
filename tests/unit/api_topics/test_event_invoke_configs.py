"""Event invoke configs: put, update, get, delete, list; per qualifier."""

import asyncio

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, ResourceNotFound
from lambent.core.function import Owner
from tests.unit.control_world import World

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
NO_DESTINATIONS = {"OnSuccess": {}, "OnFailure": {}}


@pytest.fixture
async def published(world: World) -> World:
    """A function with version 1 and alias `live`."""
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world


async def put(world: World, **members):
    return await world.call("PutFunctionEventInvokeConfig", FunctionName="hello", **members)


async def get(world: World, **members):
    return await world.call("GetFunctionEventInvokeConfig", FunctionName="hello", **members)


async def test_a_config_shows_what_was_given_under_the_arn_of_latest(published: World) -> None:
    reply = await put(published, MaximumRetryAttempts=0)
    assert reply == {
        "FunctionArn": f"{ARN}:$LATEST",
        "LastModified": published.clock.now(),
        "MaximumRetryAttempts": 0,
        "DestinationConfig": NO_DESTINATIONS,
    }
    assert await get(published) == await get(published, Qualifier="$LATEST") == reply


async def test_put_replaces_all_and_update_keeps_what_is_left_out(published: World) -> None:
    await put(published, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": QUEUE}})
    update = await published.call("UpdateFunctionEventInvokeConfig", FunctionName="hello", MaximumEventAgeInSeconds=60)
    assert (update["MaximumRetryAttempts"], update["MaximumEventAgeInSeconds"]) == (1, 60)
    assert update["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}
    reply = await put(published, MaximumEventAgeInSeconds=61)
    assert "MaximumRetryAttempts" not in reply
    assert reply["DestinationConfig"] == NO_DESTINATIONS


@pytest.mark.parametrize("nothing", [{}, {"Destination": ""}])
async def test_an_empty_destination_takes_it_away(published: World, nothing: dict) -> None:
    await put(published, DestinationConfig={"OnFailure": {"Destination": QUEUE}, "OnSuccess": {"Destination": QUEUE}})
    reply = await published.call(
        "UpdateFunctionEventInvokeConfig", FunctionName="hello", DestinationConfig={"OnFailure": nothing}
    )
    assert reply["DestinationConfig"] == {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {}}


async def test_every_qualifier_has_its_own_and_all_are_listed(published: World) -> None:
    for number, qualifier in enumerate(("$LATEST", "1", "live")):
        await put(published, Qualifier=qualifier, MaximumRetryAttempts=number)
    assert (await get(published, Qualifier="live"))["FunctionArn"] == f"{ARN}:live"
    first = await published.call("ListFunctionEventInvokeConfigs", FunctionName="hello", MaxItems=2)
    rest = await published.call("ListFunctionEventInvokeConfigs", FunctionName="hello", Marker=first["NextMarker"])
    listed = [*first["FunctionEventInvokeConfigs"], *rest["FunctionEventInvokeConfigs"]]
    assert [each["MaximumRetryAttempts"] for each in listed] == [0, 1, 2]
    assert "NextMarker" not in rest


async def test_a_deleted_config_is_gone_and_cannot_be_deleted_again(published: World) -> None:
    await put(published, MaximumRetryAttempts=0)
    assert await published.call("DeleteFunctionEventInvokeConfig", FunctionName="hello") == {}
    for operation in ("GetFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"):
        with pytest.raises(ResourceNotFound) as refusal:
            await published.call(operation, FunctionName="hello")
        assert refusal.value.message == f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig"


async def test_update_needs_a_config(published: World) -> None:
    with pytest.raises(ResourceNotFound, match="hello:live doesn't have an EventInvokeConfig"):
        await published.call("UpdateFunctionEventInvokeConfig", FunctionName="hello", Qualifier="live", MaximumRetryAttempts=1)


@pytest.mark.parametrize("members", [{"FunctionName": "nobody"}, {"Qualifier": "7"}, {"Qualifier": "dead"}])
async def test_what_does_not_exist_gets_no_config(published: World, members: dict) -> None:
    with pytest.raises(ResourceNotFound, match=r"^The function doesn't exist\.$"):
        await published.call("PutFunctionEventInvokeConfig", **{"FunctionName": "hello", "MaximumRetryAttempts": 1, **members})


async def test_the_configs_of_nobody_cannot_be_listed(published: World) -> None:
    with pytest.raises(ResourceNotFound):
        await published.call("ListFunctionEventInvokeConfigs", FunctionName="nobody")


async def test_an_empty_request_is_refused(published: World) -> None:
    with pytest.raises(InvalidParameterValue, match="You must specify at least one of"):
        await put(published)


@pytest.mark.parametrize(
    ("side", "target"),
    [
        ("OnSuccess", "arn:aws:s3:::bucket"),
        ("OnFailure", "arn:aws:kinesis:us-east-1:000000000000:stream/s"),
        ("OnFailure", "arn:aws:sqs:us-east-1:000000000000:q.fifo"),
        ("OnSuccess", "arn:aws:lambda:us-east-1:000000000000:layer:x"),
        ("OnFailure", "kafka://topic"),
    ],
)
async def test_a_destination_of_a_kind_that_lambda_has_not_is_refused(published: World, side: str, target: str) -> None:
    with pytest.raises(InvalidParameterValue, match="is invalid"):
        await put(published, DestinationConfig={side: {"Destination": target}})
    with pytest.raises(ResourceNotFound):
        await get(published)


@pytest.mark.parametrize("target", [ARN, f"{ARN}:live"])
async def test_a_function_is_no_destination_for_itself(published: World, target: str) -> None:
    with pytest.raises(InvalidParameterValue, match="as a destination for itself"):
        await put(published, DestinationConfig={"OnSuccess": {"Destination": target}})


@pytest.mark.parametrize(
    "target",
    [
        "arn:aws:s3:::bucket",
        f"{ARN}2:live",
        "arn:aws:sns:us-east-1:000000000000:topic",
        "arn:aws:events:us-east-1:000000000000:event-bus/default",
    ],
)
async def test_failures_may_go_to_every_kind_of_destination(published: World, target: str) -> None:
    reply = await put(published, DestinationConfig={"OnFailure": {"Destination": target}})
    assert reply["DestinationConfig"]["OnFailure"] == {"Destination": target}


async def test_updates_side_by_side_lose_nothing(published: World) -> None:
    await put(published, MaximumRetryAttempts=2)
    update = "UpdateFunctionEventInvokeConfig"
    await asyncio.gather(
        published.call(update, FunctionName="hello", MaximumRetryAttempts=1),
        published.call(update, FunctionName="hello", MaximumEventAgeInSeconds=60),
        published.call(update, FunctionName="hello", DestinationConfig={"OnFailure": {"Destination": QUEUE}}),
    )
    reply = await get(published)
    assert (reply["MaximumRetryAttempts"], reply["MaximumEventAgeInSeconds"]) == (1, 60)
    assert reply["DestinationConfig"]["OnFailure"] == {"Destination": QUEUE}


async def test_another_accounts_function_is_denied(published: World) -> None:
    stranger = Owner(account="111111111111", region="us-east-1")
    with pytest.raises(AccessDenied, match="lambda:GetFunctionEventInvokeConfig"):
        await published.call("GetFunctionEventInvokeConfig", caller=stranger, FunctionName=ARN)
