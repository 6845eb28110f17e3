"""Every member of the model's shapes of a function's configuration, one row each: what is shown, stored, or refused."""

import pytest

from lambent.core.errors import CodeSigningConfigNotFound, LambdaError, OperationNotImplemented
from tests.unit.control_world import ROLE, World, model, zip_of

ABSENT = object()
EFS = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
S3_FILES = "arn:aws:s3files:us-east-1:000000000000:file-system/fs-0123456789abcdef0/access-point/fsap-0123456789abcdef0"
KEY = "arn:aws:kms:us-east-1:000000000000:key/k"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
SHOWN_VPC = {**VPC, "VpcId": "", "Ipv6AllowedForDualStack": False}

DEFAULTS: dict[str, object] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "EphemeralStorage": {"Size": 512},
    "Architectures": ["x86_64"],
    "PackageType": "Zip",
    "TracingConfig": {"Mode": "PassThrough"},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
    "TenancyConfig": ABSENT,
    **dict.fromkeys(("Environment", "Layers", "VpcConfig", "DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs"), ABSENT),
    "ImageConfigResponse": ABSENT,
}
"""What a function shows of members that nobody gave (facts A9)."""

MADE_HERE = {
    *("FunctionName", "FunctionArn", "Version", "RevisionId", "LastModified", "CodeSize", "CodeSha256", "ConfigSha256"),
    *("State", "StateReason", "StateReasonCode"),
    *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig"),
}
"""Shown, and given by nobody."""

REQUIRED = {"Role", "Runtime", "Handler"}
OF_CODE_SIGNING = {"SigningProfileVersionArn", "SigningJobArn"}
NEVER = {"MasterArn"}
"""Of replicas of Lambda@Edge functions, which there are none of."""

REFUSED: dict[str, object] = {
    "CapacityProviderConfig": {
        "LambdaManagedInstancesCapacityProviderConfig": {
            "CapacityProviderArn": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:c"
        }
    },
    "DurableConfig": {"ExecutionTimeout": 60},
    "RuntimeConfig": {"RuntimeArn": "arn:aws:lambda:us-east-1:000000000000:runtime/mine", "RuntimeAlias": "live"},
    "AcceleratorConfig": {"AcceleratorMemorySize": 1},
}
"""Would change how the function runs: 501 until they do."""

Given = tuple[str, dict[str, object], object]
"""A member as shown, what a request gives, and what is then shown."""

GIVEN: list[Given] = [
    ("Role", {"Role": ROLE + "2"}, ROLE + "2"),
    ("Runtime", {"Runtime": "python3.13"}, "python3.13"),
    ("Handler", {"Handler": "other.handler"}, "other.handler"),
    ("Description", {"Description": "says hello"}, "says hello"),
    ("Timeout", {"Timeout": 900}, 900),
    ("MemorySize", {"MemorySize": 10_240}, 10_240),
    ("EphemeralStorage", {"EphemeralStorage": {"Size": 10_240}}, {"Size": 10_240}),
    ("Environment", {"Environment": {"Variables": {"AA": "1"}}}, {"Variables": {"AA": "1"}}),
    ("TracingConfig", {"TracingConfig": {"Mode": "Active"}}, {"Mode": "Active"}),
    ("KMSKeyArn", {"KMSKeyArn": KEY}, KEY),
    (
        "DeadLetterConfig",
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sns:us-east-1:000000000000:t"}},
        {"TargetArn": "arn:aws:sns:us-east-1:000000000000:t"},
    ),
    ("VpcConfig", {"VpcConfig": VPC}, SHOWN_VPC),
    (
        "VpcConfig",
        {"VpcConfig": {**VPC, "Ipv6AllowedForDualStack": True}},
        {**SHOWN_VPC, "Ipv6AllowedForDualStack": True},
    ),
    (
        "FileSystemConfigs",
        {"VpcConfig": VPC, "FileSystemConfigs": [{"Arn": EFS, "LocalMountPath": "/mnt/data"}]},
        [{"Arn": EFS, "LocalMountPath": "/mnt/data"}],
    ),
    (
        "FileSystemConfigs",
        {"FileSystemConfigs": [{"Arn": S3_FILES, "LocalMountPath": "/mnt/data", "S3FilesConfig": {"DirectS3Read": "ENABLED"}}]},
        [{"Arn": S3_FILES, "LocalMountPath": "/mnt/data", "S3FilesConfig": {"DirectS3Read": "ENABLED"}}],
    ),
    (
        "SnapStart",
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    ),
    (
        "LoggingConfig",
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": "/aws/lambda/hello"},
    ),
    (
        "LoggingConfig",
        {
            "LoggingConfig": {
                "LogFormat": "JSON",
                "ApplicationLogLevel": "FATAL",
                "SystemLogLevel": "DEBUG",
                "LogGroup": "/mine",
            }
        },
        {"LogFormat": "JSON", "ApplicationLogLevel": "FATAL", "SystemLogLevel": "DEBUG", "LogGroup": "/mine"},
    ),
]
LAYER_ARN = "arn:aws:lambda:us-east-1:000000000000:layer:numpy:1"


def names(shape: str) -> set[str]:
    return set(model().shape_for(shape).members)


def test_every_member_of_a_configuration_has_a_row() -> None:
    elsewhere = MADE_HERE | REQUIRED | OF_CODE_SIGNING | NEVER
    assert names("FunctionConfiguration") == {*DEFAULTS, *REFUSED, *elsewhere}
    shown = {each[0] for each in GIVEN} | {"Layers", "Architectures", "PackageType", "ImageConfigResponse"}
    assert shown | {"TenancyConfig"} == {*DEFAULTS, *REQUIRED}


def test_every_member_of_a_request_has_a_row() -> None:
    given = {name for _, members, _ in GIVEN for name in members}
    common = given | set(REFUSED) | {"FunctionName", "ImageConfig", "Layers"}
    at_creation_only = {"TenancyConfig"}
    of_creation = {"Code", "Publish", "PublishTo", "PackageType", "Tags", "CodeSigningConfigArn", "Architectures"}
    assert names("CreateFunctionRequest") == common | of_creation | at_creation_only
    assert names("UpdateFunctionConfigurationRequest") == common | {"RevisionId"}
    sources = {"ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode", "ImageUri", "SourceKMSKeyArn"}
    assert names("FunctionCode") == sources
    guards = {"FunctionName", "Architectures", "Publish", "PublishTo", "DryRun", "RevisionId"}
    assert names("UpdateFunctionCodeRequest") == sources | guards


async def test_a_function_shows_the_defaults_of_what_was_not_given(world: World) -> None:
    reply = await world.create()
    assert {name: reply.get(name, ABSENT) for name in DEFAULTS} == DEFAULTS
    await world.activate()
    assert set(await world.configuration()) >= MADE_HERE - {
        *("StateReason", "StateReasonCode", "LastUpdateStatusReason", "LastUpdateStatusReasonCode")
    }


ROWS = [pytest.param(*each, id=each[0]) for each in GIVEN]


@pytest.mark.parametrize(("name", "members", "shown"), ROWS)
async def test_a_member_given_to_create_is_shown_by_every_reply(
    world: World, name: str, members: dict[str, object], shown: object
) -> None:
    assert (await world.create(**members))[name] == shown
    await world.activate()
    assert (await world.configuration())[name] == shown
    assert (await world.call("GetFunction", FunctionName="hello"))["Configuration"][name] == shown
    assert (await world.call("ListFunctions"))["Functions"][0][name] == shown
    published = await world.call("PublishVersion", FunctionName="hello")
    assert published[name] == shown
    assert (await world.call("ListVersionsByFunction", FunctionName="hello"))["Versions"][1][name] == shown


@pytest.mark.parametrize(("name", "members", "shown"), ROWS)
async def test_a_member_given_to_update_is_shown_is_a_change_and_stays(
    world: World, name: str, members: dict[str, object], shown: object
) -> None:
    before = await world.active(Publish=True)
    assert (await world.call("UpdateFunctionConfiguration", FunctionName="hello", **members))[name] == shown
    await world.activate()
    assert await world.publish() == "2"
    changed = await world.configuration()
    assert changed["ConfigSha256"] != before["ConfigSha256"]
    await world.configure()
    assert (await world.configuration())[name] == shown
    assert (await world.configuration())["ConfigSha256"] == changed["ConfigSha256"]
    assert (await world.configuration(Qualifier="1")).get(name) == before.get(name)


@pytest.mark.parametrize(
    "name", sorted(set(DEFAULTS) - {"PackageType", "TenancyConfig", "Layers", "Architectures", "ImageConfigResponse"})
)
async def test_giving_the_default_is_giving_nothing(world: World, name: str) -> None:
    empty: dict[str, object] = {
        "Environment": {"Variables": {}},
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False},
        "DeadLetterConfig": {"TargetArn": ""},
        "KMSKeyArn": "",
        "FileSystemConfigs": [],
        "SnapStart": {"ApplyOn": "None"},
    }
    default = empty.get(name, DEFAULTS[name])
    await world.active(Publish=True)
    await world.configure(**{name: default})
    assert await world.publish() == "1"


async def test_tenant_isolation_is_given_at_creation_and_stays(world: World) -> None:
    tenancy = {"TenantIsolationMode": "PER_TENANT"}
    await world.active(TenancyConfig=tenancy, Publish=True)
    await world.configure(Timeout=9)
    assert (await world.configuration())["TenancyConfig"] == tenancy
    assert (await world.configuration(Qualifier="1"))["TenancyConfig"] == tenancy


async def test_layers_are_shown_with_their_size(world: World) -> None:
    await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
    await world.active()
    await world.configure(Layers=[LAYER_ARN])
    assert (await world.configuration())["Layers"] == [{"Arn": LAYER_ARN, "CodeSize": len(zip_of("layer"))}]


REFUSALS = [
    pytest.param(operation, name, id=f"{operation}-{name}")
    for operation in ("CreateFunction", "UpdateFunctionConfiguration")
    for name in sorted(set(REFUSED) & names(f"{operation}Request"))
]


@pytest.mark.parametrize(("operation", "name"), REFUSALS)
async def test_what_would_run_otherwise_is_refused_by_its_name(world: World, operation: str, name: str) -> None:
    await world.active("other")
    given = {name: REFUSED[name]}
    with pytest.raises(OperationNotImplemented, match=f"{name} is not implemented"):
        await (world.create(**given) if operation == "CreateFunction" else world.configure("other", **given))


@pytest.mark.parametrize(
    ("operation", "members", "error"),
    [
        ("CreateFunction", {"PublishTo": "LATEST_PUBLISHED"}, OperationNotImplemented),
        ("CreateFunction", {"Runtime": "custom"}, OperationNotImplemented),
        (
            "CreateFunction",
            {"Code": {"S3Bucket": "bbb", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"}},
            OperationNotImplemented,
        ),
        (
            "CreateFunction",
            {"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17},
            CodeSigningConfigNotFound,
        ),
        ("UpdateFunctionCode", {"ZipFile": zip_of(), "PublishTo": "LATEST_PUBLISHED"}, OperationNotImplemented),
        (
            "UpdateFunctionCode",
            {"S3Bucket": "bbb", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"},
            OperationNotImplemented,
        ),
        ("PublishVersion", {"PublishTo": "LATEST_PUBLISHED"}, OperationNotImplemented),
    ],
)
async def test_other_members_that_are_not_heeded_are_refused(
    world: World, operation: str, members: dict[str, object], error: type[LambdaError]
) -> None:
    await world.active("other")
    with pytest.raises(error):
        await (
            world.create(**members) if operation == "CreateFunction" else world.call(operation, FunctionName="other", **members)
        )
