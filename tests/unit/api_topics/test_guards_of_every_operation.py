"""Guards that many operations share, generated over every operation that has them: RevisionId, and qualifiers that agree."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api_topics.whole_api import OPERATIONS, WholeApi, naming_member, required_members
from tests.unit.control_world import CALLER, model

ARN = CALLER.arn("function:hello")
STALE = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
async def api(tmp_path: Path) -> WholeApi:
    api = WholeApi(tmp_path)
    await api.furnish()
    return api


def members_of(operation: str) -> set[str]:
    return set(model().operation_model(operation).input_shape.members)


GUARDED = [each for each in OPERATIONS if "RevisionId" in members_of(each)]
QUALIFIED = [each for each in OPERATIONS if {"FunctionName", "Qualifier"} <= members_of(each)]


def named(operation: str) -> dict[str, Any]:
    arns = {"FunctionName": ARN, "ResourceArn": ARN, "LayerName": CALLER.arn("layer:numpy")}
    name = str(naming_member(operation))
    return {name: arns[name], **required_members(operation)}


def test_the_guarded_operations_are_those_of_the_model() -> None:
    assert {"UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"} <= set(GUARDED)
    assert {"AddPermission", "RemovePermission", "PutResourcePolicy", "DeleteResourcePolicy"} <= set(GUARDED)
    assert {"AddLayerVersionPermission", "RemoveLayerVersionPermission"} <= set(GUARDED)


@pytest.mark.parametrize("operation", GUARDED)
async def test_a_stale_revision_is_a_failed_precondition_and_changes_nothing(api: WholeApi, operation: str) -> None:
    before = api.truth()
    members = {**named(operation), "RevisionId": STALE}
    if operation.startswith("Add"):
        members["StatementId"] = "another"
    reply = await api.call(operation, CALLER, **members)
    assert (reply.status, reply.error) == (412, "PreconditionFailedException"), reply.text
    body = json.loads(reply.text)
    assert body["Type"] == "User"
    assert body["message"].startswith("The Revision Id provided does not match the latest Revision Id. Call the Get")
    assert api.truth() == before


@pytest.mark.parametrize("form", ["hello", f"{CALLER.account}:function:hello", ARN], ids=["name", "partial", "arn"])
@pytest.mark.parametrize("operation", QUALIFIED)
async def test_two_qualifiers_that_differ_are_refused(api: WholeApi, operation: str, form: str) -> None:
    before = api.truth()
    members = {**required_members(operation), "FunctionName": f"{form}:other", "Qualifier": "live"}
    reply = await api.call(operation, CALLER, **members)
    assert (reply.status, reply.error) == (400, "InvalidParameterValueException"), reply.text
    assert "The derived qualifier from the function name does not match the specified qualifier." in reply.text
    assert api.truth() == before
    assert api.door.invoked == 0


@pytest.mark.parametrize("operation", [each for each in QUALIFIED if each.startswith("Get")])
async def test_a_qualifier_may_be_in_the_name_in_the_query_or_in_both(api: WholeApi, operation: str) -> None:
    qualifier = "live" if operation == "GetFunctionUrlConfig" else "1"
    if operation == "GetFunctionUrlConfig":
        await api.call("CreateFunctionUrlConfig", CALLER, FunctionName="hello", Qualifier="live", AuthType="NONE")
    spellings = [
        {"FunctionName": "hello", "Qualifier": qualifier},
        {"FunctionName": f"hello:{qualifier}"},
        {"FunctionName": f"{CALLER.account}:function:hello:{qualifier}"},
        {"FunctionName": f"{ARN}:{qualifier}", "Qualifier": qualifier},
    ]
    required = set(model().operation_model(operation).input_shape.required_members)
    replies = [await api.call(operation, CALLER, **each) for each in spellings if required <= set(each)]
    assert len({(each.status, each.text) for each in replies}) == 1
    assert replies[0].status in (200, 404)


@pytest.mark.parametrize("operation", QUALIFIED)
async def test_a_qualifier_that_is_not_there_is_not_found_or_not_taken(api: WholeApi, operation: str) -> None:
    before = api.truth()
    reply = await api.call(operation, CALLER, FunctionName="hello", **{**required_members(operation), "Qualifier": "nobody"})
    if operation in ("Invoke", "InvokeWithResponseStream"):
        assert api.door.invoked == 1
        return
    assert reply.status in (400, 404), reply.text
    assert reply.error in (
        "ResourceNotFoundException",
        "InvalidParameterValueException",
        "ProvisionedConcurrencyConfigNotFoundException",
    )
    assert api.truth() == before
