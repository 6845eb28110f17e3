"""Unmodified boto3: layers, as at AWS."""

import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import ROLE, zipped


@pytest.fixture
def layer() -> str:
    return f"layer-{uuid.uuid4().hex[:12]}"


def publish(client: Any, name: str, content: str, **more: Any) -> dict[str, Any]:
    return dict(client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped({"python/x.py": content})}, **more))


def test_every_publish_makes_a_new_version_and_numbers_are_not_reused(client: Any, layer: str) -> None:
    assert [publish(client, layer, "same")["Version"] for _ in range(2)] == [1, 2]
    client.delete_layer_version(LayerName=layer, VersionNumber=2)
    client.delete_layer_version(LayerName=layer, VersionNumber=2)
    assert publish(client, layer, "same")["Version"] == 3
    assert [each["Version"] for each in client.list_layer_versions(LayerName=layer)["LayerVersions"]] == [3, 1]


def test_a_layer_version_shows_what_it_was_published_with(client: Any, layer: str) -> None:
    made = publish(
        client,
        layer,
        "x = 1",
        Description="d",
        LicenseInfo="MIT",
        CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["x86_64"],
    )
    assert made["LayerArn"] == f"arn:aws:lambda:us-east-1:000000000000:layer:{layer}"
    assert made["LayerVersionArn"] == made["LayerArn"] + ":1"
    shown = client.get_layer_version_by_arn(Arn=made["LayerVersionArn"])
    for key in ("Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures", "CreatedDate", "Version"):
        assert shown[key] == made[key]
    with urllib.request.urlopen(shown["Content"]["Location"], timeout=10) as reply:
        assert len(reply.read()) == shown["Content"]["CodeSize"]
    listed = {
        each["LayerName"]
        for page in client.get_paginator("list_layers").paginate(CompatibleRuntime="python3.12")
        for each in page["Layers"]
    }
    assert layer in listed
    assert layer not in {each["LayerName"] for each in client.list_layers(CompatibleRuntime="nodejs22.x")["Layers"]}


def test_a_layer_that_is_not_there_cannot_be_attached(client: Any, layer: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:layer:{layer}:1"
    with pytest.raises(ClientError) as caught:
        client.create_function(
            FunctionName=layer,
            Runtime="python3.12",
            Handler="f.h",
            Role=ROLE,
            Code={"ZipFile": zipped({"f.py": ""})},
            Layers=[arn],
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert arn in caught.value.response["Error"]["Message"]


def test_six_layers_are_one_too_many(client: Any, layer: str) -> None:
    arns = [publish(client, f"{layer}-{n}", str(n))["LayerVersionArn"] for n in range(6)]
    with pytest.raises(ClientError) as caught:
        client.create_function(
            FunctionName=layer,
            Runtime="python3.12",
            Handler="f.h",
            Role=ROLE,
            Code={"ZipFile": zipped({"f.py": ""})},
            Layers=arns,
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
