"""Code signing configurations: made, read, changed, listed, tagged, given to functions and deleted."""

import re
from typing import Any

import pytest

from lambent.core.errors import (
    AccessDenied,
    CodeSigningConfigNotFound,
    InvalidParameterValue,
    LambdaError,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.function import Owner
from tests.signed_packages import OTHER_PROFILE, PROFILE
from tests.unit.control_world import ROLE, World

OTHER = Owner(account="111111111111", region="us-east-1")
ELSEWHERE = Owner(account="000000000000", region="eu-west-1")
MISSING = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17
PUBLISHERS = {"SigningProfileVersionArns": [PROFILE]}


async def made(world: World, **members: Any) -> dict[str, Any]:
    reply = await world.call("CreateCodeSigningConfig", **{"AllowedPublishers": PUBLISHERS, **members})
    config: dict[str, Any] = reply["CodeSigningConfig"]
    return config


async def test_a_config_has_lambdas_form_and_defaults(world: World) -> None:
    config = await made(world)
    arn = config["CodeSigningConfigArn"]
    assert re.fullmatch(r"arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-[a-z0-9]{17}", arn)
    assert arn.endswith(":" + config["CodeSigningConfigId"])
    assert "Description" not in config
    assert config["AllowedPublishers"] == PUBLISHERS
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", config["LastModified"])
    assert (await world.call("GetCodeSigningConfig", CodeSigningConfigArn=arn))["CodeSigningConfig"] == config


async def test_an_update_changes_what_it_names(world: World) -> None:
    config = await made(world, Description="first")
    arn = config["CodeSigningConfigArn"]
    world.clock.advance(60)
    changed = (
        await world.call(
            "UpdateCodeSigningConfig",
            CodeSigningConfigArn=arn,
            CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
        )
    )["CodeSigningConfig"]
    assert changed["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert (changed["Description"], changed["AllowedPublishers"]) == ("first", PUBLISHERS)
    assert changed["LastModified"] > config["LastModified"]
    both = {"SigningProfileVersionArns": [PROFILE, OTHER_PROFILE]}
    await world.call("UpdateCodeSigningConfig", CodeSigningConfigArn=arn, AllowedPublishers=both, Description="")
    found = (await world.call("GetCodeSigningConfig", CodeSigningConfigArn=arn))["CodeSigningConfig"]
    assert (found["Description"], found["AllowedPublishers"]) == ("", both)
    assert found["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}


@pytest.mark.parametrize(
    "arn", ["arn:aws:s3:::bucket", PROFILE.removesuffix("/abcdefgh12"), PROFILE.replace("000000000000", "1")]
)
async def test_a_publisher_is_a_signing_profile_version(world: World, arn: str) -> None:
    with pytest.raises(InvalidParameterValue, match="signing profile version ARN is not valid"):
        await made(world, AllowedPublishers={"SigningProfileVersionArns": [PROFILE, arn]})
    config = await made(world)
    with pytest.raises(InvalidParameterValue):
        await world.call(
            "UpdateCodeSigningConfig",
            CodeSigningConfigArn=config["CodeSigningConfigArn"],
            AllowedPublishers={"SigningProfileVersionArns": [arn]},
        )
    assert (await world.call("ListCodeSigningConfigs"))["CodeSigningConfigs"] == [config]


ON_A_CONFIG = ["GetCodeSigningConfig", "UpdateCodeSigningConfig", "DeleteCodeSigningConfig", "ListFunctionsByCodeSigningConfig"]
ON_TAGS: list[tuple[str, dict[str, Any]]] = [
    ("ListTags", {}),
    ("TagResource", {"Tags": {"a": "b"}}),
    ("UntagResource", {"TagKeys": ["a"]}),
]


@pytest.mark.parametrize("operation", ON_A_CONFIG)
async def test_a_config_is_its_owners(world: World, operation: str) -> None:
    arn = (await made(world))["CodeSigningConfigArn"]
    for caller, error in ((OTHER, AccessDenied), (ELSEWHERE, ResourceNotFound)):
        with pytest.raises(error):
            await world.call(operation, caller=caller, CodeSigningConfigArn=arn)
    with pytest.raises(ResourceNotFound):
        await world.call(operation, CodeSigningConfigArn=MISSING)


@pytest.mark.parametrize(("operation", "given"), ON_TAGS)
async def test_the_tags_of_a_config_are_its_owners(world: World, operation: str, given: dict[str, Any]) -> None:
    arn = (await made(world))["CodeSigningConfigArn"]
    for caller, error in ((OTHER, AccessDenied), (ELSEWHERE, ResourceNotFound)):
        with pytest.raises(error):
            await world.call(operation, caller=caller, Resource=arn, **given)
    with pytest.raises(ResourceNotFound):
        await world.call(operation, Resource=MISSING, **given)


async def test_lists_show_the_callers_own_page_by_page(world: World) -> None:
    made_here = sorted([(await made(world))["CodeSigningConfigId"] for _ in range(60)])
    await world.call("CreateCodeSigningConfig", caller=OTHER, AllowedPublishers=PUBLISHERS)
    whole = await world.call("ListCodeSigningConfigs")
    assert [each["CodeSigningConfigId"] for each in whole["CodeSigningConfigs"]] == made_here
    assert "NextMarker" not in whole
    seen, marker = [], {}
    while True:
        page = await world.call("ListCodeSigningConfigs", MaxItems=25, **marker)
        seen += [each["CodeSigningConfigId"] for each in page["CodeSigningConfigs"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == made_here
    with pytest.raises(InvalidParameterValue):
        await world.call("ListCodeSigningConfigs", Marker="made up")


async def test_tags_come_with_creation_and_change_afterwards(world: World) -> None:
    arn = (await made(world, Tags={"a": "1", "b": "2"}))["CodeSigningConfigArn"]
    await world.call("TagResource", Resource=arn, Tags={"b": "3", "c": "4"})
    await world.call("UntagResource", Resource=arn, TagKeys=["a", "unknown"])
    assert await world.call("ListTags", Resource=arn) == {"Tags": {"b": "3", "c": "4"}}
    with pytest.raises(InvalidParameterValue):
        await world.call("TagResource", Resource=arn, Tags={"aws:x": "y"})
    with pytest.raises(InvalidParameterValue):
        await made(world, Tags={f"k{number}": "" for number in range(51)})


async def test_a_function_has_one_config_until_it_is_taken_away(world: World) -> None:
    arn, other = [(await made(world))["CodeSigningConfigArn"] for _ in range(2)]
    await world.active(CodeSigningConfigArn=arn)
    attached = {"CodeSigningConfigArn": arn, "FunctionName": "hello"}
    assert await world.call("GetFunctionCodeSigningConfig", FunctionName="hello") == attached
    for _ in range(2):
        reply = await world.call("PutFunctionCodeSigningConfig", FunctionName="hello", CodeSigningConfigArn=other)
        assert reply == attached | {"CodeSigningConfigArn": other}
    assert await world.call("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn=arn) == {"FunctionArns": []}
    for _ in range(2):
        await world.call("DeleteFunctionCodeSigningConfig", FunctionName="hello")
        assert (await world.call("GetFunctionCodeSigningConfig", FunctionName="hello"))["CodeSigningConfigArn"] == ""


@pytest.mark.parametrize(
    "operation", ["GetFunctionCodeSigningConfig", "DeleteFunctionCodeSigningConfig", "PutFunctionCodeSigningConfig"]
)
async def test_only_a_whole_function_that_exists_has_a_config(world: World, operation: str) -> None:
    given = {"CodeSigningConfigArn": (await made(world))["CodeSigningConfigArn"]} if operation.startswith("Put") else {}
    await world.active(Publish=True)
    function = "arn:aws:lambda:us-east-1:000000000000:function:hello"
    wrong: list[tuple[str, Owner, type[LambdaError]]] = [
        ("nobody", Owner(account="000000000000", region="us-east-1"), ResourceNotFound),
        ("hello:1", Owner(account="000000000000", region="us-east-1"), InvalidParameterValue),
        (function, OTHER, AccessDenied),
        (function, ELSEWHERE, ResourceNotFound),
    ]
    for name, caller, error in wrong:
        with pytest.raises(error):
            await world.call(operation, caller=caller, FunctionName=name, **given)


async def test_a_config_that_is_not_there_or_not_the_callers_goes_to_no_function(world: World) -> None:
    foreign = (await world.call("CreateCodeSigningConfig", caller=OTHER, AllowedPublishers=PUBLISHERS))["CodeSigningConfig"]
    elsewhere = (await world.call("CreateCodeSigningConfig", caller=ELSEWHERE, AllowedPublishers=PUBLISHERS))["CodeSigningConfig"]
    wrong: list[tuple[str, type[LambdaError]]] = [
        (MISSING, CodeSigningConfigNotFound),
        (elsewhere["CodeSigningConfigArn"], CodeSigningConfigNotFound),
        (foreign["CodeSigningConfigArn"], AccessDenied),
    ]
    await world.active()
    for arn, error in wrong:
        with pytest.raises(error):
            await world.call("PutFunctionCodeSigningConfig", FunctionName="hello", CodeSigningConfigArn=arn)
        with pytest.raises(error):
            await world.create("other", CodeSigningConfigArn=arn)
    assert [each["FunctionName"] for each in (await world.call("ListFunctions"))["Functions"]] == ["hello"]
    assert (await world.call("GetFunctionCodeSigningConfig", FunctionName="hello"))["CodeSigningConfigArn"] == ""


async def test_a_config_in_use_cannot_be_deleted(world: World) -> None:
    arn = (await made(world))["CodeSigningConfigArn"]
    for name in ("c", "a", "b"):
        await world.active(name, CodeSigningConfigArn=arn)
    first = await world.call("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn=arn, MaxItems=2)
    rest = await world.call("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn=arn, Marker=first["NextMarker"])
    assert [each.rsplit(":", 1)[1] for each in first["FunctionArns"] + rest["FunctionArns"]] == ["a", "b", "c"]
    with pytest.raises(ResourceConflict, match="while a function is using it"):
        await world.call("DeleteCodeSigningConfig", CodeSigningConfigArn=arn)
    await world.call("DeleteFunction", FunctionName="a")
    for name in ("b", "c"):
        await world.call("DeleteFunctionCodeSigningConfig", FunctionName=name)
    assert await world.call("DeleteCodeSigningConfig", CodeSigningConfigArn=arn) == {}
    with pytest.raises(ResourceNotFound, match=re.escape(arn)):
        await world.call("DeleteCodeSigningConfig", CodeSigningConfigArn=arn)


async def test_container_images_are_not_signed(world: World) -> None:
    arn = (await made(world))["CodeSigningConfigArn"]
    world.images.images["app", "v1"] = "sha256:" + "a" * 64
    image = {"PackageType": "Image", "Code": {"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/app:v1"}, "Role": ROLE}
    with pytest.raises(InvalidParameterValue, match="container images do not support code signing"):
        await world.call("CreateFunction", FunctionName="hello", CodeSigningConfigArn=arn, **image)
    await world.call("CreateFunction", FunctionName="hello", **image)
    with pytest.raises(InvalidParameterValue, match="container images do not support code signing"):
        await world.call("PutFunctionCodeSigningConfig", FunctionName="hello", CodeSigningConfigArn=arn)
