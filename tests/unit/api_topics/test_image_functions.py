"""Functions whose code is a container image: configured, versioned and shown as Lambda does."""

import pytest

from lambent.core.errors import InvalidParameterValue, PreconditionFailed
from lambent.core.function import Owner
from tests.unit.control_world import ROLE, World, zip_of

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
URI = f"{REGISTRY}/team/app:v1"
DIGEST, OTHER_DIGEST = "a" * 64, "b" * 64
NUMPY = "arn:aws:lambda:us-east-1:000000000000:layer:numpy:1"
ONLY_FOR_ZIP = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."


@pytest.fixture
def world(world: World) -> World:
    world.images.images["team/app", "v1"] = f"sha256:{DIGEST}"
    world.images.images["team/app", "v2"] = f"sha256:{OTHER_DIGEST}"
    world.images.images["team/app", f"sha256:{DIGEST}"] = f"sha256:{DIGEST}"
    world.images.images["team/app", "several"] = ""
    return world


async def create(world: World, name: str = "hello", *, uri: str = URI, **members: object) -> dict[str, object]:
    given = {"Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": uri}, **members}
    return await world.call("CreateFunction", FunctionName=name, **given)


async def test_an_image_function_is_shown_as_lambda_shows_it(world: World) -> None:
    reply = await create(world)
    assert (reply["PackageType"], reply["CodeSize"], reply["CodeSha256"]) == ("Image", 0, DIGEST)
    assert (reply["State"], reply["StateReasonCode"]) == ("Pending", "Creating")
    assert not {"Runtime", "Handler", "Layers", "RuntimeVersionConfig", "ImageConfigResponse"} & set(reply)
    await world.activate()
    found = await world.call("GetFunction", FunctionName="hello")
    assert (found["Configuration"]["State"], found["Configuration"]["LastUpdateStatus"]) == ("Active", "Successful")
    assert found["Code"] == {
        "RepositoryType": "ECR",
        "ImageUri": URI,
        "ResolvedImageUri": f"{REGISTRY}/team/app@sha256:{DIGEST}",
    }


async def test_a_tag_that_moves_later_changes_nothing(world: World) -> None:
    await create(world)
    await world.activate()
    world.images.images["team/app", "v1"] = f"sha256:{OTHER_DIGEST}"
    assert (await world.configuration())["CodeSha256"] == DIGEST
    await world.call("UpdateFunctionCode", FunctionName="hello", ImageUri=URI)
    assert (await world.configuration())["CodeSha256"] == OTHER_DIGEST


@pytest.mark.parametrize("uri", [f"{REGISTRY}/team/app@sha256:{DIGEST}", f"{REGISTRY}/team/app:old@sha256:{DIGEST}"])
async def test_an_image_may_be_named_by_its_digest(world: World, uri: str) -> None:
    assert (await create(world, uri=uri))["CodeSha256"] == DIGEST
    assert (await world.call("GetFunction", FunctionName="hello"))["Code"]["ImageUri"] == uri


async def test_the_image_configuration_is_echoed_replaced_and_cleared(world: World) -> None:
    given = {"EntryPoint": ["/lambda-entrypoint.sh"], "Command": ["app.handler"], "WorkingDirectory": "/srv"}
    assert (await create(world, ImageConfig=given))["ImageConfigResponse"] == {"ImageConfig": given}
    await world.activate()
    await world.configure(ImageConfig={"Command": ["other.handler"], "EntryPoint": []})
    assert (await world.configuration())["ImageConfigResponse"] == {"ImageConfig": {"Command": ["other.handler"]}}
    await world.configure(Timeout=9)
    assert (await world.configuration())["ImageConfigResponse"] == {"ImageConfig": {"Command": ["other.handler"]}}
    await world.configure(ImageConfig={})
    assert "ImageConfigResponse" not in await world.configuration()


async def test_everything_that_is_no_runtimes_business_is_configured_alike(world: World) -> None:
    given = {
        "MemorySize": 512,
        "Timeout": 30,
        "Environment": {"Variables": {"AA": "1"}},
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
    }
    reply = await create(world, **given)
    assert {name: reply[name] for name in given} == {
        **given,
        "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Code": {}}, "Please provide ImageUri when creating a function with packageType Image."),
        ({"Code": {"ZipFile": zip_of()}}, "Please provide ImageUri when creating a function with packageType Image."),
        ({"Code": {"S3Bucket": "bbb", "S3Key": "k"}}, "Please provide ImageUri when creating a function with packageType Image."),
        ({"Code": {"ImageUri": URI, "ZipFile": zip_of()}}, "other FunctionCode parameters when providing a ZipFile"),
        (
            {"Code": {"ImageUri": URI, "S3Bucket": "bbb", "S3Key": "k"}},
            "other FunctionCode parameters when providing an ImageUri",
        ),
        ({"Code": {"ImageUri": URI, "SourceKMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}}, "SourceKMSKeyArn"),
        ({"Runtime": "python3.12"}, ONLY_FOR_ZIP),
        ({"Handler": "app.handler"}, ONLY_FOR_ZIP),
        ({"Layers": [NUMPY]}, ONLY_FOR_ZIP),
        ({"ImageConfig": {"Command": ["x" * 16_385]}}, "at most 16384 bytes"),
        ({"Code": {"ImageUri": "app:v1"}}, "Source image app:v1 is not valid. Provide a valid source image."),
        ({"Code": {"ImageUri": f"{REGISTRY}/nobody:v1"}}, "is not valid. Provide a valid source image."),
        ({"Code": {"ImageUri": URI.replace("us-east-1", "eu-west-1")}}, "is not valid. Provide a valid source image."),
        (
            {"Code": {"ImageUri": f"{REGISTRY}/team/app:several"}},
            f"The image manifest, config or layer media type for the source image {REGISTRY}/team/app:several is not supported.",
        ),
    ],
)
async def test_wrong_combinations_are_refused_and_leave_nothing(world: World, given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        await create(world, **given)
    assert message in refusal.value.message
    assert (await world.call("ListFunctions"))["Functions"] == []


async def test_zip_functions_have_neither_image_nor_image_configuration(world: World) -> None:
    with pytest.raises(
        InvalidParameterValue, match="Please don't provide ImageUri when creating a function with packageType Zip"
    ):
        await world.create(Code={"ImageUri": URI})
    with pytest.raises(InvalidParameterValue, match="Please don't provide ImageConfig"):
        await world.create(ImageConfig={"Command": ["x"]})
    await world.active()
    with pytest.raises(
        InvalidParameterValue, match="Please don't provide ImageUri when updating a function with packageType Zip"
    ):
        await world.call("UpdateFunctionCode", FunctionName="hello", ImageUri=URI)


@pytest.mark.parametrize(
    ("operation", "given", "message"),
    [
        ("UpdateFunctionCode", {}, "Please provide ImageUri when updating a function with packageType Image."),
        ("UpdateFunctionCode", {"ZipFile": zip_of()}, "Please provide ImageUri when updating a function with packageType Image."),
        ("UpdateFunctionCode", {"ImageUri": f"{REGISTRY}/nobody:v1"}, "is not valid. Provide a valid source image."),
        ("UpdateFunctionConfiguration", {"Runtime": "python3.12"}, ONLY_FOR_ZIP),
        ("UpdateFunctionConfiguration", {"Handler": "a.b"}, ONLY_FOR_ZIP),
        ("UpdateFunctionConfiguration", {"Layers": [NUMPY]}, ONLY_FOR_ZIP),
    ],
)
async def test_a_bad_update_changes_nothing(world: World, operation: str, given: dict[str, object], message: str) -> None:
    await create(world)
    await world.activate()
    before = await world.configuration()
    with pytest.raises(InvalidParameterValue) as refusal:
        await world.call(operation, FunctionName="hello", **given)
    assert refusal.value.message.endswith(message)
    assert await world.configuration() == before


async def test_an_empty_list_of_layers_is_no_layer(world: World) -> None:
    await create(world, Layers=[])
    await world.activate()
    await world.configure(Layers=[])


async def test_a_dry_run_answers_the_new_digest_and_changes_nothing(world: World) -> None:
    await create(world)
    await world.activate()
    before = await world.configuration()
    uri = f"{REGISTRY}/team/app:v2"
    assert (await world.call("UpdateFunctionCode", FunctionName="hello", ImageUri=uri, DryRun=True))["CodeSha256"] == OTHER_DIGEST
    assert await world.configuration() == before
    with pytest.raises(PreconditionFailed):
        await world.call("UpdateFunctionCode", FunctionName="hello", ImageUri=uri, DryRun=True, RevisionId="stale")


async def test_versions_of_images_are_published_guarded_and_not_doubled(world: World) -> None:
    await create(world, Publish=True)
    await world.activate()
    assert await world.publish(CodeSha256=DIGEST) == "1"
    await world.call("UpdateFunctionCode", FunctionName="hello", ImageUri=f"{REGISTRY}/team/app:v2")
    await world.activate()
    with pytest.raises(InvalidParameterValue, match="CodeSHA256"):
        await world.call("PublishVersion", FunctionName="hello", CodeSha256=DIGEST)
    assert await world.publish() == "2"
    first = await world.call("GetFunction", FunctionName="hello", Qualifier="1")
    assert (first["Configuration"]["CodeSha256"], first["Code"]["ImageUri"]) == (DIGEST, URI)


async def test_images_are_no_code_storage_and_nothing_to_sweep_around(world: World) -> None:
    await create(world)
    await world.activate()
    usage = (await world.call("GetAccountSettings"))["AccountUsage"]
    assert usage == {"TotalCodeSize": 0, "FunctionCount": 1}
    assert await world.store.packages_in_use() == frozenset()


async def test_another_account_has_functions_of_the_same_image(world: World) -> None:
    await create(world)
    caller = Owner(account="111111111111", region="us-east-1")
    reply = await world.call(
        "CreateFunction", caller=caller, FunctionName="hello", Role=ROLE, PackageType="Image", Code={"ImageUri": URI}
    )
    assert reply["FunctionArn"] == "arn:aws:lambda:us-east-1:111111111111:function:hello"
