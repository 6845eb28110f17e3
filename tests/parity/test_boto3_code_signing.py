"""Unmodified boto3 and `lambent sign`: code signing configurations that are enforced on functions and layers."""

import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import LAMBENT, ROLE, ServerProcess, deployed, result_of, updated
from tests.signed_packages import PROFILE, packed, repacked, signer, write_pem

CODE = {"f.py": "def handler(event, context): return 'signed'"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_pem(signer(), tmp_path_factory.mktemp("keys"), password=b"secret")


@pytest.fixture(scope="module")
def signing_server(start_server: Callable[..., ServerProcess], keys: tuple[Path, Path]) -> ServerProcess:
    return start_server(signing_profiles=f"{PROFILE}={keys[1]}")


@pytest.fixture(scope="module")
def client(signing_server: ServerProcess) -> Any:
    return signing_server.client()


@pytest.fixture
def sign(keys: tuple[Path, Path], tmp_path: Path) -> Callable[..., bytes]:
    """As a user does it, passphrase and all."""

    def with_command(files: dict[str, str | bytes], *options: str) -> bytes:
        package = tmp_path / f"{uuid.uuid4().hex}.zip"
        package.write_bytes(packed(files))
        command = [LAMBENT, "sign", package, "--key", keys[0], "--certificate", keys[1], *options]
        reply = subprocess.run(command, input="secret\n", capture_output=True, text=True, timeout=60, check=True)
        return Path(reply.stdout.strip()).read_bytes()

    return with_command


def config(client: Any, policy: str = "Enforce") -> str:
    reply = client.create_code_signing_config(
        Description=policy,
        AllowedPublishers={"SigningProfileVersionArns": [PROFILE]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy},
        Tags={"team": "a"},
    )
    arn: str = reply["CodeSigningConfig"]["CodeSigningConfigArn"]
    return arn


def created(client: Any, package: bytes, **settings: Any) -> str:
    name = f"f-{uuid.uuid4().hex[:12]}"
    given = {"Runtime": "python3.12", "Handler": "f.handler", "Role": ROLE, "Code": {"ZipFile": package}, **settings}
    client.create_function(FunctionName=name, **given)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    return name


def refused(call: Any, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    assert response["Message"] == response["Error"]["Message"]  # the key is `Message` for all of these (facts A3)
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_config_lives_as_boto3_expects(client: Any) -> None:
    arn = config(client)
    assert client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]["Description"] == "Enforce"
    client.update_code_signing_config(CodeSigningConfigArn=arn, Description="changed")
    pages = client.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 1})
    listed = {each["CodeSigningConfigArn"]: each for page in pages for each in page["CodeSigningConfigs"]}
    assert listed[arn]["Description"] == "changed"
    client.tag_resource(Resource=arn, Tags={"more": "b"})
    client.untag_resource(Resource=arn, TagKeys=["team"])
    assert client.list_tags(Resource=arn)["Tags"] == {"more": "b"}
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert refused(client.get_code_signing_config, CodeSigningConfigArn=arn) == (404, "ResourceNotFoundException")


def test_signed_code_runs_and_other_code_is_kept_out(client: Any, sign: Callable[..., bytes]) -> None:
    arn, package = config(client), sign(CODE, "--days", "30")
    name = created(client, package, CodeSigningConfigArn=arn)
    assert result_of(client.invoke(FunctionName=name)) == "signed"
    shown = client.get_function_configuration(FunctionName=name)
    assert shown["SigningProfileVersionArn"] == PROFILE
    assert shown["SigningJobArn"].startswith("arn:aws:signer:us-east-1:000000000000:/signing-jobs/")
    assert client.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == arn
    pages = client.get_paginator("list_functions_by_code_signing_config").paginate(CodeSigningConfigArn=arn)
    assert [each for page in pages for each in page["FunctionArns"]] == [shown["FunctionArn"]]

    unsigned, tampered = packed(CODE), repacked(package, {"f.py": "def handler(event, context): return 'evil'"})
    assert refused(client.update_function_code, FunctionName=name, ZipFile=unsigned) == (400, "CodeVerificationFailedException")
    assert refused(client.update_function_code, FunctionName=name, ZipFile=tampered) == (400, "InvalidCodeSignatureException")
    assert result_of(client.invoke(FunctionName=name)) == "signed"

    missing = arn[:-17] + "0" * 17
    assert refused(client.put_function_code_signing_config, FunctionName=name, CodeSigningConfigArn=missing) == (
        404,
        "CodeSigningConfigNotFoundException",
    )
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.delete_code_signing_config(CodeSigningConfigArn=arn)
    client.delete_function_code_signing_config(FunctionName=name)
    client.delete_code_signing_config(CodeSigningConfigArn=arn)


def test_layers_are_held_to_it_too(client: Any, sign: Callable[..., bytes]) -> None:
    name = created(client, sign(CODE), CodeSigningConfigArn=config(client))
    layers = [
        client.publish_layer_version(LayerName=f"l-{uuid.uuid4().hex[:8]}", Content={"ZipFile": content})
        for content in (sign({"python/a.py": ""}), packed({"python/a.py": ""}))
    ]
    assert layers[0]["Content"]["SigningProfileVersionArn"] == PROFILE
    assert "SigningProfileVersionArn" not in layers[1]["Content"]
    signed_layer, unsigned_layer = (each["LayerVersionArn"] for each in layers)
    client.update_function_configuration(FunctionName=name, Layers=[signed_layer])
    updated(client, name)
    assert client.get_function_configuration(FunctionName=name)["Layers"][0]["SigningProfileVersionArn"] == PROFILE
    assert refused(client.update_function_configuration, FunctionName=name, Layers=[unsigned_layer]) == (
        400,
        "CodeVerificationFailedException",
    )


def test_warn_lets_unsigned_code_in_and_tells_the_servers_log(client: Any, signing_server: ServerProcess) -> None:
    name = created(client, packed(CODE), CodeSigningConfigArn=config(client, "Warn"))
    assert result_of(client.invoke(FunctionName=name)) == "signed"
    assert "signature_validation_error" in signing_server.log()


def test_a_function_without_a_config_answers_an_empty_one(client: Any) -> None:
    name = deployed(client, CODE, runtime="python3.12")
    reply = client.get_function_code_signing_config(FunctionName=name)
    assert (reply["CodeSigningConfigArn"], reply["FunctionName"]) == ("", name)


def test_what_cannot_be_signed_is_told_without_a_traceback(keys: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no zip")
    _, other = write_pem(signer("other"), tmp_path, "other")
    for package, certificate, why in ((tmp_path / "no.zip", keys[1], "cannot be read"), (tmp_path, other, "another key")):
        command = [LAMBENT, "sign", package, "--key", keys[0], "--certificate", certificate]
        reply = subprocess.run(command, input="secret\n", capture_output=True, text=True, timeout=60, check=False)
        assert (reply.returncode, "Traceback" in reply.stderr, why in reply.stderr) == (1, False, True)


def test_a_server_refuses_certificates_that_it_cannot_read(tmp_path: Path) -> None:
    settings = {**os.environ, "LAMBENT_SIGNING_PROFILES": f"{PROFILE}={tmp_path}/missing.pem"}
    command = [LAMBENT, "start", "--port", "0", "--data-dir", tmp_path / "data", "--isolation", "process"]
    reply = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=False)
    assert reply.returncode != 0
    assert "signing_profiles" in reply.stderr + reply.stdout
    assert "Traceback" not in reply.stderr + reply.stdout
