"""Aliases: create, read, update, delete, list; weighted routing."""

import pytest

from lambent.core.errors import InvalidParameterValue, LambdaError, PreconditionFailed, ResourceConflict, ResourceNotFound
from lambent.core.ports import StaleWrite
from tests.unit.control_world import World

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


@pytest.fixture
async def three(world: World) -> World:
    """Versions 1, 2 and 3."""
    await world.active(Publish=True)
    for timeout in (5, 6):
        await world.configure(Timeout=timeout)
        await world.publish()
    return world


async def test_an_alias_is_created_read_and_deleted(three: World) -> None:
    reply = await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1", Description="d")
    assert reply.pop("RevisionId")
    assert reply == {"AliasArn": f"{ARN}:live", "Name": "live", "FunctionVersion": "1", "Description": "d"}
    assert (await three.call("GetAlias", FunctionName=ARN, Name="live"))["FunctionVersion"] == "1"
    assert await three.call("DeleteAlias", FunctionName="hello", Name="live") == {}
    with pytest.raises(ResourceNotFound) as refusal:
        await three.call("GetAlias", FunctionName="hello", Name="live")
    assert refusal.value.message == f"Cannot find alias arn: {ARN}:live"


async def test_deleting_an_alias_that_is_not_there_is_no_error(three: World) -> None:
    assert await three.call("DeleteAlias", FunctionName="hello", Name="nowhere") == {}


async def test_an_alias_may_point_at_latest(world: World) -> None:
    await world.active()
    await world.call("CreateAlias", FunctionName="hello", Name="edge", FunctionVersion="$LATEST")
    assert (await world.configuration(Qualifier="edge"))["Version"] == "$LATEST"


async def test_the_same_alias_twice_is_a_conflict(three: World) -> None:
    await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    with pytest.raises(ResourceConflict) as refusal:
        await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="2")
    assert refusal.value.message == f"Alias already exists: {ARN}:live"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"FunctionVersion": "9"}, ResourceNotFound, f"Function not found: {ARN}:9"),
        ({"FunctionVersion": "0"}, ResourceNotFound, f"Function not found: {ARN}:0"),
        ({"FunctionVersion": "9" * 1000}, ResourceNotFound, f"Function not found: {ARN}:{'9' * 1000}"),
        ({"FunctionVersion": "$LATEST.PUBLISHED"}, ResourceNotFound, f"Function not found: {ARN}:$LATEST.PUBLISHED"),
        ({"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"9": 0.1}}}, ResourceNotFound, f"{ARN}:9"),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}}},
            InvalidParameterValue,
            "greater than 1",
        ),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}},
            InvalidParameterValue,
            "$LATEST is not supported",
        ),
        (
            {"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}},
            InvalidParameterValue,
            "already included",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["CreateAlias", "UpdateAlias"])
async def test_targets_that_no_alias_may_have_are_refused(
    three: World, operation: str, given: dict[str, object], error: type[LambdaError], message: str
) -> None:
    if operation == "UpdateAlias":
        await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    with pytest.raises(error) as refusal:
        await three.call(operation, FunctionName="hello", Name="live", **given)
    assert message in refusal.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"Role": "arn:aws:iam::000000000000:role/other"},
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}},
    ],
)
async def test_the_versions_of_a_weighted_alias_share_role_and_dead_letters(three: World, change: dict[str, object]) -> None:
    await three.configure(**change)
    number = await three.publish()
    with pytest.raises(InvalidParameterValue, match="must have the same"):
        await three.call(
            "CreateAlias",
            FunctionName="hello",
            Name="live",
            FunctionVersion="1",
            RoutingConfig={"AdditionalVersionWeights": {number: 0.5}},
        )


async def test_an_unknown_function_has_no_aliases(world: World) -> None:
    for operation, given in (
        ("CreateAlias", {"Name": "a", "FunctionVersion": "1"}),
        ("ListAliases", {}),
        ("DeleteAlias", {"Name": "a"}),
    ):
        with pytest.raises(ResourceNotFound, match="Function not found"):
            await world.call(operation, FunctionName="nobody", **given)


async def test_routing_is_shown_kept_and_cleared(three: World) -> None:
    weights = {"AdditionalVersionWeights": {"2": 0.25}}
    await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1", RoutingConfig=weights)
    kept = await three.call("UpdateAlias", FunctionName="hello", Name="live", Description="new")
    assert (kept["RoutingConfig"], kept["FunctionVersion"]) == (weights, "1")
    cleared = await three.call("UpdateAlias", FunctionName="hello", Name="live", RoutingConfig={})
    assert "RoutingConfig" not in cleared
    assert cleared["Description"] == "new"


async def test_a_qualified_read_through_a_weighted_alias_shows_the_primary_version(three: World) -> None:
    weights = {"AdditionalVersionWeights": {"2": 1.0}}
    await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1", RoutingConfig=weights)
    reply = await three.configuration(Qualifier="live")
    assert (reply["Version"], reply["FunctionArn"]) == ("1", f"{ARN}:live")


async def test_a_revision_guards_the_update(three: World) -> None:
    first = await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    second = await three.call(
        "UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="2", RevisionId=first["RevisionId"]
    )
    assert second["RevisionId"] != first["RevisionId"]
    with pytest.raises(PreconditionFailed, match="The Revision Id provided does not match"):
        await three.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="3", RevisionId=first["RevisionId"])


async def test_an_unknown_alias_is_not_updated(three: World) -> None:
    with pytest.raises(ResourceNotFound, match=f"Alias not found: {ARN}:nowhere"):
        await three.call("UpdateAlias", FunctionName="hello", Name="nowhere", FunctionVersion="1")


async def test_aliases_are_listed_by_name_in_pages_and_by_version(three: World) -> None:
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    await three.call("CreateAlias", FunctionName="hello", Name="c", FunctionVersion="1", RoutingConfig=weights)
    await three.call("CreateAlias", FunctionName="hello", Name="a", FunctionVersion="2")
    await three.call("CreateAlias", FunctionName="hello", Name="b", FunctionVersion="3")
    first = await three.call("ListAliases", FunctionName="hello", MaxItems=2)
    second = await three.call("ListAliases", FunctionName="hello", Marker=first["NextMarker"])
    assert [each["Name"] for each in first["Aliases"] + second["Aliases"]] == ["a", "b", "c"]
    assert "NextMarker" not in second
    of_two = await three.call("ListAliases", FunctionName="hello", FunctionVersion="2")
    assert [each["Name"] for each in of_two["Aliases"]] == ["a", "c"]


async def test_a_version_that_an_additional_weight_refers_to_is_not_deleted(three: World) -> None:
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1", RoutingConfig=weights)
    with pytest.raises(ResourceConflict, match="aliases: live"):
        await three.call("DeleteFunction", FunctionName="hello", Qualifier="2")


async def test_a_version_that_goes_away_while_its_alias_is_made_is_not_found(
    three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_alias: object) -> None:
        await three.store.delete_version(three.key(), "1")
        raise StaleWrite

    monkeypatch.setattr(three.store, "add_alias", gone)
    with pytest.raises(ResourceNotFound, match=f"Function not found: {ARN}:1"):
        await three.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")


@pytest.mark.parametrize("operation", ["CreateAlias", "UpdateAlias"])
async def test_races_that_are_always_lost_end_in_a_conflict(
    three: World, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await three.call("CreateAlias", FunctionName="hello", Name="old", FunctionVersion="1")

    async def lose(*_: object, **__: object) -> None:
        raise StaleWrite

    monkeypatch.setattr(three.store, "add_alias", lose)
    monkeypatch.setattr(three.store, "replace_alias", lose)
    with pytest.raises(ResourceConflict, match="An update is in progress"):
        await three.call(operation, FunctionName="hello", Name="old", FunctionVersion="2")
