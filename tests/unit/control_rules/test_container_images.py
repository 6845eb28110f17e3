"""What an ImageUri may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.container_images import image_package, image_reference
from lambent.core.errors import InvalidParameterValue

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("uri", "registry", "repository", "tag", "digest"),
    [
        ("localhost/app", "localhost", "app", "latest", None),
        ("127.0.0.1:5000/a/b-c/d_e.f:V1.2", "127.0.0.1:5000", "a/b-c/d_e.f", "V1.2", None),
        (f"r.example/app@{DIGEST}", "r.example", "app", None, DIGEST),
        (f"r.example/app:t@{DIGEST}", "r.example", "app", "t", DIGEST),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:t",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "app",
            "t",
            None,
        ),
    ],
)
def test_an_image_is_named_by_registry_repository_and_tag_or_digest(
    uri: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    found = image_reference(uri, region="us-east-1")
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "app",
        "app:v1",
        "team/app:v1",
        "r.example/",
        "r.example/APP",
        "r.example/../app",
        "r.example/app:",
        "r.example/app:v1:v2",
        "r.example/app@sha256:0",
        "r.example/app?x=y",
        "http://r.example/app",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:t",
        "r.example/" + "a" * 2000,
    ],
)
def test_other_texts_are_no_valid_source_image(uri: str) -> None:
    with pytest.raises(InvalidParameterValue, match=r"is not valid\. Provide a valid source image"):
        image_reference(uri, region="us-east-1")


@given(st.text(max_size=40))
def test_any_text_is_an_image_or_refused(text: str) -> None:
    try:
        found = image_reference(f"r.example/{text}", region="us-east-1")
    except InvalidParameterValue:
        return
    assert (found.registry, bool(found.tag or found.digest)) == ("r.example", True)


@pytest.mark.parametrize("digest", ["", "latest", "sha256:", "sha512:" + "0" * 128, DIGEST.upper()])
def test_a_registry_must_answer_a_sha256_digest(digest: str) -> None:
    with pytest.raises(InvalidParameterValue):
        image_package(image_reference("r.example/app", region="us-east-1"), digest)
