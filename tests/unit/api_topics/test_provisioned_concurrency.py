"""Provisioned concurrency: put, get, delete, list; what is refused, and what it takes from the account."""

import asyncio

import pytest

from lambent.core.errors import (
    AccessDenied,
    InvalidParameterValue,
    LambdaError,
    ProvisionedConcurrencyConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.function import Owner
from lambent.core.provisioned_concurrency import INIT_FAILURE, Standing
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
OTHER_ACCOUNT = Owner(account="111111111111", region="us-east-1")
OTHER_REGION = Owner(account="000000000000", region="eu-west-1")


@pytest.fixture
async def published(world: World) -> World:
    """A function with versions 1 and 2, and alias `live` of version 1."""
    await world.active(Publish=True)
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("other"), Publish=True)
    await world.activate()
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world


async def put(world: World, qualifier: str = "live", amount: int = 2, *, name: str = "hello", **more):
    given = {"Qualifier": qualifier, "ProvisionedConcurrentExecutions": amount, **more}
    return await world.call("PutProvisionedConcurrencyConfig", FunctionName=name, **given)


async def get(world: World, qualifier: str = "live", **more):
    return await world.call("GetProvisionedConcurrencyConfig", FunctionName="hello", Qualifier=qualifier, **more)


async def unreserved(world: World) -> int:
    settings = await world.call("GetAccountSettings")
    return settings["AccountLimit"]["UnreservedConcurrentExecutions"]


async def test_put_answers_in_progress_and_get_what_is_really_there(published: World) -> None:
    published.clock.advance(0.75)
    reply = await put(published)
    assert reply == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": reply["LastModified"],
    }
    assert reply["LastModified"].endswith("+0000")
    assert len(reply["LastModified"]) == len("2023-01-21T11:30:00+0000")
    assert await get(published) == reply
    published.standing["hello", "1"] = Standing(ready=1)
    assert (await get(published))["AllocatedProvisionedConcurrentExecutions"] == 1
    published.standing["hello", "1"] = Standing(ready=2)
    ready = await get(published)
    assert (ready["Status"], ready["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)


async def test_a_failed_allocation_says_why_until_it_is_asked_for_again(published: World) -> None:
    await put(published)
    published.standing["hello", "1"] = Standing(failure=INIT_FAILURE, failed_at=published.clock.now())
    failed = await get(published)
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    published.clock.advance(1)
    again = await put(published)
    assert again["Status"] == "IN_PROGRESS"
    assert "StatusReason" not in again
    assert (await get(published))["Status"] == "IN_PROGRESS"


async def test_every_qualifier_has_its_own_and_all_are_listed_in_pages(published: World) -> None:
    await put(published, "live", 2)
    await put(published, "2", 3)
    first = await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello", MaxItems=1)
    rest = await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello", Marker=first["NextMarker"])
    assert "NextMarker" not in rest
    listed = [*first["ProvisionedConcurrencyConfigs"], *rest["ProvisionedConcurrencyConfigs"]]
    assert [(each["FunctionArn"], each["RequestedProvisionedConcurrentExecutions"]) for each in listed] == [
        (f"{ARN}:2", 3),
        (f"{ARN}:live", 2),
    ]
    with pytest.raises(InvalidParameterValue):
        await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello", Marker="nonsense")


async def test_a_list_without_any_is_empty(published: World) -> None:
    assert await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello") == {
        "ProvisionedConcurrencyConfigs": []
    }


async def test_a_qualifier_without_a_config_says_so_and_deleting_it_is_no_error(published: World) -> None:
    with pytest.raises(ProvisionedConcurrencyConfigNotFound) as caught:
        await get(published)
    assert caught.value.message == "No Provisioned Concurrency Config found for this function"
    await put(published)
    for _ in range(2):
        assert await published.call("DeleteProvisionedConcurrencyConfig", FunctionName="hello", Qualifier="live") == {}
    with pytest.raises(ProvisionedConcurrencyConfigNotFound):
        await get(published)


@pytest.mark.parametrize("operation", ["Put", "Get", "Delete"])
@pytest.mark.parametrize(
    ("name", "qualifier", "error"),
    [
        ("hello", "3", ResourceNotFound),
        ("hello", "9" * 40, ResourceNotFound),
        ("hello", "01", ResourceNotFound),
        ("hello", "none", ResourceNotFound),
        ("other", "1", ResourceNotFound),
        ("hello", "$LATEST", InvalidParameterValue),
        ("hello:1", "live", InvalidParameterValue),
    ],
)
async def test_only_versions_and_aliases_that_exist_have_any(
    published: World, operation: str, name: str, qualifier: str, error: type[LambdaError]
) -> None:
    amount = {"ProvisionedConcurrentExecutions": 1} if operation == "Put" else {}
    with pytest.raises(error):
        await published.call(f"{operation}ProvisionedConcurrencyConfig", FunctionName=name, Qualifier=qualifier, **amount)
    assert await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello") == {
        "ProvisionedConcurrencyConfigs": []
    }


@pytest.mark.parametrize(("caller", "error"), [(OTHER_ACCOUNT, AccessDenied), (OTHER_REGION, ResourceNotFound)])
async def test_nobody_elses_can_be_named(published: World, caller: Owner, error: type[LambdaError]) -> None:
    await put(published)
    with pytest.raises(error):
        await put(published, name=ARN, caller=caller)
    with pytest.raises(ResourceNotFound):
        await put(published, caller=caller)
    with pytest.raises(error):
        await published.call("ListProvisionedConcurrencyConfigs", FunctionName=ARN, caller=caller)


async def test_aliases_of_latest_and_with_weights_cannot_be_given_any(published: World) -> None:
    await published.call("CreateAlias", FunctionName="hello", Name="edge", FunctionVersion="$LATEST")
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    await published.call("CreateAlias", FunctionName="hello", Name="canary", FunctionVersion="1", RoutingConfig=weights)
    for qualifier in ("edge", "canary"):
        with pytest.raises(InvalidParameterValue):
            await put(published, qualifier)


async def test_a_version_with_snap_start_cannot_be_given_any(world: World) -> None:
    await world.active(SnapStart={"ApplyOn": "PublishedVersions"}, Publish=True)
    with pytest.raises(InvalidParameterValue, match="SnapStart"):
        await put(world, "1")


@pytest.mark.parametrize(
    "move",
    [{"FunctionVersion": "3"}, {"RoutingConfig": {"AdditionalVersionWeights": {"3": 0.1}}}],
    ids=["as its version", "as its additional version"],
)
async def test_a_provisioned_alias_does_not_come_to_a_version_with_snap_start(published: World, move: dict[str, object]) -> None:
    settings = {"Runtime": "python3.12", "SnapStart": {"ApplyOn": "PublishedVersions"}}
    await published.call("UpdateFunctionConfiguration", FunctionName="hello", **settings)
    await published.activate()
    assert (await published.call("PublishVersion", FunctionName="hello"))["Version"] == "3"
    await put(published, "live")
    with pytest.raises(InvalidParameterValue, match="SnapStart"):
        await published.call("UpdateAlias", FunctionName="hello", Name="live", **move)
    kept = await published.call("GetAlias", FunctionName="hello", Name="live")
    assert (kept["FunctionVersion"], "RoutingConfig" in kept) == ("1", False)


async def test_a_version_is_not_provisioned_twice(published: World) -> None:
    await put(published, "live")
    with pytest.raises(ResourceConflict, match="Version is currently pointed by a Provisioned Concurrency alias"):
        await put(published, "1")
    await put(published, "2")
    with pytest.raises(ResourceConflict, match="on an already Provisioned version"):
        await published.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="2")
    assert (await published.call("GetAlias", FunctionName="hello", Name="live"))["FunctionVersion"] == "1"


async def test_a_provisioned_alias_takes_its_environments_along(published: World) -> None:
    await put(published, "live", 4)
    published.standing["hello", "1"] = Standing(ready=4)
    assert (await get(published))["Status"] == "READY"
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    await published.call("UpdateAlias", FunctionName="hello", Name="live", RoutingConfig=weights)
    half = await get(published)
    assert (half["Status"], half["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    with pytest.raises(InvalidParameterValue, match="Alias with weights"):
        await put(published, "live", 5)
    await published.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="2", RoutingConfig={})
    published.standing["hello", "2"] = Standing(ready=4)
    assert (await get(published))["Status"] == "READY"
    with pytest.raises(InvalidParameterValue):
        await published.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="$LATEST")


async def test_it_counts_against_the_accounts_unreserved_pool(published: World) -> None:
    await put(published, "live", 400)
    assert await unreserved(published) == 600
    with pytest.raises(InvalidParameterValue, match=r"below its minimum value of \[100\]"):
        await put(published, "2", 501)
    await put(published, "2", 500)
    await put(published, "live", 300)
    assert await unreserved(published) == 200
    await published.call("DeleteAlias", FunctionName="hello", Name="live")
    assert await unreserved(published) == 500


async def test_of_many_puts_at_once_no_more_are_accepted_than_there_is_room_for(published: World) -> None:
    names = [f"f{number}" for number in range(6)]
    for name in names:
        await published.active(name, Publish=True)
    results = await asyncio.gather(*(put(published, "1", 200, name=name) for name in names), return_exceptions=True)
    assert sum(isinstance(each, dict) for each in results) == 4
    assert await unreserved(published) == 200


async def test_it_stays_within_the_functions_reservation_both_ways(published: World) -> None:
    await published.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=5)
    await put(published, "live", 3)
    with pytest.raises(InvalidParameterValue, match="should not be greater than the reservedConcurrentExecution"):
        await put(published, "2", 3)
    await put(published, "2", 2)
    assert await unreserved(published) == 995
    for fewer in (4, 0):
        with pytest.raises(InvalidParameterValue, match=r"total provisioned concurrency \[5\]"):
            await published.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=fewer)
    await published.call("DeleteFunctionConcurrency", FunctionName="hello")
    assert await unreserved(published) == 995
    await published.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=900)
    assert await unreserved(published) == 100


async def test_it_goes_with_what_it_hangs_on(published: World) -> None:
    await put(published, "live")
    await put(published, "2")
    await published.call("DeleteFunction", FunctionName="hello", Qualifier="2")
    await published.call("DeleteAlias", FunctionName="hello", Name="live")
    assert await published.call("ListProvisionedConcurrencyConfigs", FunctionName="hello") == {
        "ProvisionedConcurrencyConfigs": []
    }
    await put(published, "1")
    await published.call("DeleteFunction", FunctionName="hello")
    assert await unreserved(published) == 1000
