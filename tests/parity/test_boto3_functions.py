"""Unmodified boto3, its waiters and paginators: functions, versions, aliases, as at AWS."""

import base64
import hashlib
import re
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import ROLE, deployed, updated, zipped

CODE = {"f.py": "def handler(e, c): return 1"}


def unique(prefix: str = "p") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def failing(call: Any, **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def create(client: Any, name: str, **more: Any) -> dict[str, Any]:
    arguments = {"Runtime": "python3.12", "Handler": "f.handler", "Role": ROLE, "Code": {"ZipFile": zipped(CODE)}, **more}
    return dict(client.create_function(FunctionName=name, **arguments))


def test_create_answers_pending_with_every_default_and_becomes_active(client: Any) -> None:
    name = unique()
    package = zipped(CODE)
    made = create(client, name, Code={"ZipFile": package})
    expected = {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "f.handler",
        "CodeSize": len(package),
        "CodeSha256": base64.b64encode(hashlib.sha256(package).digest()).decode(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "State": "Pending",
        "StateReasonCode": "Creating",
        "StateReason": "The function is being created.",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }
    assert {key: made.get(key) for key in expected} == expected
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["LastModified"])
    assert uuid.UUID(made["RevisionId"])
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    settled = client.get_function_configuration(FunctionName=name)
    assert (settled["State"], settled["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReasonCode" not in settled


def test_get_function_links_to_the_very_package(client: Any) -> None:
    package = zipped(CODE)
    name = unique()
    create(client, name, Code={"ZipFile": package}, Tags={"team": "x"})
    function = client.get_function(FunctionName=name)
    assert function["Code"]["RepositoryType"] == "S3"
    with urllib.request.urlopen(function["Code"]["Location"], timeout=10) as reply:
        assert reply.read() == package
    assert function["Tags"] == {"team": "x"}
    assert "Concurrency" not in function


def test_an_arn_is_qualified_only_when_asked_with_a_qualifier(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12")
    bare = client.get_function_configuration(FunctionName=name)
    full = client.get_function_configuration(FunctionName=bare["FunctionArn"], Qualifier="$LATEST")
    assert full["FunctionArn"] == bare["FunctionArn"] + ":$LATEST"
    partial = client.get_function_configuration(FunctionName=f"000000000000:function:{name}")
    assert partial["FunctionArn"] == bare["FunctionArn"]


def test_names_that_lambda_refuses_are_refused(client: Any, server: Any) -> None:
    code, status, message = failing(client.get_function, FunctionName="no such name!")
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith(
        "1 validation error detected: Value 'no such name!' at 'functionName' failed to satisfy constraint: Member must"
    )
    assert failing(client.get_function, FunctionName=unique())[:2] == ("ResourceNotFoundException", 404)
    name = deployed(client, CODE, runtime="python3.12")
    assert failing(client.invoke, FunctionName=name, Qualifier="01")[0] == "ResourceNotFoundException"
    code, _, _ = failing(client.get_function, FunctionName=f"{name}:1", Qualifier="2")
    assert code == "InvalidParameterValueException"
    other = server.client(region="eu-west-1")
    assert failing(other.get_function, FunctionName=name)[0] == "ResourceNotFoundException"
    stranger = server.client(account="111111111111")
    assert failing(stranger.get_function, FunctionName=name)[0] == "ResourceNotFoundException"


def test_several_constraint_errors_are_reported_together(server: Any) -> None:
    import boto3
    from botocore.config import Config

    lenient = boto3.client(
        "lambda",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="t",
        aws_secret_access_key="t",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    code, status, message = failing(
        lenient.create_function,
        FunctionName=unique(),
        Role="nobody",
        Timeout=0,
        MemorySize=64,
        Runtime="cobol",
        Handler="h",
        Code={"ZipFile": b"x"},
    )
    assert (code, status) == ("ValidationException", 400)
    assert re.match(r"[3-9] validation errors detected: ", message)
    for part in ("'role'", "'timeout'", "'memorySize'", "greater than or equal to"):
        assert part in message


def test_a_second_create_conflicts(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12")
    assert failing(create, client=client, name=name) == ("ResourceConflictException", 409, f"Function already exist: {name}")


@pytest.mark.parametrize(
    ("package", "words"),
    [
        (b"this is no zip", "Could not unzip uploaded file"),
        (zipped({"../escape.py": "x"}), "Could not unzip uploaded file|invalid"),
        (zipped({"/absolute.py": "x"}), "Could not unzip uploaded file|invalid"),
        (zipped({"big": b"\0" * (251 << 20)}), "Unzipped size must be smaller than 262144000 bytes"),
    ],
    ids=["not-a-zip", "traversal", "absolute", "bomb"],
)
def test_a_bad_package_is_refused_and_leaves_nothing(client: Any, package: bytes, words: str) -> None:
    name = unique()
    code, status, message = failing(create, client=client, name=name, Code={"ZipFile": package})
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert re.search(words, message)
    assert failing(client.get_function, FunctionName=name)[0] == "ResourceNotFoundException"


def test_publishing_without_a_change_returns_the_last_version(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12")
    first = client.publish_version(FunctionName=name)
    again = client.publish_version(FunctionName=name)
    assert (first["Version"], again["Version"]) == ("1", "1")
    assert first["FunctionArn"].endswith(f":{name}:1")
    client.update_function_configuration(FunctionName=name, Timeout=9)
    updated(client, name)
    assert client.publish_version(FunctionName=name, Description="two")["Description"] == "two"
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name, PaginationConfig={"PageSize": 1})
    assert [each["Version"] for page in pages for each in page["Versions"]] == ["$LATEST", "1", "2"]
    assert failing(client.publish_version, FunctionName=name, CodeSha256="wrong")[0] == "InvalidParameterValueException"


def test_version_numbers_are_not_reused_after_delete_and_create(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12", Publish=True)
    client.delete_function(FunctionName=name)
    deployed(client, CODE, runtime="python3.12", name=name)
    assert client.publish_version(FunctionName=name)["Version"] == "2"


def test_a_stale_revision_is_refused(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12")
    code, status, _ = failing(client.update_function_configuration, FunctionName=name, Timeout=5, RevisionId=str(uuid.uuid4()))
    assert (code, status) == ("PreconditionFailedException", 412)
    current = client.get_function_configuration(FunctionName=name)["RevisionId"]
    assert client.update_function_configuration(FunctionName=name, Timeout=5, RevisionId=current)["Timeout"] == 5


def test_environment_rules_have_lambdas_words(client: Any) -> None:
    reserved = failing(create, client=client, name=unique(), Environment={"Variables": {"AWS_REGION": "x"}})
    assert reserved[0] == "InvalidParameterValueException"
    assert "reserved keys" in reserved[2]
    assert "AWS_REGION" in reserved[2]
    large = failing(create, client=client, name=unique(), Environment={"Variables": {"BIG": "x" * 4096}})
    assert "exceeded the 4KB limit" in large[2]


def test_an_alias_lives_and_guards_its_version(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12", Publish=True)
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="d")
    assert alias["AliasArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live"
    assert failing(client.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[:2] == (
        "ResourceConflictException",
        409,
    )
    assert failing(client.delete_function, FunctionName=name, Qualifier="1")[:2] == ("ResourceConflictException", 409)
    assert failing(client.get_alias, FunctionName=name, Name="none")[0] == "ResourceNotFoundException"
    assert [each["Name"] for each in client.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"]] == ["live"]
    assert failing(client.update_alias, FunctionName=name, Name="live", RevisionId=str(uuid.uuid4()))[1] == 412
    weights = {"AdditionalVersionWeights": {"$LATEST": 0.1}}
    assert failing(client.update_alias, FunctionName=name, Name="live", RoutingConfig=weights)[1] == 400
    client.delete_alias(FunctionName=name, Name="live")
    client.delete_function(FunctionName=name, Qualifier="1")
    assert failing(client.get_function, FunctionName=name, Qualifier="1")[0] == "ResourceNotFoundException"


def test_listing_pages_through_every_function_without_its_state(client: Any) -> None:
    names = {deployed(client, CODE, runtime="python3.12") for _ in range(3)}
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    listed = {each["FunctionName"]: each for page in pages for each in page["Functions"]}
    assert names <= set(listed)
    assert not {"State", "LastUpdateStatus"} & set(listed[names.pop()])


def test_concurrency_tags_and_account_settings_agree(client: Any, server: Any) -> None:
    client = server.client(account="222222222222")
    name = deployed(client, CODE, runtime="python3.12")
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    assert (
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=50)["ReservedConcurrentExecutions"] == 50
    )
    assert client.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 50}
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == settings["AccountLimit"]["ConcurrentExecutions"] - 50
    assert settings["AccountUsage"]["FunctionCount"] == 1
    code, _, message = failing(client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901)
    assert code == "InvalidParameterValueException"
    assert "below its minimum value of [100]" in message
    client.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
    client.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}


def test_what_is_not_done_says_so(client: Any) -> None:
    code, status, message = failing(client.list_durable_executions_by_function, FunctionName="any")
    assert (code, status) == ("NotImplementedException", 501)
    assert "ListDurableExecutionsByFunction" in message
