"""What every ImageSource does: the fake, and the one that asks a registry, against a small registry."""

import hashlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from lambent.adapters.image_source import RegistryImageSource
from lambent.core.container_images import ImageReference, image_reference
from lambent.core.errors import InvalidParameterValue
from lambent.core.ports import ImageSource
from lambent.testing.image_source import FakeImageSource
from tests.contract.small_server import serving

ONE = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}).encode()
SEVERAL = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}).encode()
DIGEST = "sha256:" + hashlib.sha256(ONE).hexdigest()
MANIFESTS = {"v1": ONE, "latest": ONE, DIGEST: ONE, "several": SEVERAL, "huge": ONE + b" " * 5_000_000, "sha256:" + "0" * 64: ONE}


class SmallRegistry(BaseHTTPRequestHandler):
    """GET of the manifests of one repository. The tag `quiet` has no Content-Type."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/v2/team/app/manifests/")
        manifest = ONE if name == "quiet" else MANIFESTS.get(name)
        self.send_response(404 if manifest is None else 200)
        if manifest is not None and name != "quiet":
            kind = "index" if name == "several" else "manifest"
            self.send_header("Content-Type", f"application/vnd.oci.image.{kind}.v1+json; charset=utf-8")
        self.send_header("Content-Length", str(len(manifest or b"")))
        self.end_headers()
        self.wfile.write(manifest or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with serving(SmallRegistry) as url:
        yield url


@pytest.fixture(params=["fake", "registry"])
def source(request: pytest.FixtureRequest) -> ImageSource:
    if request.param == "fake":
        fake = FakeImageSource()
        fake.images = {("team/app", name): DIGEST for name in ("v1", "latest", DIGEST)} | {("team/app", "several"): ""}
        return fake
    find: Callable[[str], str] = request.getfixturevalue
    return RegistryImageSource(find("registry"))


def image(rest: str) -> ImageReference:
    return image_reference(f"registry.example:5000/team/{rest}", region="us-east-1")


@pytest.mark.parametrize("rest", ["app", "app:v1", f"app@{DIGEST}", f"app:gone@{DIGEST}"])
async def test_an_image_is_resolved_to_its_digest(source: ImageSource, rest: str) -> None:
    assert await source.resolve(image(rest)) == DIGEST


@pytest.mark.parametrize("rest", ["app:none", "other:v1", f"app@sha256:{'1' * 64}"])
async def test_an_image_that_is_not_there_is_not_valid(source: ImageSource, rest: str) -> None:
    with pytest.raises(
        InvalidParameterValue, match=r"^Source image registry.example:5000/team/.* is not valid\. Provide a valid"
    ):
        await source.resolve(image(rest))


async def test_an_index_of_several_images_is_not_supported(source: ImageSource) -> None:
    with pytest.raises(InvalidParameterValue, match=r"media type for the source image .*app:several is not supported"):
        await source.resolve(image("app:several"))


async def test_a_registry_that_names_no_media_type_is_read_all_the_same(registry: str) -> None:
    assert await RegistryImageSource(registry).resolve(image("app:quiet")) == DIGEST


@pytest.mark.parametrize("rest", ["app:huge", f"app@sha256:{'0' * 64}"])
async def test_a_registry_that_lies_is_not_believed(registry: str, rest: str) -> None:
    with pytest.raises(InvalidParameterValue, match="is not valid"):
        await RegistryImageSource(registry).resolve(image(rest))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
async def test_a_registry_that_does_not_answer_is_told(url: str) -> None:
    with pytest.raises(InvalidParameterValue, match="The registry does not answer"):
        await RegistryImageSource(url).resolve(image("app:v1"))


async def test_without_a_registry_a_digest_is_taken_at_its_word_and_a_tag_is_refused_by_the_settings_name() -> None:
    assert await RegistryImageSource(None).resolve(image(f"app@{DIGEST}")) == DIGEST
    with pytest.raises(InvalidParameterValue, match="LAMBENT_IMAGE_REGISTRY"):
        await RegistryImageSource(None).resolve(image("app:v1"))
