"""No operation reaches into another account or Region: one generated test over every operation that is handled."""

from pathlib import Path

import pytest

from lambent.core.function import Owner
from tests.unit.api_topics.whole_api import CODE_SIGNING, INVOKES, OPERATIONS, WholeApi, naming_member, required_members
from tests.unit.control_world import CALLER

STRANGER = Owner(account="111111111111", region=CALLER.region)
ELSEWHERE = Owner(account=CALLER.account, region="eu-west-1")

ARNS = {
    "FunctionName": CALLER.arn("function:hello"),
    "Resource": CALLER.arn("function:hello"),
    "ResourceArn": CALLER.arn("function:hello"),
    "LayerName": CALLER.arn("layer:numpy"),
    "Arn": CALLER.arn("layer:numpy:1"),
    "CodeSigningConfigArn": CODE_SIGNING.arn,
}
BARE = {"FunctionName": "hello", "LayerName": "numpy"}
NAMED = [each for each in OPERATIONS if naming_member(each)]
MAKES_ITS_OWN = {"CreateFunction", "PublishLayerVersion"}
"""Given a bare name they make something new in the caller's own account and Region."""
SHOWS_NOTHING = {"ListLayerVersions", "DeleteLayerVersion", "ListEventSourceMappings"}
"""Answer for a name that is not there as for one without versions."""


@pytest.fixture
async def api(tmp_path: Path) -> WholeApi:
    api = WholeApi(tmp_path)
    await api.furnish()
    return api


@pytest.mark.parametrize("operation", NAMED)
async def test_another_accounts_resource_is_denied_by_its_arn(api: WholeApi, operation: str) -> None:
    before = api.truth()
    name = str(naming_member(operation))
    reply = await api.call(operation, STRANGER, **{name: ARNS[name]}, **required_members(operation))
    assert (reply.status, reply.error) == (403, "AccessDeniedException"), reply.text
    assert f"is not authorized to perform: lambda:{'InvokeFunction' if operation in INVOKES else ''}" in reply.text
    assert api.truth() == before
    assert api.door.invoked == 0


@pytest.mark.parametrize("operation", [each for each in NAMED if naming_member(each) == "FunctionName"])
async def test_another_accounts_function_is_denied_by_its_partial_arn(api: WholeApi, operation: str) -> None:
    before = api.truth()
    partial = f"{CALLER.account}:function:hello"
    reply = await api.call(operation, STRANGER, FunctionName=partial, **required_members(operation))
    assert (reply.status, reply.error) == (403, "AccessDeniedException"), reply.text
    assert api.truth() == before


@pytest.mark.parametrize("operation", NAMED)
async def test_a_resource_of_another_region_is_not_found_by_its_arn(api: WholeApi, operation: str) -> None:
    before = api.truth()
    name = str(naming_member(operation))
    reply = await api.call(operation, ELSEWHERE, **{name: ARNS[name]}, **required_members(operation))
    assert (reply.status, reply.error) == (404, "ResourceNotFoundException"), reply.text
    assert api.truth() == before
    assert api.door.invoked == 0


@pytest.mark.parametrize("caller", [STRANGER, ELSEWHERE], ids=["account", "region"])
@pytest.mark.parametrize("operation", [each for each in NAMED if naming_member(each) in BARE])
async def test_a_bare_name_means_the_callers_own(api: WholeApi, operation: str, caller: Owner) -> None:
    before = api.truth()
    name = str(naming_member(operation))
    reply = await api.call(operation, caller, **{name: BARE[name]}, **required_members(operation))
    if operation in INVOKES:
        # Whether there is such a function is the data plane's to find: the call got no further than its own account
        assert api.door.invoked == 1
    elif operation in MAKES_ITS_OWN:
        assert reply.status == 201, reply.text
        assert f"arn:aws:lambda:{caller.region}:{caller.account}:" in reply.text
    elif operation in SHOWS_NOTHING:
        assert reply.status in (200, 204), reply.text
    else:
        assert reply.status in (400, 404), reply.text
        assert reply.error in ("ResourceNotFoundException", "InvalidParameterValueException")
    assert f"{CALLER.region}:{CALLER.account}" not in reply.text
    assert api.truth() == before


@pytest.mark.parametrize("caller", [STRANGER, ELSEWHERE], ids=["account", "region"])
@pytest.mark.parametrize("operation", [each for each in OPERATIONS if not naming_member(each)])
async def test_what_names_no_function_shows_and_changes_only_the_callers_own(
    api: WholeApi, operation: str, caller: Owner
) -> None:
    before = api.truth()
    reply = await api.call(operation, caller, **required_members(operation))
    assert reply.status < 500, reply.text
    assert f"{CALLER.region}:{CALLER.account}" not in reply.text
    assert "hello" not in reply.text
    assert "numpy" not in reply.text
    assert api.truth() == before


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_owner_reaches_what_is_refused_to_others(api: WholeApi, operation: str) -> None:
    name = naming_member(operation)
    named = {} if name is None else {name: ARNS[name]}
    reply = await api.call(operation, CALLER, **named, **required_members(operation))
    assert reply.error not in ("AccessDeniedException", "ValidationException", "NotImplementedException"), reply.text
    assert reply.status < 500, reply.text
