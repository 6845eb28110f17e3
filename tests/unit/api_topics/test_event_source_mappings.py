"""Event source mappings: create, update, read, list (facts D1)."""

import asyncio
from typing import Any

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceConflict, ResourceNotFound
from lambent.core.function import Owner
from tests.unit.control_world import World
from tests.unit.mapping_calls import FUNCTION, NOT_THERE, QUEUE, STREAM, create, created, get, listed, state_of, update


async def test_a_mapping_is_created_shown_and_enabled(published: World) -> None:
    made = await create(published)
    uuid = made["UUID"]
    assert made == {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}",
        "EventSourceArn": QUEUE,
        "FunctionArn": FUNCTION,
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "LastModified": published.clock.now(),
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert await get(published, uuid) == made
    await published.settle_mappings()
    assert await get(published, uuid) == {**made, "State": "Enabled", "LastModified": published.clock.now()}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, f'An event source mapping with SQS arn (" {QUEUE} ") and function (" hello ") already exists. Please'),
        (
            {"EventSourceArn": STREAM, "StartingPosition": "LATEST"},
            f'The event source arn (" {STREAM} ") and function (" hello ") provided mapping already exists. Please',
        ),
    ],
)
async def test_a_source_feeds_a_function_once(published: World, members: dict[str, Any], words: str) -> None:
    uuid = (await create(published, **members))["UUID"]
    with pytest.raises(ResourceConflict) as refusal:
        await create(published, **members)
    assert refusal.value.message == f"{words} update or delete the existing mapping with UUID {uuid}"
    await create(published, **members, FunctionName="hello:live")
    assert len(await listed(published)) == 2


async def test_an_update_may_not_make_a_mapping_like_another(published: World) -> None:
    first = await created(published)
    second = await created(published, FunctionName="hello:live")
    with pytest.raises(ResourceConflict, match=first):
        await update(published, second, FunctionName="hello")
    assert (await get(published, second))["FunctionArn"] == f"{FUNCTION}:live"


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("hello", FUNCTION),
        (FUNCTION, FUNCTION),
        ("000000000000:function:hello", FUNCTION),
        ("000000000000:function:hello:live", f"{FUNCTION}:live"),
        ("hello:1", f"{FUNCTION}:1"),
        (f"{FUNCTION}:$LATEST", f"{FUNCTION}:$LATEST"),
    ],
)
async def test_a_function_may_be_named_in_every_way(published: World, name: str, arn: str) -> None:
    uuid = await created(published, FunctionName=name)
    assert (await get(published, uuid))["FunctionArn"] == arn
    assert await listed(published, FunctionName=arn) == [uuid]
    other = "hello" if name != "hello" else "hello:1"
    assert await listed(published, FunctionName=other) == ([uuid] if arn == FUNCTION and other == "hello" else [])


@pytest.mark.parametrize("name", ["nobody", "hello:2", "hello:dead", f"{FUNCTION}:dead"])
async def test_a_function_that_does_not_exist_is_refused(published: World, name: str) -> None:
    uuid = await created(published)
    for refused in (create(published, FunctionName=name), update(published, uuid, FunctionName=name)):
        with pytest.raises(InvalidParameterValue, match="Function does not exist"):
            await refused
    assert await listed(published) == [uuid]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (FUNCTION.replace("000000000000", "111111111111"), AccessDenied),
        (FUNCTION.replace("us-east-1", "eu-west-1"), ResourceNotFound),
        ("h" * 65, LambdaError),
    ],
)
async def test_functions_elsewhere_are_out_of_reach(published: World, name: str, error: type[LambdaError]) -> None:
    for operation in ("CreateEventSourceMapping", "ListEventSourceMappings"):
        with pytest.raises(error):
            await published.call(operation, FunctionName=name, EventSourceArn=QUEUE)


async def test_mappings_are_their_owners_alone(published: World) -> None:
    uuid = await created(published)
    for caller in (Owner(account="111111111111", region="us-east-1"), Owner(account="000000000000", region="eu-west-1")):
        place = {"caller": caller}
        assert await listed(published, **place) == []
        for operation in ("GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"):
            with pytest.raises(ResourceNotFound, match=NOT_THERE):
                await published.call(operation, UUID=uuid, **place)
    assert await state_of(published, uuid) == "Enabled"


async def test_a_mapping_outlives_its_function_and_alias(published: World) -> None:
    whole, aliased = await created(published), await created(published, FunctionName="hello:live")
    await published.call("DeleteAlias", FunctionName="hello", Name="live")
    await published.call("DeleteFunction", FunctionName="hello")
    assert await listed(published, FunctionName="hello") == [whole]
    assert await listed(published, FunctionName="hello:live") == [aliased]
    assert (await update(published, whole, Enabled=False))["State"] == "Disabling"
    await published.settle_mappings()
    await published.call("DeleteEventSourceMapping", UUID=whole)
    await published.settle_mappings()
    assert await listed(published) == [aliased]


async def test_lists_come_in_pages_and_by_source(published: World) -> None:
    made = sorted([(await create(published, EventSourceArn=f"{QUEUE}-{number}"))["UUID"] for number in range(5)])
    first = await published.call("ListEventSourceMappings", MaxItems=3)
    rest = await published.call("ListEventSourceMappings", MaxItems=3, Marker=first["NextMarker"])
    assert "NextMarker" not in rest
    assert [each["UUID"] for page in (first, rest) for each in page["EventSourceMappings"]] == made
    assert len(await listed(published, EventSourceArn=f"{QUEUE}-3")) == 1
    assert await listed(published, EventSourceArn=f"{QUEUE}-3", FunctionName="hello:live") == []
    with pytest.raises(InvalidParameterValue, match="marker"):
        await listed(published, Marker="made-up")


async def test_a_page_has_a_hundred_mappings_at_most(published: World) -> None:
    for number in range(101):
        await create(published, EventSourceArn=f"{QUEUE}-{number}")
    page = await published.call("ListEventSourceMappings", MaxItems=10_000)
    assert len(page["EventSourceMappings"]) == 100
    assert len(await listed(published, Marker=page["NextMarker"])) == 1


async def test_of_two_who_create_the_same_one_wins(published: World) -> None:
    replies = await asyncio.gather(*(create(published) for _ in range(8)), return_exceptions=True)
    assert sorted(type(each) is dict for each in replies) == [False] * 7 + [True]
    assert all(isinstance(each, dict | ResourceConflict) for each in replies)
