"""GetFunction, GetFunctionConfiguration, ListFunctions and DeleteFunction."""

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceConflict, ResourceNotFound
from lambent.core.function import Owner
from tests.unit.control_world import ENDPOINT, World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
READS = ["GetFunction", "GetFunctionConfiguration"]


async def read(world: World, operation: str, **members: object) -> dict[str, object]:
    reply = await world.call(operation, **members)
    return reply["Configuration"] if operation == "GetFunction" else reply


async def published(world: World) -> None:
    """Versions 1 (timeout 3) and `$LATEST` (timeout 9), alias `live` at 1."""
    await world.active(Publish=True)
    await world.configure(Timeout=9)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize(
    ("name", "qualifier", "arn", "version"),
    [
        ("hello", None, ARN, "$LATEST"),
        (ARN, None, ARN, "$LATEST"),
        ("hello", "$LATEST", f"{ARN}:$LATEST", "$LATEST"),
        ("hello", "1", f"{ARN}:1", "1"),
        ("hello:1", None, f"{ARN}:1", "1"),
        (f"{ARN}:1", "1", f"{ARN}:1", "1"),
        ("hello", "live", f"{ARN}:live", "1"),
        ("000000000000:function:hello:live", None, f"{ARN}:live", "1"),
    ],
)
async def test_the_arn_is_qualified_exactly_when_the_caller_asked_so(
    world: World, operation: str, name: str, qualifier: str | None, arn: str, version: str
) -> None:
    await published(world)
    given = {"Qualifier": qualifier} if qualifier else {}
    reply = await read(world, operation, FunctionName=name, **given)
    assert (reply["FunctionArn"], reply["Version"]) == (arn, version)
    assert reply["Timeout"] == (9 if version == "$LATEST" else 3)


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize(
    ("name", "qualifier", "message"),
    [
        ("nobody", None, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"),
        ("nobody", "1", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:1"),
        ("hello", "7", f"Function not found: {ARN}:7"),
        ("hello", "01", f"Function not found: {ARN}:01"),
        ("hello", "9" * 40, f"Function not found: {ARN}:{'9' * 40}"),
        ("hello", "nowhere", f"Function not found: {ARN}:nowhere"),
    ],
)
async def test_what_does_not_exist_is_named_as_asked(
    world: World, operation: str, name: str, qualifier: str | None, message: str
) -> None:
    await published(world)
    with pytest.raises(ResourceNotFound) as refusal:
        await world.call(operation, FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
    assert refusal.value.message == message


@pytest.mark.parametrize("operation", READS)
async def test_two_different_qualifiers_are_refused(world: World, operation: str) -> None:
    await published(world)
    with pytest.raises(InvalidParameterValue, match="derived qualifier"):
        await world.call(operation, FunctionName="hello:1", Qualifier="live")


async def test_another_account_or_region_sees_nothing(world: World) -> None:
    await world.active()
    stranger = Owner(account="111111111111", region="us-east-1")
    elsewhere = Owner(account="000000000000", region="eu-west-1")
    for caller in (stranger, elsewhere):
        assert (await world.call("ListFunctions", caller=caller))["Functions"] == []
        with pytest.raises(ResourceNotFound):
            await world.call("GetFunction", caller=caller, FunctionName="hello")
    with pytest.raises(AccessDenied, match="lambda:GetFunction on resource"):
        await world.call("GetFunction", caller=stranger, FunctionName=ARN)
    with pytest.raises(ResourceNotFound, match=r"Functions from 'us-east-1' are not reachable in this region \('eu-west-1'\)"):
        await world.call("GetFunction", caller=elsewhere, FunctionName=ARN)


async def test_the_code_is_a_link_to_the_very_package(world: World) -> None:
    await world.active()
    function = await world.store.function(world.key())
    reply = await world.call("GetFunction", FunctionName="hello")
    assert reply["Code"] == {"RepositoryType": "S3", "Location": f"{ENDPOINT}/code/{function.latest.code.digest}"}


async def test_the_package_key_is_shown_with_the_code_and_goes_with_it(world: World) -> None:
    key = "arn:aws:kms:us-east-1:000000000000:key/k"
    await world.active(Code={"ZipFile": zip_of(), "SourceKMSKeyArn": key})
    reply = await world.call("GetFunction", FunctionName="hello")
    assert reply["Code"]["SourceKMSKeyArn"] == key
    assert "SourceKMSKeyArn" not in reply["Configuration"]
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("new"))
    assert "SourceKMSKeyArn" not in (await world.call("GetFunction", FunctionName="hello"))["Code"]


async def test_tags_and_concurrency_are_shown_only_when_there_are_any(world: World) -> None:
    await world.active()
    assert not {"Tags", "Concurrency"} & set(await world.call("GetFunction", FunctionName="hello"))
    await world.call("TagResource", Resource=ARN, Tags={"team": "blue"})
    await world.call("PutFunctionConcurrency", FunctionName="hello", ReservedConcurrentExecutions=0)
    reply = await world.call("GetFunction", FunctionName="hello")
    assert (reply["Tags"], reply["Concurrency"]) == ({"team": "blue"}, {"ReservedConcurrentExecutions": 0})


async def test_a_list_shows_configurations_without_states(world: World) -> None:
    await world.active("b")
    await world.active("a")
    listed = (await world.call("ListFunctions"))["Functions"]
    assert [each["FunctionName"] for each in listed] == ["a", "b"]
    full = await world.configuration("a")
    states = {name for name in full if name.startswith(("State", "LastUpdate"))} | {"RuntimeVersionConfig"}
    assert listed[0] == {name: value for name, value in full.items() if name not in states}


async def test_a_list_comes_in_pages(world: World) -> None:
    names = [f"f{number:02}" for number in range(53)]
    for name in names:
        await world.create(name)
    first = await world.call("ListFunctions", MaxItems=10_000)
    assert len(first["Functions"]) == 50
    second = await world.call("ListFunctions", Marker=first["NextMarker"])
    assert "NextMarker" not in second
    assert [each["FunctionName"] for each in first["Functions"] + second["Functions"]] == names


async def test_all_versions_are_listed_with_qualified_arns(world: World) -> None:
    await published(world)
    await world.active("other")
    everything: list[str] = []
    members: dict[str, object] = {}
    while True:
        reply = await world.call("ListFunctions", FunctionVersion="ALL", MaxItems=1, **members)
        everything += [each["FunctionArn"] for each in reply["Functions"]]
        if "NextMarker" not in reply:
            break
        members = {"Marker": reply["NextMarker"]}
    assert everything == [f"{ARN}:$LATEST", f"{ARN}:1", ARN.replace("hello", "other") + ":$LATEST"]


async def test_there_are_no_replicas_of_edge_functions(world: World) -> None:
    await world.active()
    assert (await world.call("ListFunctions", FunctionVersion="ALL", MasterRegion="us-east-1"))["Functions"] == []
    assert len((await world.call("ListFunctions", FunctionVersion="ALL", MasterRegion="ALL"))["Functions"]) == 1
    with pytest.raises(InvalidParameterValue, match="FunctionVersion ALL"):
        await world.call("ListFunctions", MasterRegion="us-east-1")


LISTS = [
    ("ListFunctions", {}),
    ("ListFunctions", {"FunctionVersion": "ALL"}),
    ("ListVersionsByFunction", {"FunctionName": "hello"}),
    ("ListAliases", {"FunctionName": "hello"}),
    ("ListLayers", {}),
    ("ListLayerVersions", {"LayerName": "numpy"}),
]


@pytest.mark.parametrize("marker", ["x", "bm9uc2Vuc2U=", "\u00e9", "W10=", "e30="])
@pytest.mark.parametrize(("operation", "members"), LISTS)
async def test_a_marker_that_no_list_gave_out_is_refused(
    world: World, operation: str, members: dict[str, str], marker: str
) -> None:
    await world.active()
    with pytest.raises(InvalidParameterValue, match="marker is not valid"):
        await world.call(operation, Marker=marker, **members)


async def test_deleting_a_function_takes_versions_and_aliases_with_it(world: World) -> None:
    await published(world)
    assert await world.call("DeleteFunction", FunctionName="hello") == {"StatusCode": 204}
    for qualifier in ("$LATEST", "1", "live"):
        with pytest.raises(ResourceNotFound):
            await world.configuration(Qualifier=qualifier)
    with pytest.raises(ResourceNotFound, match=f"Function not found: {ARN}$"):
        await world.call("DeleteFunction", FunctionName="hello")


async def test_a_pending_function_may_be_deleted(world: World) -> None:
    await world.create()
    await world.call("DeleteFunction", FunctionName="hello")
    await world.activate()
    assert (await world.call("ListFunctions"))["Functions"] == []


@pytest.mark.parametrize("name", ["hello:2", f"{ARN}:2"])
async def test_one_version_may_be_deleted(world: World, name: str) -> None:
    await published(world)
    await world.publish()
    await world.call("DeleteFunction", FunctionName=name)
    versions = (await world.call("ListVersionsByFunction", FunctionName="hello"))["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]


@pytest.mark.parametrize(
    ("qualifier", "error", "message"),
    [
        ("$LATEST", InvalidParameterValue, "$LATEST version cannot be deleted without deleting the function."),
        ("live", InvalidParameterValue, "Deletion of aliases is not currently supported."),
        ("7", ResourceNotFound, f"Function not found: {ARN}:7"),
        ("1", ResourceConflict, "Version 1 of function is referenced by the following aliases: live"),
    ],
)
async def test_other_qualifiers_are_not_deleted(world: World, qualifier: str, error: type[LambdaError], message: str) -> None:
    await published(world)
    with pytest.raises(error) as refusal:
        await world.call("DeleteFunction", FunctionName="hello", Qualifier=qualifier)
    assert refusal.value.message == message
    assert (await world.configuration(Qualifier="live"))["Version"] == "1"


async def test_a_version_that_is_being_made_is_not_deleted(world: World) -> None:
    await world.active()
    await world.call("PublishVersion", FunctionName="hello")
    with pytest.raises(ResourceConflict, match="currently in the following state: Pending"):
        await world.call("DeleteFunction", FunctionName="hello:1")


async def test_a_function_has_no_code_signing_configuration(world: World) -> None:
    await world.active()
    reply = await world.call("GetFunctionCodeSigningConfig", FunctionName=ARN)
    assert reply == {"CodeSigningConfigArn": "", "FunctionName": "hello"}
    with pytest.raises(ResourceNotFound):
        await world.call("GetFunctionCodeSigningConfig", FunctionName="nobody")
