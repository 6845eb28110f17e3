"""Unmodified boto3 and container-image functions: configured as at AWS, and honest that they do not run yet."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.parity.image_registry import Registry, registry_program
from tests.server_process import ROLE, ServerProcess, updated

DIGEST = "a" * 64
HOST = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
URI = f"{HOST}/team/app@sha256:{DIGEST}"


def unique() -> str:
    return f"image-{uuid.uuid4().hex[:12]}"


def create(client: Any, name: str, uri: str, **more: Any) -> dict[str, Any]:
    return dict(client.create_function(FunctionName=name, Role=ROLE, PackageType="Image", Code={"ImageUri": uri}, **more))


def test_an_image_function_is_created_read_versioned_and_deleted(client: Any) -> None:
    name = unique()
    config = {"Command": ["app.handler"], "WorkingDirectory": "/srv"}
    made = create(client, name, URI, ImageConfig=config)
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
        create(client, "tagged", f"{HOST}/team/app:v1")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    program = registry_program()
    if program is None:
        pytest.skip("needs Debian's docker-registry (make setup unpacks it)")
    registry = Registry(program, Path(tmp_path_factory.mktemp("registry")))
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def beside_registry(registry: Registry, start_server: Callable[..., ServerProcess]) -> Any:
    """A client of a server that looks images up in the registry."""
    return start_server(image_registry=registry.url).client("lambda")


def test_a_tag_is_fixed_to_its_digest_until_the_code_is_updated(registry: Registry, beside_registry: Any) -> None:
    client, name, uri = beside_registry, unique(), f"{HOST}/team/app:live"
    first = registry.push("team/app", "live", words="first")
    assert create(client, name, uri)["CodeSha256"] == first.removeprefix("sha256:")
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    second = registry.push("team/app", "live", words="second")
    code = client.get_function(FunctionName=name)["Code"]
    assert (code["ImageUri"], code["ResolvedImageUri"]) == (uri, f"{HOST}/team/app@{first}")
    client.update_function_code(FunctionName=name, ImageUri=uri)
    updated(client, name)
    assert client.get_function(FunctionName=name)["Code"]["ResolvedImageUri"] == f"{HOST}/team/app@{second}"
    assert create(client, unique(), f"{HOST}/team/app@{first}")["CodeSha256"] == first.removeprefix("sha256:")


def test_what_the_registry_does_not_have_is_no_valid_source_image(registry: Registry, beside_registry: Any) -> None:
    client = beside_registry
    registry.push_index("team/several", "live", registry.push("team/several", "one"))
    for uri in (f"{HOST}/team/app:nothing", f"{HOST}/nobody:live", f"{HOST}/team/app@sha256:{DIGEST}"):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match=f"Source image {uri} is not valid"):
            create(client, "refused", uri)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="media type for the source image"):
        create(client, "refused", f"{HOST}/team/several:live")
