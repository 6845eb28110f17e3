"""Tags, reserved concurrency and account settings."""

import asyncio

import pytest

from lambent.core.errors import InvalidParameterValue, LambdaError, ResourceConflict, ResourceNotFound
from lambent.core.function import Owner
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
OTHER = Owner(account="111111111111", region="us-east-1")


async def test_tags_are_added_replaced_and_removed(world: World) -> None:
    await world.active(Tags={"a": "1", "b": "2"})
    await world.call("TagResource", Resource=ARN, Tags={"b": "3", "c": "4"})
    assert await world.call("ListTags", Resource=ARN) == {"Tags": {"a": "1", "b": "3", "c": "4"}}
    await world.call("UntagResource", Resource=ARN, TagKeys=["a", "c", "unknown"])
    assert await world.call("ListTags", Resource=ARN) == {"Tags": {"b": "3"}}


async def test_no_tags_are_an_empty_map(world: World) -> None:
    await world.active()
    assert await world.call("ListTags", Resource=ARN) == {"Tags": {}}


TAG_CALLS = [("ListTags", {}), ("TagResource", {"Tags": {"a": "b"}}), ("UntagResource", {"TagKeys": ["a"]})]


@pytest.mark.parametrize(("operation", "given"), TAG_CALLS)
@pytest.mark.parametrize(
    ("arn", "error"),
    [
        (f"{ARN}:1", InvalidParameterValue),
        (f"{ARN}:$LATEST", InvalidParameterValue),
        (f"{ARN}-unknown", ResourceNotFound),
        ("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:14e0db71-xxxx", ResourceNotFound),
    ],
)
async def test_only_functions_that_exist_have_tags(
    world: World, operation: str, given: dict[str, object], arn: str, error: type[LambdaError]
) -> None:
    await world.active(Publish=True)
    with pytest.raises(error):
        await world.call(operation, Resource=arn, **given)


async def test_tagging_waits_for_updates_but_not_for_the_first_activation(world: World) -> None:
    await world.create()
    await world.call("TagResource", Resource=ARN, Tags={"a": "b"})
    await world.activate()
    await world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=9)
    with pytest.raises(ResourceConflict, match="An update is in progress"):
        await world.call("TagResource", Resource=ARN, Tags={"c": "d"})


@pytest.mark.parametrize("tags", [{"aws:x": "y"}, {f"k{number}": "" for number in range(51)}])
async def test_tags_that_may_not_be_are_refused(world: World, tags: dict[str, str]) -> None:
    await world.active(Tags={"a": "b"})
    with pytest.raises(InvalidParameterValue):
        await world.call("TagResource", Resource=ARN, Tags=tags)
    assert await world.call("ListTags", Resource=ARN) == {"Tags": {"a": "b"}}


async def test_concurrency_is_put_read_and_deleted(world: World) -> None:
    await world.active()
    assert await world.call("GetFunctionConcurrency", FunctionName="hello") == {}
    put = await world.call("PutFunctionConcurrency", FunctionName=ARN, ReservedConcurrentExecutions=0)
    assert put == {"ReservedConcurrentExecutions": 0}
    assert await world.call("GetFunctionConcurrency", FunctionName="hello") == put
    for _ in range(2):
        assert await world.call("DeleteFunctionConcurrency", FunctionName="hello") == {}
    assert await world.call("GetFunctionConcurrency", FunctionName="hello") == {}


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("PutFunctionConcurrency", {"ReservedConcurrentExecutions": 1}),
        ("GetFunctionConcurrency", {}),
        ("DeleteFunctionConcurrency", {}),
    ],
)
@pytest.mark.parametrize(
    ("name", "error"), [("nobody", ResourceNotFound), ("hello:1", InvalidParameterValue), (f"{ARN}:live", InvalidParameterValue)]
)
async def test_concurrency_is_for_whole_functions(
    world: World, operation: str, given: dict[str, object], name: str, error: type[LambdaError]
) -> None:
    await world.active(Publish=True)
    with pytest.raises(error):
        await world.call(operation, FunctionName=name, **given)


async def test_one_hundred_stay_unreserved_over_all_functions(world: World) -> None:
    await world.active("a")
    await world.active("b")
    await world.call("PutFunctionConcurrency", FunctionName="a", ReservedConcurrentExecutions=500)
    with pytest.raises(InvalidParameterValue, match=r"below its minimum value of \[100\]"):
        await world.call("PutFunctionConcurrency", FunctionName="b", ReservedConcurrentExecutions=401)
    await world.call("PutFunctionConcurrency", FunctionName="b", ReservedConcurrentExecutions=400)
    await world.call("PutFunctionConcurrency", FunctionName="a", ReservedConcurrentExecutions=400)
    await world.call("PutFunctionConcurrency", FunctionName="a", ReservedConcurrentExecutions=500)


async def test_reservations_made_side_by_side_do_not_add_up_to_too_much(world: World) -> None:
    for name in "abcd":
        await world.active(name)
    replies = await asyncio.gather(
        *(world.call("PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=300) for name in "abcd"),
        return_exceptions=True,
    )
    assert [type(each) for each in replies] == [dict, dict, dict, InvalidParameterValue]


async def test_account_settings_show_live_usage(world: World) -> None:
    assert (await world.call("GetAccountSettings"))["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}
    await world.active(Publish=True)
    await world.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=300)
    await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
    assert await world.call("GetAccountSettings") == {
        "AccountLimit": {
            "TotalCodeSize": 300 * 1024**3,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 700,
        },
        "AccountUsage": {"TotalCodeSize": 2 * len("code") + len("layer"), "FunctionCount": 1},
    }
    assert (await world.call("GetAccountSettings", caller=OTHER))["AccountUsage"]["FunctionCount"] == 0
