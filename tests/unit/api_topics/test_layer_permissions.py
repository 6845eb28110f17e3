"""Permissions of layer versions, and what they open to other accounts (facts G1)."""

import json
from typing import Any

import pytest

from lambent.core.errors import (
    AccessDenied,
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.function import Owner
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:layer:numpy"
STRANGER = Owner(account="111111111111", region="us-east-1")
OTHER = Owner(account="222222222222", region="us-east-1")


@pytest.fixture
async def layered(world: World) -> World:
    """A layer with two versions."""
    for text in ("one", "two"):
        await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of(text)})
    return world


async def grant(world: World, statement_id: str = "s1", **members: Any) -> dict[str, Any]:
    given = {"LayerName": "numpy", "VersionNumber": 1, "Action": "lambda:GetLayerVersion", "Principal": "*", **members}
    return await world.call("AddLayerVersionPermission", StatementId=statement_id, **given)


async def read(world: World, caller: Owner, version: int = 1) -> dict[str, Any]:
    return await world.call("GetLayerVersionByArn", caller=caller, Arn=f"{ARN}:{version}")


async def test_a_statement_is_answered_to_the_letter(layered: World) -> None:
    reply = await grant(layered, OrganizationId="o-abcdefghij")
    text = (
        f'{{"Sid":"s1","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":"{ARN}:1",'
        '"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}}'
    )
    assert reply["Statement"] == text
    got = await layered.call("GetLayerVersionPolicy", LayerName=ARN, VersionNumber=1)
    assert got == {
        "Policy": f'{{"Version":"2012-10-17","Id":"default","Statement":[{text}]}}',
        "RevisionId": reply["RevisionId"],
    }


async def test_a_grant_opens_one_version_to_one_account(layered: World) -> None:
    reply = await grant(layered, Principal="111111111111")
    assert json.loads(reply["Statement"])["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert (await read(layered, STRANGER))["LayerVersionArn"] == f"{ARN}:1"
    assert await layered.call("GetLayerVersion", caller=STRANGER, LayerName=ARN, VersionNumber=1)
    with pytest.raises(AccessDenied):
        await read(layered, STRANGER, 2)
    with pytest.raises(AccessDenied):
        await read(layered, OTHER)


async def test_a_granted_layer_can_be_attached_in_the_other_account(layered: World) -> None:
    await grant(layered, Principal="111111111111")
    made = await layered.create(caller=STRANGER, Layers=[f"{ARN}:1"])
    assert [each["Arn"] for each in made["Layers"]] == [f"{ARN}:1"]
    with pytest.raises(AccessDenied, match="lambda:GetLayerVersion"):
        await layered.create("second", caller=STRANGER, Layers=[f"{ARN}:2"])
    with pytest.raises(AccessDenied):
        await layered.create("third", caller=OTHER, Layers=[f"{ARN}:1"])


async def test_a_grant_to_an_organization_opens_to_nobody_here(layered: World) -> None:
    await grant(layered, OrganizationId="o-abcdefghij")
    with pytest.raises(AccessDenied):
        await read(layered, STRANGER)


async def test_a_grant_that_is_withdrawn_closes_again(layered: World) -> None:
    await grant(layered)
    assert await read(layered, OTHER)
    await layered.call("RemoveLayerVersionPermission", LayerName="numpy", VersionNumber=1, StatementId="s1")
    with pytest.raises(AccessDenied):
        await read(layered, OTHER)
    with pytest.raises(ResourceNotFound, match="No policy is associated with the given resource"):
        await layered.call("GetLayerVersionPolicy", LayerName="numpy", VersionNumber=1)


async def test_a_deleted_version_takes_its_policy_along(layered: World) -> None:
    await grant(layered)
    await layered.call("DeleteLayerVersion", LayerName="numpy", VersionNumber=1)
    with pytest.raises(AccessDenied):
        await read(layered, STRANGER)
    with pytest.raises(ResourceNotFound):
        await layered.call("GetLayerVersionPolicy", LayerName="numpy", VersionNumber=1)


async def test_reading_is_all_that_a_grant_opens(layered: World) -> None:
    await grant(layered)
    for operation, members in (
        ("DeleteLayerVersion", {}),
        ("GetLayerVersionPolicy", {}),
        ("RemoveLayerVersionPermission", {"StatementId": "s1"}),
        ("AddLayerVersionPermission", {"StatementId": "s2", "Action": "lambda:GetLayerVersion", "Principal": "*"}),
    ):
        with pytest.raises(AccessDenied):
            await layered.call(operation, caller=STRANGER, LayerName=ARN, VersionNumber=1, **members)


async def test_statement_ids_and_revisions_are_guarded(layered: World) -> None:
    revision = (await grant(layered))["RevisionId"]
    with pytest.raises(ResourceConflict):
        await grant(layered)
    await grant(layered, "s2", RevisionId=revision)
    with pytest.raises(PreconditionFailed):
        await grant(layered, "s3", RevisionId=revision)
    with pytest.raises(PreconditionFailed):
        await layered.call(
            "RemoveLayerVersionPermission", LayerName="numpy", VersionNumber=1, StatementId="s1", RevisionId=revision
        )


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"VersionNumber": 3}, ResourceNotFound),
        ({"VersionNumber": 10**30}, ResourceNotFound),
        ({"LayerName": "other"}, ResourceNotFound),
        ({"VersionNumber": 0}, InvalidParameterValue),
    ],
)
async def test_versions_that_are_not_there(layered: World, members: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        await grant(layered, **members)
