"""UpdateFunctionCode and UpdateFunctionConfiguration."""

import pytest

from lambent.core.errors import (
    InvalidParameterValue,
    LambdaError,
    OperationNotImplemented,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.ports import StaleWrite
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
UPDATES = [
    ("UpdateFunctionCode", {"ZipFile": zip_of("new")}),
    ("UpdateFunctionConfiguration", {"Timeout": 9}),
]


@pytest.mark.parametrize(("operation", "members"), UPDATES)
async def test_an_update_is_in_progress_while_the_old_one_serves(
    world: World, operation: str, members: dict[str, object]
) -> None:
    await world.active()
    before = (await world.store.function(world.key())).serving
    world.clock.advance(1.5)
    reply = await world.call(operation, FunctionName="hello", **members)
    assert (reply["State"], reply["LastUpdateStatus"]) == ("Active", "InProgress")
    assert (reply["LastUpdateStatusReason"], reply["LastUpdateStatusReasonCode"]) == (
        "The function is being created.",
        "Creating",
    )
    assert reply["LastModified"] == "2023-11-14T22:13:21.500+0000"
    assert (await world.store.function(world.key())).serving == before
    await world.activate()
    function = await world.store.function(world.key())
    assert function.serving == function.latest != before
    assert (await world.configuration())["LastUpdateStatus"] == "Successful"


@pytest.mark.parametrize(("operation", "members"), [*UPDATES, ("PublishVersion", {})])
async def test_nothing_is_updated_or_published_before_the_function_is_active(
    world: World, operation: str, members: dict[str, object]
) -> None:
    await world.create()
    with pytest.raises(ResourceConflict) as refusal:
        await world.call(operation, FunctionName="hello", **members)
    assert refusal.value.message == (
        "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    )


@pytest.mark.parametrize(("operation", "members"), [*UPDATES, ("PublishVersion", {})])
async def test_nothing_is_updated_or_published_during_an_update(world: World, operation: str, members: dict[str, object]) -> None:
    await world.active()
    await world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=5)
    with pytest.raises(ResourceConflict) as refusal:
        await world.call(operation, FunctionName="hello", **members)
    assert refusal.value.message == (
        f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}"
    )


@pytest.mark.parametrize(("operation", "members"), [*UPDATES, ("PublishVersion", {})])
async def test_a_revision_guards_the_update(world: World, operation: str, members: dict[str, object]) -> None:
    created = await world.active()
    current = (await world.configuration())["RevisionId"]
    with pytest.raises(PreconditionFailed) as refusal:
        await world.call(operation, FunctionName="hello", RevisionId=created["RevisionId"], **members)
    assert refusal.value.message == (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    reply = await world.call(operation, FunctionName="hello", RevisionId=current, **members)
    assert reply["RevisionId"] != current


@pytest.mark.parametrize(("operation", "members"), [*UPDATES, ("PublishVersion", {})])
@pytest.mark.parametrize(
    ("name", "error"), [("nobody", ResourceNotFound), ("hello:1", InvalidParameterValue), ("hello:live", InvalidParameterValue)]
)
async def test_only_functions_are_updated(
    world: World, operation: str, members: dict[str, object], name: str, error: type[LambdaError]
) -> None:
    await world.active(Publish=True)
    with pytest.raises(error):
        await world.call(operation, FunctionName=name, **members)


async def test_members_left_out_stay_and_variables_are_replaced(world: World) -> None:
    await world.active(Timeout=7, Description="old", Environment={"Variables": {"AA": "1", "BB": "2"}})
    reply = await world.call(
        "UpdateFunctionConfiguration", FunctionName="hello", Description="new", Environment={"Variables": {"CC": "3"}}
    )
    assert (reply["Timeout"], reply["Description"], reply["Environment"]) == (7, "new", {"Variables": {"CC": "3"}})


@pytest.mark.parametrize(
    ("given", "cleared"),
    [
        ({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}}, {"DeadLetterConfig": {"TargetArn": ""}}),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, {"KMSKeyArn": ""}),
        ({"Environment": {"Variables": {"AA": "1"}}}, {"Environment": {"Variables": {}}}),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
        ),
    ],
)
async def test_empty_values_clear_a_setting(world: World, given: dict[str, object], cleared: dict[str, object]) -> None:
    (member,) = given
    assert member in await world.active(**given)
    assert member not in await world.call("UpdateFunctionConfiguration", FunctionName="hello", **cleared)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"Runtime": "python2.7"}, InvalidParameterValue, "no longer supported for creating or updating"),
        ({"Timeout": 901}, InvalidParameterValue, "'Timeout' value failed"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, InvalidParameterValue, "Reserved keys"),
        ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, InvalidParameterValue, "does not exist"),
        ({"ImageConfig": {"Command": ["x"]}}, InvalidParameterValue, "ImageConfig"),
        (
            {"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "a"}}},
            OperationNotImplemented,
            "Capacity",
        ),
    ],
)
async def test_a_bad_configuration_changes_nothing(
    world: World, given: dict[str, object], error: type[LambdaError], message: str
) -> None:
    await world.active()
    before = await world.configuration()
    with pytest.raises(error) as refusal:
        await world.call("UpdateFunctionConfiguration", FunctionName="hello", **given)
    assert message in refusal.value.message
    assert await world.configuration() == before


async def test_a_runtime_past_its_create_date_may_still_be_updated_to(world: World) -> None:
    await world.active()
    assert (await world.call("UpdateFunctionConfiguration", FunctionName="hello", Runtime="python3.7"))["Runtime"] == "python3.7"


async def test_code_and_architecture_are_replaced(world: World) -> None:
    await world.active()
    reply = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("new"), Architectures=["arm64"])
    assert (reply["CodeSize"], reply["Architectures"]) == (len(zip_of("new")), ["arm64"])
    assert reply["FunctionArn"] == ARN


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Please provide a source for function code."),
        ({"ImageUri": "image:1"}, "ImageUri"),
        ({"ZipFile": b"no zip"}, "Could not unzip uploaded file"),
        ({"S3Bucket": "none", "S3Key": "k"}, "NoSuchBucket"),
    ],
)
async def test_bad_code_changes_nothing(world: World, given: dict[str, object], message: str) -> None:
    await world.active()
    before = await world.configuration()
    with pytest.raises(InvalidParameterValue) as refusal:
        await world.call("UpdateFunctionCode", FunctionName="hello", **given)
    assert message in refusal.value.message
    assert await world.configuration() == before


async def test_a_dry_run_answers_the_new_hash_and_changes_nothing(world: World) -> None:
    await world.active()
    before = await world.configuration()
    reply = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("new"), DryRun=True, Publish=True)
    assert reply["CodeSha256"] != before["CodeSha256"]
    assert (reply["Version"], reply["FunctionArn"], reply["LastUpdateStatus"]) == ("$LATEST", ARN, "Successful")
    assert await world.configuration() == before
    function = await world.store.function(world.key())
    assert await world.packages.sweep(frozenset({function.latest.code.digest})) == 0


async def test_a_dry_run_refuses_what_the_update_would(world: World) -> None:
    await world.active()
    with pytest.raises(InvalidParameterValue, match="Could not unzip"):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=b"no zip", DryRun=True)
    with pytest.raises(PreconditionFailed):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of(), DryRun=True, RevisionId="stale")


async def test_an_update_that_publishes_answers_the_new_version(world: World) -> None:
    await world.active()
    reply = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("new"), Publish=True)
    assert (reply["Version"], reply["FunctionArn"], reply["State"]) == ("1", f"{ARN}:1", "Pending")
    await world.activate()
    version, latest = await world.configuration(Qualifier="1"), await world.configuration()
    assert version["CodeSha256"] == latest["CodeSha256"] == reply["CodeSha256"]
    assert (version["State"], latest["LastUpdateStatus"]) == ("Active", "Successful")


async def test_an_update_that_changes_nothing_publishes_nothing(world: World) -> None:
    await world.active(Publish=True)
    reply = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of(), Publish=True)
    assert (reply["Version"], reply["FunctionArn"]) == ("1", f"{ARN}:1")
    await world.activate()
    assert len((await world.call("ListVersionsByFunction", FunctionName="hello"))["Versions"]) == 2


async def test_a_failed_update_keeps_the_old_code_in_service_and_the_next_update_mends_it(world: World) -> None:
    await world.active()
    before = (await world.store.function(world.key())).serving
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("new"))
    await world.packages.sweep(frozenset({before.code.digest}))
    await world.activate()
    now = await world.configuration()
    assert (now["State"], now["LastUpdateStatus"], now["LastUpdateStatusReasonCode"]) == ("Active", "Failed", "InternalError")
    assert (await world.store.function(world.key())).serving == before
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("newer"))
    await world.activate()
    assert (await world.configuration())["LastUpdateStatus"] == "Successful"


async def test_a_lost_race_is_run_again_on_the_winners_function(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.active()
    replace_function = world.store.replace_function

    async def lose_once(function, *, expected_revision):
        monkeypatch.setattr(world.store, "replace_function", replace_function)
        await world.call("TagResource", Resource=ARN, Tags={"winner": "tags"})
        raise StaleWrite

    monkeypatch.setattr(world.store, "replace_function", lose_once)
    await world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=9)
    reply = await world.call("GetFunction", FunctionName="hello")
    assert (reply["Configuration"]["Timeout"], reply["Tags"]) == (9, {"winner": "tags"})


async def test_a_lost_race_fails_the_guard_of_a_revision(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.active()
    revision = (await world.configuration())["RevisionId"]
    replace_function = world.store.replace_function

    async def lose_once(function, *, expected_revision):
        monkeypatch.setattr(world.store, "replace_function", replace_function)
        await world.call("TagResource", Resource=ARN, Tags={"winner": "tags"})
        raise StaleWrite

    monkeypatch.setattr(world.store, "replace_function", lose_once)
    with pytest.raises(PreconditionFailed):
        await world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=9, RevisionId=revision)


async def test_races_that_are_always_lost_end_in_a_conflict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.active()

    async def lose(function, *, expected_revision):
        raise StaleWrite

    monkeypatch.setattr(world.store, "replace_function", lose)
    with pytest.raises(ResourceConflict, match="An update is in progress"):
        await world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=9)
