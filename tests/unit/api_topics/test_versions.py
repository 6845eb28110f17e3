"""PublishVersion and ListVersionsByFunction."""

import pytest

from lambent.core.errors import InvalidParameterValue, OperationNotImplemented, ResourceNotFound
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


async def test_a_version_is_pending_then_active_with_a_revision_of_its_own(world: World) -> None:
    await world.active(Timeout=7)
    reply = await world.call("PublishVersion", FunctionName="hello")
    assert (reply["Version"], reply["FunctionArn"], reply["State"], reply["Timeout"]) == ("1", f"{ARN}:1", "Pending", 7)
    assert "LastUpdateStatus" not in reply
    await world.activate()
    version, latest = await world.configuration(Qualifier="1"), await world.configuration()
    assert (version["State"], version["LastUpdateStatus"], latest["State"]) == ("Active", "Successful", "Active")
    assert len({reply["RevisionId"], version["RevisionId"], latest["RevisionId"]}) == 3


async def test_publishing_again_without_a_change_answers_the_version_that_stands(world: World) -> None:
    await world.active()
    await world.publish()
    before = await world.configuration()
    again = await world.call("PublishVersion", FunctionName="hello", Description="another")
    assert (again["Version"], again["State"], again["Description"]) == ("1", "Active", "")
    assert await world.configuration() == before


CHANGES = [
    {"Description": "new"},
    {"Timeout": 9},
    {"MemorySize": 256},
    {"Handler": "other.handler"},
    {"Runtime": "python3.13"},
    {"Role": "arn:aws:iam::000000000000:role/other"},
    {"Environment": {"Variables": {"AA": "1"}}},
    {"EphemeralStorage": {"Size": 1024}},
    {"TracingConfig": {"Mode": "Active"}},
    {"VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}},
    {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}},
    {"LoggingConfig": {"LogFormat": "JSON"}},
    {"LoggingConfig": {"LogGroup": "/mine"}},
    {"SnapStart": {"ApplyOn": "PublishedVersions"}},
    {"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: next(iter(each)))
async def test_a_change_of_configuration_makes_a_new_version(world: World, change: dict[str, object]) -> None:
    await world.active(Publish=True)
    await world.configure(**change)
    assert await world.publish() == "2"
    assert await world.publish() == "2"


@pytest.mark.parametrize("members", [{"ZipFile": zip_of("new")}, {"ZipFile": zip_of(), "Architectures": ["arm64"]}])
async def test_a_change_of_code_makes_a_new_version(world: World, members: dict[str, object]) -> None:
    await world.active(Publish=True)
    await world.call("UpdateFunctionCode", FunctionName="hello", **members)
    await world.activate()
    assert await world.publish() == "2"


@pytest.mark.parametrize(
    "change", [{"Timeout": 3}, {"TracingConfig": {"Mode": "PassThrough"}}, {"KMSKeyArn": ""}, {"SnapStart": {"ApplyOn": "None"}}]
)
async def test_an_update_to_the_same_values_is_no_change(world: World, change: dict[str, object]) -> None:
    await world.active(Publish=True)
    await world.configure(**change)
    assert await world.publish() == "1"


async def test_a_change_that_is_taken_back_is_no_change(world: World) -> None:
    await world.active(Publish=True)
    await world.configure(Timeout=9)
    await world.configure(Timeout=3)
    assert await world.publish() == "1"


async def test_going_back_past_the_last_version_is_a_change(world: World) -> None:
    await world.active(Publish=True)
    await world.configure(Timeout=9)
    await world.publish()
    await world.configure(Timeout=3)
    assert await world.publish() == "3"


async def test_tags_concurrency_and_aliases_are_no_change(world: World) -> None:
    await world.active(Publish=True)
    await world.call("TagResource", Resource=ARN, Tags={"a": "b"})
    await world.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=5)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    assert await world.publish() == "1"


async def test_a_description_is_the_versions_own(world: World) -> None:
    await world.active(Description="of latest")
    assert await world.publish(Description="of version") == "1"
    assert (await world.configuration(Qualifier="1"))["Description"] == "of version"
    assert (await world.configuration())["Description"] == "of latest"
    assert await world.publish() == "1"


async def test_an_empty_description_overrides_too(world: World) -> None:
    await world.active(Description="of latest")
    await world.publish(Description="")
    assert (await world.configuration(Qualifier="1"))["Description"] == ""


async def test_a_version_does_not_change_with_latest(world: World) -> None:
    await world.active(Publish=True)
    before = await world.configuration(Qualifier="1")
    await world.configure(Timeout=9, Environment={"Variables": {"AA": "1"}})
    assert await world.configuration(Qualifier="1") == before


async def test_a_deleted_last_version_is_published_anew_under_the_next_number(world: World) -> None:
    await world.active(Publish=True)
    await world.call("DeleteFunction", FunctionName="hello", Qualifier="1")
    assert await world.publish() == "2"


async def test_the_hash_guards_publishing(world: World) -> None:
    sha = (await world.active())["CodeSha256"]
    with pytest.raises(InvalidParameterValue) as refusal:
        await world.call("PublishVersion", FunctionName="hello", CodeSha256="other")
    assert refusal.value.message == (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({sha}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    assert (await world.call("PublishVersion", FunctionName="hello", CodeSha256=sha))["Version"] == "1"


async def test_publishing_to_the_slot_of_managed_instances_is_not_pretended(world: World) -> None:
    await world.active()
    with pytest.raises(OperationNotImplemented):
        await world.call("PublishVersion", FunctionName="hello", PublishTo="LATEST_PUBLISHED")


async def test_versions_are_listed_with_latest_first_in_pages(world: World) -> None:
    await world.active()
    for timeout in range(10, 14):
        await world.configure(Timeout=timeout)
        await world.publish()
    seen: list[str] = []
    members: dict[str, object] = {}
    while True:
        reply = await world.call("ListVersionsByFunction", FunctionName="hello", MaxItems=2, **members)
        assert len(reply["Versions"]) <= 2
        seen += [each["FunctionArn"] for each in reply["Versions"]]
        assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(reply["Versions"][0])
        if "NextMarker" not in reply:
            break
        members = {"Marker": reply["NextMarker"]}
    assert seen == [f"{ARN}:$LATEST", *(f"{ARN}:{number}" for number in range(1, 5))]


@pytest.mark.parametrize("published", [False, True])
async def test_a_page_of_one_ends_where_the_versions_end(world: World, published: bool) -> None:
    await world.active(Publish=published)
    first = await world.call("ListVersionsByFunction", FunctionName="hello", MaxItems=1)
    assert [each["Version"] for each in first["Versions"]] == ["$LATEST"]
    assert ("NextMarker" in first) is published


async def test_versions_of_nobody_are_not_found(world: World) -> None:
    with pytest.raises(ResourceNotFound, match="Function not found"):
        await world.call("ListVersionsByFunction", FunctionName="nobody")
