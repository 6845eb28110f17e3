"""What a function with a code signing configuration may be given: packages that are really signed, tampered with, out of date."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambent.core.code_signature import SigningProfiles
from lambent.core.errors import CodeVerificationFailed, InvalidCodeSignature, LambdaError
from tests.signed_packages import FILES, OTHER_PROFILE, PROFILE, fingerprint, packed, repacked, signed, signer
from tests.unit.control_world import World

JOB = "1a66dfd1-4f29-4462-8f14-6e2c12f03575"
BEGINS = datetime(2023, 1, 1, tzinfo=UTC)
NOW = datetime(2023, 6, 1, tzinfo=UTC).timestamp()
TEAM = signer(begins=BEGINS, days=3650)
TAMPERED = repacked(signed(by=TEAM), {"app.py": "other"})
UNTRUSTED = {
    "unsigned": packed(FILES),
    "signed by nobody known": signed(by=signer("nobody", begins=BEGINS, days=3650)),
    "signed by another profile": signed(by=signer("others", begins=BEGINS, days=3650)),
    "expired by itself": signed(by=TEAM, expires=datetime(2023, 5, 31, tzinfo=UTC)),
    "expired with its certificate": signed(by=signer("short", begins=BEGINS, days=30)),
    "of the future": signed(by=signer("early", begins=datetime(2024, 1, 1, tzinfo=UTC), days=30)),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    known = {fingerprint(each): PROFILE for each in (TEAM, signer("short", begins=BEGINS, days=30))}
    known[fingerprint(signer("early", begins=datetime(2024, 1, 1, tzinfo=UTC), days=30))] = PROFILE
    known[fingerprint(signer("others", begins=BEGINS, days=3650))] = OTHER_PROFILE
    made = World(tmp_path, profiles=SigningProfiles(by_certificate=known))
    made.clock.set(NOW)
    return made


async def config(world: World, policy: str = "Enforce", *profiles: str) -> str:
    reply = await world.call(
        "CreateCodeSigningConfig",
        AllowedPublishers={"SigningProfileVersionArns": list(profiles or (PROFILE,))},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy},
    )
    arn: str = reply["CodeSigningConfig"]["CodeSigningConfigArn"]
    return arn


def code(package: bytes) -> dict[str, Any]:
    return {"Code": {"ZipFile": package}}


async def layer(world: World, package: bytes, name: str = "numpy") -> str:
    reply = await world.call("PublishLayerVersion", LayerName=name, Content={"ZipFile": package})
    arn: str = reply["LayerVersionArn"]
    return arn


async def test_a_signed_package_is_deployed_and_shows_its_signer(world: World) -> None:
    shown = {
        "SigningProfileVersionArn": PROFILE,
        "SigningJobArn": f"arn:aws:signer:us-east-1:000000000000:/signing-jobs/{JOB}",
    }
    reply = await world.active(CodeSigningConfigArn=await config(world), **code(signed(by=TEAM, job=JOB)))
    assert {name: reply[name] for name in shown} == shown
    assert (await world.configuration())["SigningJobArn"] == shown["SigningJobArn"]
    assert (await world.call("ListFunctions"))["Functions"][0]["SigningProfileVersionArn"] == PROFILE
    updated = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=signed({"app.py": "v2"}, by=TEAM))
    assert updated["SigningProfileVersionArn"] == PROFILE
    assert updated["SigningJobArn"] != shown["SigningJobArn"]


@pytest.mark.parametrize("why", list(UNTRUSTED))
async def test_enforce_refuses_what_is_not_trusted_and_changes_nothing(
    world: World, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    arn, package = await config(world), UNTRUSTED[why]
    with pytest.raises(
        CodeVerificationFailed, match=r"Lambda cannot deploy the function\. .*Check the provided signature for new\."
    ):
        await world.create("new", CodeSigningConfigArn=arn, **code(package))
    await world.active(CodeSigningConfigArn=arn, **code(signed(by=TEAM)))
    before = await world.configuration()
    for dry_run in (True, False):
        with pytest.raises(CodeVerificationFailed):
            await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=package, DryRun=dry_run, Publish=True)
    assert await world.configuration() == before
    assert [each["FunctionName"] for each in (await world.call("ListFunctions"))["Functions"]] == ["hello"]
    told = [record for record in caplog.records if record.message == "signature_validation_error"]
    assert [(record.levelno, record.blocked) for record in told] == [(logging.WARNING, True)] * 3


@pytest.mark.parametrize("why", list(UNTRUSTED))
async def test_warn_deploys_it_and_tells_the_log(world: World, why: str, caplog: pytest.LogCaptureFixture) -> None:
    arn, package = await config(world, "Warn"), UNTRUSTED[why]
    await world.active(CodeSigningConfigArn=arn, **code(signed(by=TEAM)))
    assert not caplog.records
    reply = await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=package)
    assert reply["LastUpdateStatus"] == "InProgress"
    (record,) = caplog.records
    assert (record.message, record.blocked, record.code_signing_config) == ("signature_validation_error", False, arn)
    await world.active("new", CodeSigningConfigArn=arn, **code(package))


@pytest.mark.parametrize("policy", ["Warn", "Enforce"])
async def test_a_package_that_was_tampered_with_is_refused_under_either_policy(world: World, policy: str) -> None:
    arn = await config(world, policy)
    with pytest.raises(InvalidCodeSignature, match="changed after it was signed"):
        await world.create(CodeSigningConfigArn=arn, **code(TAMPERED))
    await world.active(CodeSigningConfigArn=arn, **code(signed(by=TEAM)))
    for dry_run in (True, False):
        with pytest.raises(InvalidCodeSignature):
            await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=TAMPERED, DryRun=dry_run)
    world.objects.objects["bucket", "tampered.zip", None] = TAMPERED
    with pytest.raises(InvalidCodeSignature):
        await world.call("UpdateFunctionCode", FunctionName="hello", S3Bucket="bucket", S3Key="tampered.zip")


async def test_without_a_config_anything_may_be_deployed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for number, package in enumerate((TAMPERED, *UNTRUSTED.values())):
        reply = await world.active(f"f{number}", **code(package))
        assert ("SigningProfileVersionArn" in reply) == (number > 2)
    assert not caplog.records


async def test_another_profile_is_trusted_where_it_is_allowed(world: World) -> None:
    package = UNTRUSTED["signed by another profile"]
    reply = await world.active(CodeSigningConfigArn=await config(world, "Enforce", PROFILE, OTHER_PROFILE), **code(package))
    assert reply["SigningProfileVersionArn"] == OTHER_PROFILE


async def test_a_config_holds_from_the_next_deployment_on(world: World) -> None:
    await world.active(**code(packed(FILES)))
    arn = await config(world)
    await world.call("PutFunctionCodeSigningConfig", FunctionName="hello", CodeSigningConfigArn=arn)
    await world.configure(Timeout=9)
    assert await world.publish() == "1"
    with pytest.raises(CodeVerificationFailed):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=packed({"app.py": "new"}))
    await world.call(
        "UpdateCodeSigningConfig", CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"}
    )
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=packed({"app.py": "new"}))


async def test_a_signature_may_expire_in_service_but_not_be_deployed_again(world: World) -> None:
    package = signed(by=TEAM, expires=datetime(2023, 7, 1, tzinfo=UTC))
    await world.active(CodeSigningConfigArn=await config(world), **code(package))
    world.clock.set(datetime(2023, 7, 2, tzinfo=UTC).timestamp())
    await world.configure(Timeout=9)
    assert (await world.configuration())["SigningProfileVersionArn"] == PROFILE
    with pytest.raises(CodeVerificationFailed, match="expired"):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=package)


async def test_layers_are_checked_when_a_function_is_given_them(world: World) -> None:
    good = await layer(world, signed({"lib/a.py": ""}, by=TEAM, job=JOB))
    content = (await world.call("GetLayerVersion", LayerName="numpy", VersionNumber=1))["Content"]
    job = f"arn:aws:signer:us-east-1:000000000000:/signing-jobs/{JOB}"
    assert (content["SigningProfileVersionArn"], content["SigningJobArn"]) == (PROFILE, job)
    wrong: list[tuple[str, type[LambdaError]]] = [
        (await layer(world, packed({"lib/a.py": ""}), "unsigned"), CodeVerificationFailed),
        (await layer(world, UNTRUSTED["expired by itself"], "expired"), CodeVerificationFailed),
        (await layer(world, TAMPERED, "tampered"), InvalidCodeSignature),
    ]
    arn = await config(world)
    for bad, error in wrong:
        with pytest.raises(error, match=bad):
            await world.create("new", CodeSigningConfigArn=arn, Layers=[good, bad], **code(signed(by=TEAM)))
    await world.active(CodeSigningConfigArn=arn, Layers=[good], **code(signed(by=TEAM)))
    (shown,) = (await world.configuration())["Layers"]
    assert (shown["SigningProfileVersionArn"], shown["SigningJobArn"]) == (PROFILE, job)
    for bad, error in wrong:
        with pytest.raises(error, match=bad):
            await world.call("UpdateFunctionConfiguration", FunctionName="hello", Layers=[bad])
    await world.configure(Layers=[])
    await world.configure(Layers=[good])
    await world.call(
        "UpdateCodeSigningConfig", CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"}
    )
    await world.configure(Layers=[wrong[0][0], good])
    with pytest.raises(InvalidCodeSignature):
        await world.call("UpdateFunctionConfiguration", FunctionName="hello", Layers=[wrong[2][0]])


async def test_a_profile_is_revoked_by_forgetting_its_certificate(world: World) -> None:
    package = signed(by=TEAM)
    old = await layer(world, signed({"lib/a.py": ""}, by=TEAM))
    await world.active(CodeSigningConfigArn=await config(world), **code(package))
    world.profiles = SigningProfiles()
    world.use_packages(world.packages)
    await world.configure(Timeout=9)
    with pytest.raises(CodeVerificationFailed):
        await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=package)
    with pytest.raises(CodeVerificationFailed, match=old):
        await world.call("UpdateFunctionConfiguration", FunctionName="hello", Layers=[old])


async def test_publishing_and_updating_to_the_same_signed_package_is_no_change(world: World) -> None:
    package = signed(by=TEAM)
    await world.active(CodeSigningConfigArn=await config(world), **code(package))
    assert await world.publish() == "1"
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=package)
    await world.activate()
    assert await world.publish() == "1"
