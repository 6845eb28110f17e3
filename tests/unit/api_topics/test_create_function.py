"""CreateFunction: what it answers, what it refuses, and what comes after."""

import base64
import hashlib

import pytest

from lambent.core.errors import (
    AccessDenied,
    CodeSigningConfigNotFound,
    CodeStorageExceeded,
    InvalidParameterValue,
    LambdaError,
    OperationNotImplemented,
    RequestTooLarge,
    ResourceConflict,
    ResourceNotFound,
    ValidationFailed,
)
from lambent.core.function import Owner
from lambent.core.limits import CODE_STORAGE_BYTES, ZIPPED_BYTES
from lambent.core.ports import AccountUsage
from tests.unit.control_world import ROLE, World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


async def test_the_reply_echoes_lambdas_defaults_and_is_pending(world: World) -> None:
    reply = await world.create()
    revision = reply.pop("RevisionId")
    runtime = reply.pop("RuntimeVersionConfig")
    assert len(base64.b64decode(reply.pop("ConfigSha256"))) == 32
    assert revision
    assert runtime["RuntimeVersionArn"].startswith("arn:aws:lambda:us-east-1::runtime:")
    assert reply == {
        "FunctionName": "hello",
        "FunctionArn": ARN,
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(zip_of()),
        "CodeSha256": base64.b64encode(hashlib.sha256(zip_of()).digest()).decode(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2023-11-14T22:13:20.000+0000",
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }


async def test_activation_makes_it_active_and_successful(world: World) -> None:
    created = await world.active()
    now = await world.configuration()
    assert (now["State"], now["LastUpdateStatus"]) == ("Active", "Successful")
    assert not {"StateReason", "StateReasonCode", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"} & set(now)
    assert now["RevisionId"] != created["RevisionId"]
    assert now["LastModified"] == created["LastModified"]
    function = await world.store.function(world.key())
    assert function.serving == function.latest


async def test_everything_given_is_echoed(world: World) -> None:
    given = {
        "Description": "says hello",
        "Timeout": 900,
        "MemorySize": 10_240,
        "Environment": {"Variables": {"GREETING": "hi"}},
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 10_240},
        "TracingConfig": {"Mode": "Active"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k",
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"},
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": True},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "DEBUG",
            "SystemLogLevel": "WARN",
            "LogGroup": "/mine",
        },
    }
    shown = {**given, "VpcConfig": {**given["VpcConfig"], "VpcId": ""}}
    reply = await world.create(**given)
    assert {name: reply[name] for name in given} == shown
    await world.activate()
    now = await world.configuration()
    assert {name: now[name] for name in given} == shown


async def test_snap_start_is_echoed_but_never_claimed_to_be_on(world: World) -> None:
    reply = await world.create(SnapStart={"ApplyOn": "PublishedVersions"})
    assert reply["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}


@pytest.mark.parametrize("given", [{}, {"Environment": {}}, {"Environment": {"Variables": {}}}])
async def test_no_variables_are_no_member(world: World, given: dict[str, object]) -> None:
    assert "Environment" not in await world.create(**given)


async def test_code_comes_from_s3_too(world: World) -> None:
    world.objects.objects["bucket", "key.zip", "v3"] = zip_of("from s3")
    reply = await world.create(Code={"S3Bucket": "bucket", "S3Key": "key.zip", "S3ObjectVersion": "v3"})
    assert reply["CodeSha256"] == base64.b64encode(hashlib.sha256(zip_of("from s3")).digest()).decode()


async def test_publishing_answers_version_one_with_an_unqualified_arn(world: World) -> None:
    reply = await world.create(Publish=True)
    assert (reply["Version"], reply["FunctionArn"], reply["State"]) == ("1", ARN, "Pending")
    await world.activate()
    assert (await world.configuration(Qualifier="1"))["State"] == "Active"
    assert (await world.configuration())["State"] == "Active"


async def test_numbers_go_on_after_delete_and_create(world: World) -> None:
    await world.create(Publish=True)
    await world.activate()
    await world.configure(Timeout=4)
    assert await world.publish() == "2"
    await world.call("DeleteFunction", FunctionName="hello")
    assert (await world.create(Publish=True))["Version"] == "3"


async def test_the_same_name_twice_is_a_conflict(world: World) -> None:
    await world.create()
    with pytest.raises(ResourceConflict, match=r"^Function already exist: hello$"):
        await world.create()


async def test_the_same_name_in_another_account_or_region_is_another_function(world: World) -> None:
    await world.create()
    for caller in (Owner(account="111111111111", region="us-east-1"), Owner(account="000000000000", region="eu-west-1")):
        reply = await world.create(caller=caller)
        assert reply["FunctionArn"] == f"arn:aws:lambda:{caller.region}:{caller.account}:function:hello"


@pytest.mark.parametrize("name", ["000000000000:function:hello", ARN])
async def test_the_name_may_be_an_arn(world: World, name: str) -> None:
    assert (await world.create(name))["FunctionName"] == "hello"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("n" * 65, ValidationFailed),
        ("hello:1", InvalidParameterValue),
        ("111111111111:function:hello", AccessDenied),
        ("arn:aws:lambda:eu-west-1:000000000000:function:hello", ResourceNotFound),
    ],
)
async def test_names_that_cannot_be_created_are_refused(world: World, name: str, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        await world.create(name)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"Code": {}}, InvalidParameterValue, "Please provide a source for function code."),
        ({"Code": {"S3Bucket": "bucket"}}, InvalidParameterValue, "both S3Bucket and S3Key"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "k"}}, InvalidParameterValue, "NoSuchBucket"),
        (
            {"Code": {"ZipFile": b"x", "S3Key": "k"}},
            InvalidParameterValue,
            "other FunctionCode parameters when providing a ZipFile",
        ),
        ({"Code": {"ZipFile": b""}}, InvalidParameterValue, "non-empty zip"),
        ({"Code": {"ZipFile": b"no zip"}}, InvalidParameterValue, "Could not unzip uploaded file"),
        ({"Code": {"ImageUri": "image:1"}}, InvalidParameterValue, "ImageUri"),
        ({"Code": {"S3ObjectStorageMode": "REFERENCE"}}, OperationNotImplemented, "REFERENCE"),
        ({"Runtime": "python2.7"}, InvalidParameterValue, "The runtime parameter of python2.7 is no longer supported"),
        ({"Runtime": "python3.7"}, InvalidParameterValue, "The runtime parameter of python3.7 is no longer supported"),
        ({"Runtime": "cobol"}, InvalidParameterValue, "Member must satisfy enum value set"),
        ({"Runtime": ""}, InvalidParameterValue, "Runtime and Handler are mandatory"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            InvalidParameterValue,
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, InvalidParameterValue, "exceeded the 4KB limit"),
        ({"Timeout": 901}, InvalidParameterValue, "'Timeout' value failed"),
        ({"MemorySize": 10_241}, InvalidParameterValue, "'MemorySize' value failed"),
        ({"Tags": {"aws:x": "y"}}, InvalidParameterValue, "aws: prefixed"),
        ({"LoggingConfig": {"SystemLogLevel": "WARN"}}, InvalidParameterValue, "LogFormat to JSON"),
        ({"ImageConfig": {"Command": ["x"]}}, InvalidParameterValue, "ImageConfig"),
        ({"DurableConfig": {}}, OperationNotImplemented, "DurableConfig is not implemented"),
        (
            {"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}, "SnapStart": {"ApplyOn": "PublishedVersions"}},
            InvalidParameterValue,
            "tenancy configuration",
        ),
        ({"PublishTo": "LATEST_PUBLISHED"}, OperationNotImplemented, "PublishTo"),
        (
            {"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17},
            CodeSigningConfigNotFound,
            "code signing configuration cannot be found",
        ),
    ],
)
async def test_bad_requests_are_refused_and_leave_nothing(
    world: World, given: dict[str, object], error: type[LambdaError], message: str
) -> None:
    with pytest.raises(error) as refusal:
        await world.create(**given)
    assert message in refusal.value.message
    assert (await world.call("ListFunctions"))["Functions"] == []


async def test_a_zip_over_fifty_megabytes_is_too_large(world: World) -> None:
    with pytest.raises(RequestTooLarge, match="smaller than 69905067 bytes for the CreateFunction operation"):
        await world.create(Code={"ZipFile": bytes(ZIPPED_BYTES + 1)})


def use(world: World, monkeypatch: pytest.MonkeyPatch, code_bytes: int) -> None:
    async def usage(_owner: Owner) -> AccountUsage:
        return AccountUsage(code_bytes=code_bytes, functions=1, reserved_concurrency=0)

    monkeypatch.setattr(world.store, "usage", usage)


async def test_a_full_account_takes_no_more_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    use(world, monkeypatch, CODE_STORAGE_BYTES - len("code"))
    await world.active()
    use(world, monkeypatch, CODE_STORAGE_BYTES - len("code") + 1)
    for operation, given in (
        ("UpdateFunctionCode", {"FunctionName": "hello", "ZipFile": zip_of()}),
        ("PublishVersion", {"FunctionName": "hello"}),
        ("PublishLayerVersion", {"LayerName": "numpy", "Content": {"ZipFile": zip_of()}}),
    ):
        with pytest.raises(CodeStorageExceeded, match="Code storage limit exceeded"):
            await world.call(operation, **given)
    with pytest.raises(CodeStorageExceeded):
        await world.create("other")


async def test_a_package_that_vanished_before_activation_fails_the_function_for_good(world: World) -> None:
    await world.create()
    await world.packages.sweep(frozenset())
    await world.activate()
    now = await world.configuration()
    assert (now["State"], now["StateReasonCode"], now["LastUpdateStatus"]) == ("Failed", "InternalError", "Failed")
    assert "missing from the package store" in now["StateReason"]
    with pytest.raises(ResourceConflict, match="currently in the following state: Failed"):
        await world.configure(Timeout=4)
    await world.call("DeleteFunction", FunctionName="hello")
    assert (await world.active())["State"] == "Pending"
