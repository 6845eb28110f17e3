"""What every ObjectSource does: the fake, and the one on S3's own wire against a small S3 server."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from lambent.adapters.object_source import S3ObjectSource
from lambent.core.errors import InvalidParameterValue
from lambent.core.ports import ObjectSource
from lambent.testing.object_source import FakeObjectSource
from tests.contract.small_server import serving

STORED: dict[tuple[str, str, str | None], bytes] = {
    ("code", "a key/with parts.zip", None): b"newest",
    ("code", "a key/with parts.zip", "v1"): b"oldest",
    ("code", "large", None): b"x" * 5000,
}


class SmallS3(BaseHTTPRequestHandler):
    """GetObject of STORED, path-style, with S3's own error documents."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        _, bucket, key = unquote(parts.path).split("/", 2)
        content = STORED.get((bucket, key, parse_qs(parts.query).get("versionId", [None])[0]))
        if content is not None:
            self.answer(200, content)
        elif bucket != "code":
            self.answer(404, b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>")
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving(SmallS3) as url:
        yield url


@pytest.fixture(params=["fake", "s3"])
def source(request: pytest.FixtureRequest) -> ObjectSource:
    if request.param == "fake":
        fake = FakeObjectSource()
        fake.objects.update(STORED)
        return fake
    find: Callable[[str], str] = request.getfixturevalue
    return S3ObjectSource(find("endpoint"), region="us-east-1")


async def test_an_object_is_fetched_whole(source: ObjectSource, tmp_path: Path) -> None:
    await source.fetch(bucket="code", key="a key/with parts.zip", version=None, into=tmp_path / "f", limit=100)
    assert (tmp_path / "f").read_bytes() == b"newest"


async def test_a_version_is_fetched_when_it_is_named(source: ObjectSource, tmp_path: Path) -> None:
    await source.fetch(bucket="code", key="a key/with parts.zip", version="v1", into=tmp_path / "f", limit=100)
    assert (tmp_path / "f").read_bytes() == b"oldest"


@pytest.mark.parametrize(("bucket", "code"), [("code", "NoSuchKey"), ("none", "NoSuchBucket")])
async def test_what_s3_refuses_is_told_in_lambdas_words(source: ObjectSource, tmp_path: Path, bucket: str, code: str) -> None:
    with pytest.raises(
        InvalidParameterValue, match=f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: The"
    ):
        await source.fetch(bucket=bucket, key="missing", version=None, into=tmp_path / "f", limit=100)


async def test_an_object_over_the_limit_is_refused(source: ObjectSource, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterValue, match="over the limit of 4999 bytes"):
        await source.fetch(bucket="code", key="large", version=None, into=tmp_path / "f", limit=4999)


async def test_without_an_endpoint_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterValue, match="LAMBENT_S3_ENDPOINT"):
        await S3ObjectSource(None, region="us-east-1").fetch(bucket="b", key="k", version=None, into=tmp_path / "f", limit=1)


async def test_an_endpoint_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterValue, match="does not answer"):
        await S3ObjectSource("http://127.0.0.1:9", region="us-east-1").fetch(
            bucket="b", key="k", version=None, into=tmp_path / "f", limit=1
        )
