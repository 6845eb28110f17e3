"""Unmodified boto3 and a container-image function: configured as at AWS, and honest that it does not run yet."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import ROLE

DIGEST = "a" * 64
URI = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app@sha256:{DIGEST}"


def test_an_image_function_is_created_read_versioned_and_deleted(client: Any) -> None:
    name = f"image-{uuid.uuid4().hex[:12]}"
    config = {"Command": ["app.handler"], "WorkingDirectory": "/srv"}
    made = client.create_function(FunctionName=name, Role=ROLE, PackageType="Image", Code={"ImageUri": URI}, ImageConfig=config)
    assert (made["PackageType"], made["CodeSize"], made["CodeSha256"], made["State"]) == ("Image", 0, DIGEST, "Pending")
    assert made["ImageConfigResponse"] == {"ImageConfig": config}
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    code = client.get_function(FunctionName=name)["Code"]
    assert code == {"RepositoryType": "ECR", "ImageUri": URI, "ResolvedImageUri": URI}
    assert client.publish_version(FunctionName=name, CodeSha256=DIGEST)["Version"] == "1"
    with pytest.raises(ClientError) as refusal:
        client.invoke(FunctionName=name)
    assert refusal.value.response["Error"]["Code"] == "NotImplementedException"
    assert "container images" in refusal.value.response["Error"]["Message"]
    client.delete_function(FunctionName=name)


def test_a_tag_without_a_registry_to_look_it_up_in_is_refused_by_the_settings_name(client: Any) -> None:
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="image_registry"):
        client.create_function(
            FunctionName="tagged", Role=ROLE, PackageType="Image", Code={"ImageUri": URI.partition("@")[0] + ":v1"}
        )
