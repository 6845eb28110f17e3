"""Unmodified boto3: resource policies, and what they open to callers of another account, as at AWS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import deployed, result_of, zipped

STRANGER = "111111111111"
OWNER = "000000000000"


@pytest.fixture
def stranger(server: Any) -> Any:
    return server.client(account=STRANGER)


@pytest.fixture
def name(client: Any) -> str:
    return deployed(client, {"f.py": "def handler(e, c): return e"}, runtime="python3.12", Publish=True)


def arn_of(name: str, qualifier: str = "") -> str:
    return f"arn:aws:lambda:us-east-1:{OWNER}:function:{name}{qualifier}"


def refused(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def grant(client: Any, name: str, **more: Any) -> Any:
    given = {"StatementId": "s1", "Action": "lambda:InvokeFunction", "Principal": STRANGER, **more}
    return json.loads(client.add_permission(FunctionName=name, **given)["Statement"])


def test_another_account_invokes_only_what_it_was_granted(client: Any, stranger: Any, name: str) -> None:
    arn = arn_of(name)
    status, code, message = refused(stranger.invoke, FunctionName=arn, Payload=b"1")
    assert (status, code) == (403, "AccessDeniedException")
    assert message == (
        f"User: arn:aws:iam::{STRANGER}:root is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    statement = grant(client, name)
    assert (statement["Principal"], statement["Resource"]) == ({"AWS": f"arn:aws:iam::{STRANGER}:root"}, arn)
    assert result_of(stranger.invoke(FunctionName=arn, Payload=b"1")) == 1
    assert stranger.invoke(FunctionName=arn, Payload=b"1", InvocationType="Event")["StatusCode"] == 202
    assert stranger.invoke(FunctionName=arn, InvocationType="DryRun")["StatusCode"] == 204
    for qualified in (arn_of(name, ":1"), arn_of(name, ":$LATEST")):
        assert refused(stranger.invoke, FunctionName=qualified)[:2] == (403, "AccessDeniedException")
    assert refused(stranger.get_function, FunctionName=arn)[:2] == (403, "AccessDeniedException")
    grant(client, name, Qualifier="1")
    assert result_of(stranger.invoke(FunctionName=arn_of(name, ":1"), Payload=b"2")) == 2
    client.remove_permission(FunctionName=name, StatementId="s1")
    assert refused(stranger.invoke, FunctionName=arn)[0] == 403
    assert result_of(client.invoke(FunctionName=name, Payload=b"3")) == 3


def test_a_whole_document_denies_also_the_own_account_until_it_is_deleted(client: Any, stranger: Any, name: str) -> None:
    everybody = {"Principal": "*", "Action": "lambda:InvokeFunction", "Resource": arn_of(name)}
    statements = [{"Sid": "a", "Effect": "Allow", **everybody}, {"Sid": "d", "Effect": "Deny", **everybody}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    put = client.put_resource_policy(ResourceArn=arn_of(name), Policy=document)
    assert json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"] == statements
    for caller in (client, stranger):
        status, code, message = refused(caller.invoke, FunctionName=arn_of(name))
        assert (status, code) == (403, "AccessDeniedException")
        assert "explicit deny" in message
    client.remove_permission(FunctionName=name, StatementId="d", RevisionId=put["RevisionId"])
    assert result_of(stranger.invoke(FunctionName=arn_of(name), Payload=b"4")) == 4
    assert refused(client.delete_resource_policy, ResourceArn=arn_of(name), RevisionId=put["RevisionId"])[0] == 412
    client.delete_resource_policy(ResourceArn=arn_of(name))
    assert refused(client.get_resource_policy, ResourceArn=arn_of(name))[:2] == (404, "ResourceNotFoundException")
    assert refused(stranger.invoke, FunctionName=arn_of(name))[0] == 403


def test_errors_have_lambdas_codes(client: Any, name: str) -> None:
    grant(client, name)
    assert refused(grant, client=client, name=name)[:2] == (409, "ResourceConflictException")
    assert refused(client.get_policy, FunctionName=name, Qualifier="1") == (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    revision = {"RevisionId": "00000000-0000-0000-0000-000000000000"}
    assert refused(client.remove_permission, FunctionName=name, StatementId="s1", **revision)[:2] == (
        412,
        "PreconditionFailedException",
    )
    assert refused(client.put_resource_policy, ResourceArn=arn_of(name), Policy="{")[:2] == (
        400,
        "InvalidParameterValueException",
    )


def test_a_layer_is_used_in_another_account_where_its_policy_allows_it(client: Any, stranger: Any, name: str) -> None:
    layer = client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped({"python/shared.py": "WORD = 'shared'"})})
    arn = layer["LayerVersionArn"]
    assert refused(stranger.get_layer_version_by_arn, Arn=arn)[:2] == (403, "AccessDeniedException")
    given = {"LayerName": name, "VersionNumber": 1, "StatementId": "s1"}
    added = client.add_layer_version_permission(Action="lambda:GetLayerVersion", Principal=STRANGER, **given)
    policy = client.get_layer_version_policy(LayerName=name, VersionNumber=1)
    assert policy["RevisionId"] == added["RevisionId"]
    assert json.loads(policy["Policy"])["Statement"] == [json.loads(added["Statement"])]
    assert stranger.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    code = {"f.py": "import shared\ndef handler(e, c): return shared.WORD"}
    theirs = deployed(stranger, code, runtime="python3.12", Layers=[arn])
    assert result_of(stranger.invoke(FunctionName=theirs)) == "shared"
    client.remove_layer_version_permission(**given)
    assert refused(stranger.get_layer_version_by_arn, Arn=arn)[0] == 403
    assert result_of(stranger.invoke(FunctionName=theirs)) == "shared"
