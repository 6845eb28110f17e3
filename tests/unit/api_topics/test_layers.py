"""Layers: their versions, lists and filters, and functions that use them."""

import base64
import hashlib
from dataclasses import replace

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceNotFound, ValidationFailed
from lambent.core.function import Owner
from lambent.core.layer import LayerKey, LayerVersion
from tests.unit.control_world import CALLER, ENDPOINT, World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:layer:numpy"
STRANGER = Owner(account="111111111111", region="us-east-1")


async def publish(world: World, name: str = "numpy", text: str = "layer", **members: object) -> dict[str, object]:
    return await world.call("PublishLayerVersion", LayerName=name, Content={"ZipFile": zip_of(text)}, **members)


async def test_publishing_answers_the_whole_version(world: World) -> None:
    reply = await publish(
        world,
        Description="numbers",
        LicenseInfo="MIT",
        CompatibleRuntimes=["python3.12", "python3.13"],
        CompatibleArchitectures=["arm64"],
    )
    content = zip_of("layer")
    digest = hashlib.sha256(content)
    assert reply == {
        "LayerArn": ARN,
        "LayerVersionArn": f"{ARN}:1",
        "Version": 1,
        "Description": "numbers",
        "CreatedDate": "2023-11-14T22:13:20.000+0000",
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.12", "python3.13"],
        "CompatibleArchitectures": ["arm64"],
        "Content": {
            "Location": f"{ENDPOINT}/code/{digest.hexdigest()}",
            "CodeSha256": base64.b64encode(digest.digest()).decode(),
            "CodeSize": len(content),
        },
    }
    assert await world.call("GetLayerVersion", LayerName="numpy", VersionNumber=1) == reply
    assert await world.call("GetLayerVersion", LayerName=ARN, VersionNumber=1) == reply
    assert await world.call("GetLayerVersionByArn", Arn=f"{ARN}:1") == reply


async def test_every_publish_is_a_new_number_and_numbers_are_not_reused(world: World) -> None:
    assert [(await publish(world))["Version"] for _ in range(3)] == [1, 2, 3]
    await world.call("DeleteLayerVersion", LayerName="numpy", VersionNumber=3)
    assert (await publish(world))["Version"] == 4


async def test_a_layer_comes_from_s3_too(world: World) -> None:
    world.objects.objects["bucket", "layer.zip", None] = zip_of("layer")
    reply = await world.call("PublishLayerVersion", LayerName="numpy", Content={"S3Bucket": "bucket", "S3Key": "layer.zip"})
    assert reply["Content"]["CodeSize"] == len(zip_of("layer"))


async def test_deleting_a_version_that_is_not_there_is_no_error(world: World) -> None:
    assert await world.call("DeleteLayerVersion", LayerName="numpy", VersionNumber=7) == {}
    assert await world.call("DeleteLayerVersion", LayerName="numpy", VersionNumber=2**70) == {}


@pytest.mark.parametrize("operation", ["GetLayerVersion", "DeleteLayerVersion"])
async def test_numbers_below_one_are_refused(world: World, operation: str) -> None:
    with pytest.raises(InvalidParameterValue, match="Layer Version Cannot be less than 1"):
        await world.call(operation, LayerName="numpy", VersionNumber=0)


@pytest.mark.parametrize("number", [2, 2**63, 2**70])
async def test_versions_that_do_not_exist_are_not_found(world: World, number: int) -> None:
    await publish(world)
    with pytest.raises(ResourceNotFound, match="The resource you requested does not exist"):
        await world.call("GetLayerVersion", LayerName="numpy", VersionNumber=number)


@pytest.mark.parametrize(
    "arn", [f"{ARN}:2", "arn:aws:lambda:::awslayer:AmazonLinux1803", ARN.replace("us-east-1", "eu-west-1") + ":1"]
)
async def test_arns_that_do_not_exist_are_not_found(world: World, arn: str) -> None:
    await publish(world)
    with pytest.raises(ResourceNotFound):
        await world.call("GetLayerVersionByArn", Arn=arn)


async def test_another_accounts_layer_is_denied(world: World) -> None:
    await publish(world)
    with pytest.raises(AccessDenied, match=f"lambda:GetLayerVersion on resource: {ARN}:1"):
        await world.call("GetLayerVersionByArn", caller=STRANGER, Arn=f"{ARN}:1")
    for operation, given in (
        ("DeleteLayerVersion", {"VersionNumber": 1}),
        ("ListLayerVersions", {}),
        ("PublishLayerVersion", {"Content": {"ZipFile": zip_of()}}),
    ):
        with pytest.raises(AccessDenied):
            await world.call(operation, caller=STRANGER, LayerName=ARN, **given)
    assert (await world.call("ListLayers", caller=STRANGER))["Layers"] == []


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("n" * 141, {}, ValidationFailed),
        (f"{ARN}{'n' * 136}", {}, ValidationFailed),
        ("numpy", {"Content": {}}, InvalidParameterValue),
        ("numpy", {"Content": {"ZipFile": b"no zip"}}, InvalidParameterValue),
        ("numpy", {"CompatibleRuntimes": ["cobol"]}, InvalidParameterValue),
    ],
)
async def test_bad_layers_are_refused_and_leave_nothing(
    world: World, name: str, given: dict[str, object], error: type[LambdaError]
) -> None:
    with pytest.raises(error):
        await world.call("PublishLayerVersion", LayerName=name, **{"Content": {"ZipFile": zip_of()}, **given})
    assert (await world.call("ListLayers"))["Layers"] == []


async def test_a_layers_name_has_up_to_140_characters(world: World) -> None:
    name = "n" * 140
    arn = f"arn:aws:lambda:us-east-1:000000000000:layer:{name}"
    assert (await publish(world, name))["LayerVersionArn"] == f"{arn}:1"
    assert (await publish(world, arn))["Version"] == 2
    assert (await world.active(Layers=[f"{arn}:2"]))["Layers"][0]["Arn"] == f"{arn}:2"


async def test_versions_are_listed_newest_first_in_pages_without_content(world: World) -> None:
    for _ in range(5):
        await publish(world)
    first = await world.call("ListLayerVersions", LayerName="numpy", MaxItems=3)
    second = await world.call("ListLayerVersions", LayerName="numpy", Marker=first["NextMarker"])
    assert [each["Version"] for each in first["LayerVersions"] + second["LayerVersions"]] == [5, 4, 3, 2, 1]
    assert "NextMarker" not in second
    assert not {"Content", "LayerArn"} & set(first["LayerVersions"][0])


async def test_an_unknown_layer_has_no_versions(world: World) -> None:
    assert await world.call("ListLayerVersions", LayerName="nothing") == {"LayerVersions": []}


@pytest.mark.parametrize(
    ("wanted", "versions", "latest"),
    [
        ({}, [3, 2, 1], {"alpha": 1, "numpy": 3}),
        ({"CompatibleRuntime": "python3.12"}, [2, 1], {"numpy": 2}),
        ({"CompatibleArchitecture": "arm64"}, [3, 1], {"numpy": 3}),
        ({"CompatibleRuntime": "python3.12", "CompatibleArchitecture": "arm64"}, [1], {"numpy": 1}),
        ({"CompatibleRuntime": "java21"}, [], {}),
    ],
)
async def test_filters_keep_what_names_itself_compatible(
    world: World, wanted: dict[str, str], versions: list[int], latest: dict[str, int]
) -> None:
    await publish(world, CompatibleRuntimes=["python3.12"], CompatibleArchitectures=["arm64"])
    await publish(world, CompatibleRuntimes=["python3.12"])
    await publish(world, CompatibleRuntimes=["nodejs22.x"], CompatibleArchitectures=["x86_64", "arm64"])
    await publish(world, "alpha")
    listed = (await world.call("ListLayerVersions", LayerName="numpy", **wanted))["LayerVersions"]
    assert [each["Version"] for each in listed] == versions
    layers = (await world.call("ListLayers", **wanted))["Layers"]
    assert {each["LayerName"]: each["LatestMatchingVersion"]["Version"] for each in layers} == latest


async def test_an_unknown_runtime_is_no_filter(world: World) -> None:
    for operation, given in (("ListLayers", {}), ("ListLayerVersions", {"LayerName": "numpy"})):
        with pytest.raises(InvalidParameterValue, match="Member must satisfy enum value set"):
            await world.call(operation, CompatibleRuntime="cobol", **given)


async def test_layers_are_listed_in_pages_over_the_ones_that_do_not_match(world: World) -> None:
    for number in range(120):
        compatible = {"CompatibleRuntimes": ["python3.12"]} if number % 2 else {}
        await publish(world, f"layer{number:03}", **compatible)
    seen: list[str] = []
    members: dict[str, object] = {}
    while True:
        reply = await world.call("ListLayers", CompatibleRuntime="python3.12", MaxItems=25, **members)
        assert len(reply["Layers"]) <= 25
        seen += [each["LayerName"] for each in reply["Layers"]]
        if "NextMarker" not in reply:
            break
        members = {"Marker": reply["NextMarker"]}
    assert seen == [f"layer{number:03}" for number in range(1, 120, 2)]


async def test_a_function_shows_its_layers_in_order(world: World) -> None:
    one, two = (await publish(world, "one"), await publish(world, "two", "second layer"))
    arns = [two["LayerVersionArn"], one["LayerVersionArn"]]
    reply = await world.active(Layers=arns)
    assert [each["Arn"] for each in reply["Layers"]] == arns
    assert [each["CodeSize"] for each in reply["Layers"]] == [len(zip_of("second layer")), len(zip_of("layer"))]
    assert "Layers" not in await world.call("UpdateFunctionConfiguration", FunctionName="hello", Layers=[])


async def test_a_deleted_layer_keeps_serving_but_is_not_attached_again(world: World) -> None:
    arn = (await publish(world))["LayerVersionArn"]
    await world.active(Layers=[arn])
    await world.call("DeleteLayerVersion", LayerName="numpy", VersionNumber=1)
    await world.configure(Timeout=9)
    now = await world.configuration()
    assert ([each["Arn"] for each in now["Layers"]], now["LastUpdateStatus"]) == ([arn], "Successful")
    with pytest.raises(InvalidParameterValue, match=f"Layer version {arn} does not exist"):
        await world.create("other", Layers=[arn])


async def test_layers_of_strangers_and_of_nobody_are_not_attached(world: World) -> None:
    arn = (await publish(world))["LayerVersionArn"]
    foreign = arn.replace("000000000000", "222222222222")
    for given, error in (
        ([foreign], AccessDenied),
        ([arn.replace("us-east-1", "eu-west-1")], InvalidParameterValue),
        (["arn:aws:lambda:::awslayer:AmazonLinux1803"], InvalidParameterValue),
        ([f"{ARN}:{number}" for number in (1, 2)], InvalidParameterValue),
    ):
        with pytest.raises(error):
            await world.create(Layers=given)


async def test_code_and_layers_together_are_limited(world: World) -> None:
    key = LayerKey(owner=CALLER, name="big")
    package = await world.packages.add_zip(zip_of("one"))
    full = LayerVersion(key=key, version=0, created=0.0, package=replace(package, unpacked_size=262_144_000 - 3))
    arn = (await world.store.add_layer_version(full)).arn
    with pytest.raises(
        InvalidParameterValue, match="Function code combined with layers exceeds the maximum allowed size of 262144000"
    ):
        await world.create(Layers=[arn], Code={"ZipFile": zip_of("four")})
    await world.active(Layers=[arn], Code={"ZipFile": zip_of("two")})
    with pytest.raises(InvalidParameterValue, match="The actual size is 262144001 bytes"):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("four"))
    await world.active("other", Code={"ZipFile": zip_of("four")})
    with pytest.raises(InvalidParameterValue, match="Function code combined with layers"):
        await world.call("UpdateFunctionConfiguration", FunctionName="other", Layers=[arn])
