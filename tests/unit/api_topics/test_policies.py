"""Resource policies of functions: AddPermission and its kin, whole documents, revisions, limits (facts G6)."""

import asyncio
import json
from typing import Any

import pytest

from lambent.core.errors import (
    AccessDenied,
    InvalidParameterValue,
    LambdaError,
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.function import Owner
from tests.unit.control_world import World

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
NOBODY = "00000000-0000-0000-0000-000000000000"
DENY = {"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": ARN}


@pytest.fixture
async def published(world: World) -> World:
    """A function with version 1 and alias `live`."""
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    return world


async def add(world: World, statement_id: str = "s1", **members: Any) -> dict[str, Any]:
    given = {"FunctionName": "hello", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **members}
    return json.loads((await world.call("AddPermission", StatementId=statement_id, **given))["Statement"])


async def policy(world: World, **members: Any) -> tuple[dict[str, Any], str]:
    reply = await world.call("GetPolicy", **{"FunctionName": "hello", **members})
    return json.loads(reply["Policy"]), reply["RevisionId"]


async def put(world: World, *statements: Any, arn: str = ARN, **members: Any) -> dict[str, Any]:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return await world.call("PutResourcePolicy", **{"ResourceArn": arn, "Policy": document, **members})


async def test_a_statement_is_answered_to_the_letter(published: World) -> None:
    reply = await published.call(
        "AddPermission",
        FunctionName="hello",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="123456789012",
    )
    text = (
        '{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"{ARN}","Condition":{{"StringEquals":{{"AWS:SourceAccount":"123456789012"}},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}'
    )
    assert reply == {"Statement": text}
    got = await published.call("GetPolicy", FunctionName="hello")
    assert got["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{text}]}}'


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Principal": "*"}, {"Principal": "*"}),
        ({"Principal": "123456789012"}, {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}),
        ({"Principal": "arn:aws:iam::123456789012:role/r"}, {"Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}}),
        ({"Principal": "alexa-appkit.amazon.com"}, {"Principal": {"Service": "alexa-appkit.amazon.com"}}),
        (
            {"Principal": "*", "PrincipalOrgID": "o-abcdefghij"},
            {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}},
        ),
        ({"EventSourceToken": "token"}, {"Condition": {"StringEquals": {"lambda:EventSourceToken": "token"}}}),
        (
            {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE", "Principal": "*"},
            {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}},
        ),
        ({"InvokedViaFunctionUrl": True}, {"Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}),
    ],
)
async def test_every_kind_of_grant(published: World, members: dict, expected: dict) -> None:
    statement = await add(published, **members)
    assert {name: statement[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"Principal": "somebody"}, InvalidParameterValue, "The provided principal was invalid"),
        ({"Principal": "arn:aws:s3:::bucket"}, InvalidParameterValue, "The provided principal was invalid"),
        ({"Qualifier": "$LATEST"}, InvalidParameterValue, r"do not support adding policies for \$LATEST"),
        ({"Qualifier": "9"}, ResourceNotFound, f"Function not found: {ARN}:9"),
        ({"Qualifier": "dead"}, ResourceNotFound, f"Function not found: {ARN}:dead"),
        ({"FunctionName": "nobody"}, ResourceNotFound, "Function not found"),
        ({"FunctionUrlAuthType": "NONE"}, InvalidParameterValue, "only supported for lambda:InvokeFunctionUrl"),
        (
            {"Action": "lambda:InvokeFunctionUrl", "InvokedViaFunctionUrl": True},
            InvalidParameterValue,
            "only supported for lambda:InvokeFunction action",
        ),
        ({"RevisionId": NOBODY}, PreconditionFailed, "Call the GetPolicy API"),
    ],
)
async def test_grants_that_are_refused(published: World, members: dict, error: type[LambdaError], message: str) -> None:
    with pytest.raises(error, match=message):
        await add(published, **members)
    with pytest.raises(ResourceNotFound):
        await policy(published)


async def test_every_qualifier_has_a_document_of_its_own(published: World) -> None:
    for qualifier in ("1", "live"):
        assert (await add(published, Qualifier=qualifier))["Resource"] == f"{ARN}:{qualifier}"
    with pytest.raises(ResourceNotFound, match=r"^The resource you requested does not exist\.$"):
        await policy(published)
    document, _ = await policy(published, FunctionName="hello:live")
    assert [each["Resource"] for each in document["Statement"]] == [f"{ARN}:live"]


async def test_a_statement_id_is_taken_once(published: World) -> None:
    await add(published)
    with pytest.raises(ResourceConflict) as refusal:
        await add(published, Principal="*")
    assert refusal.value.message == (
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement."
    )


async def test_removing_the_last_statement_removes_the_policy(published: World) -> None:
    await add(published, "s1")
    await add(published, "s2")
    await published.call("RemovePermission", FunctionName="hello", StatementId="s1")
    assert [each["Sid"] for each in (await policy(published))[0]["Statement"]] == ["s2"]
    with pytest.raises(ResourceNotFound, match=r"^Statement s1 is not found in resource policy\.$"):
        await published.call("RemovePermission", FunctionName="hello", StatementId="s1")
    await published.call("RemovePermission", FunctionName="hello", StatementId="s2")
    with pytest.raises(ResourceNotFound, match="The resource you requested does not exist"):
        await policy(published)
    with pytest.raises(ResourceNotFound, match="No policy is associated with the given resource"):
        await published.call("RemovePermission", FunctionName="hello", StatementId="s2")


async def test_the_policy_has_a_revision_of_its_own(published: World) -> None:
    before = (await published.configuration())["RevisionId"]
    await add(published)
    first = (await policy(published))[1]
    await add(published, "s2", RevisionId=first)
    second = (await policy(published))[1]
    assert first != second
    assert (await published.configuration())["RevisionId"] == before
    for operation, members in (
        ("RemovePermission", {"FunctionName": "hello", "StatementId": "s1"}),
        ("DeleteResourcePolicy", {"ResourceArn": ARN}),
    ):
        with pytest.raises(PreconditionFailed):
            await published.call(operation, RevisionId=first, **members)
    with pytest.raises(PreconditionFailed):
        await put(published, DENY, RevisionId=first)
    await published.call("RemovePermission", FunctionName="hello", StatementId="s1", RevisionId=second)


async def test_a_policy_has_at_most_20480_characters(published: World) -> None:
    for number in range(90):
        await add(published, f"s{number}")
    with pytest.raises(PolicyLengthExceeded, match=r"is bigger than the limit \(20480\)"):
        await asyncio.gather(*(add(published, f"t{number}") for number in range(90)))
    document = (await published.call("GetPolicy", FunctionName="hello"))["Policy"]
    assert 20_000 < len(document) <= 20_480
    await add(published, "small", Qualifier="live")
    with pytest.raises(PolicyLengthExceeded):
        await put(published, {**DENY, "Condition": {"StringEquals": {"a": ["x" * 20_480]}}})


async def test_grants_side_by_side_are_all_kept(published: World) -> None:
    await asyncio.gather(*(add(published, f"s{number}") for number in range(8)))
    assert len((await policy(published))[0]["Statement"]) == 8


async def test_a_whole_document_replaces_and_permissions_add_to_it(published: World) -> None:
    await add(published, "old")
    reply = await put(published, DENY)
    assert json.loads(reply["Policy"])["Statement"] == [DENY]
    await add(published, "more")
    got = await published.call("GetResourcePolicy", ResourceArn=ARN)
    assert got == await published.call("GetPolicy", FunctionName="hello")
    assert [each["Sid"] for each in json.loads(got["Policy"])["Statement"]] == ["no", "more"]
    await published.call("DeleteResourcePolicy", ResourceArn=ARN, RevisionId=got["RevisionId"])
    for operation in ("GetResourcePolicy", "DeleteResourcePolicy"):
        with pytest.raises(ResourceNotFound):
            await published.call(operation, ResourceArn=ARN)


async def test_an_alias_has_a_document_of_its_own(published: World) -> None:
    await put(published, {**DENY, "Resource": f"{ARN}:live"}, arn=f"{ARN}:live")
    assert (await policy(published, Qualifier="live"))[0]["Statement"][0]["Resource"] == f"{ARN}:live"
    with pytest.raises(InvalidParameterValue, match=r"\$LATEST"):
        await put(published, DENY, arn=f"{ARN}:$LATEST")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "[" * 10_000,
        '{"Statement":[]}',
        '{"Statement":{"Sid":1e999}}',
        json.dumps({"Version": "2012-10-17", "Id": "\ud800", "Statement": [DENY]}),
        json.dumps({"Version": "2020-01-01", "Statement": [DENY]}),
        json.dumps({"Version": {}, "Statement": [DENY]}),
        json.dumps({"Statement": [DENY], "Extra": 1}),
        *(
            json.dumps({"Version": "2012-10-17", "Statement": statements})
            for statements in (
                [DENY, DENY],
                [7],
                [{**DENY, "Effect": "Maybe"}],
                [{**DENY, "Effect": ["Deny"]}],
                [{**DENY, "Sid": []}],
                [{**DENY, "NotAction": "*"}],
                [{**DENY, "Action": []}],
                [{**DENY, "Action": {"a": 1}}],
                [{**DENY, "Principal": "somebody"}],
                [{**DENY, "Principal": {"AWS": 7}}],
                [{**DENY, "Principal": {"Nobody": "x"}}],
                [{**DENY, "Resource": f"{ARN}-other"}],
                [{**DENY, "Condition": []}],
                [{**DENY, "Condition": {"Like": {"a": "b"}}}],
                [{**DENY, "Condition": {"Bool": 7}}],
                [{**DENY, "Condition": {"Bool": {"a": {"b": "c"}}}}],
                [{**DENY, "Other": 1}],
                [{name: value for name, value in DENY.items() if name != "Principal"}],
            )
        ),
    ],
)
async def test_documents_that_are_no_policies_are_refused(published: World, document: str) -> None:
    with pytest.raises(InvalidParameterValue, match="The resource policy is not valid"):
        await published.call("PutResourcePolicy", ResourceArn=ARN, Policy=document or " ")


@pytest.mark.parametrize("arn", ["arn:aws:lambda:us-east-1:000000000000:runtime/mine", f"{ARN}x", f"{ARN}:9"])
async def test_resources_that_are_not_there_have_no_policy(published: World, arn: str) -> None:
    with pytest.raises(ResourceNotFound):
        await published.call("GetResourcePolicy", ResourceArn=arn)
    with pytest.raises(ResourceNotFound):
        await put(published, {**DENY, "Resource": arn}, arn=arn)


async def test_a_policy_is_its_owners_business(published: World) -> None:
    stranger = Owner(account="111111111111", region="us-east-1")
    for operation, members in (
        ("AddPermission", {"StatementId": "s", "Action": "lambda:*", "Principal": "*", "FunctionName": ARN}),
        ("RemovePermission", {"StatementId": "s", "FunctionName": ARN}),
        ("GetPolicy", {"FunctionName": ARN}),
        ("PutResourcePolicy", {"ResourceArn": ARN, "Policy": "{}"}),
        ("GetResourcePolicy", {"ResourceArn": ARN}),
        ("DeleteResourcePolicy", {"ResourceArn": ARN}),
    ):
        with pytest.raises(AccessDenied, match=f"lambda:{operation}"):
            await published.call(operation, caller=stranger, **members)
