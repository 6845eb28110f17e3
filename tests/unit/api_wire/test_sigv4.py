"""Signatures: what botocore signs is let in, everything else gets the refusal that AWS gives."""

import datetime as dt
import json
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambent.api.canonical import canonical_request
from lambent.api.sigv4 import signing_key
from lambent.http import Request, Response

KEYS = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "123456789012": "other"}
BASE = "http://127.0.0.1:4566"
ARN_PATH = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af"


@pytest.fixture
def signing(make_world, monkeypatch):
    world = make_world(access_keys=KEYS)
    moment = dt.datetime.fromtimestamp(world.clock.now(), dt.UTC).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
    return world


def sign(
    method="GET",
    path="/2015-03-31/functions",
    body=b"",
    key="AKIDEXAMPLE",
    *,
    secret=None,
    service="lambda",
    presigned=None,
    headers=None,
) -> AWSRequest:
    request = AWSRequest(method=method, url=BASE + path, data=body, headers={"Host": "127.0.0.1:4566", **(headers or {})})
    credentials = Credentials(key, secret or KEYS.get(key, "unknown"))
    if presigned:
        SigV4QueryAuth(credentials, service, "us-east-1", expires=presigned).add_auth(request)
    else:
        SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return request


async def deliver(world, signed: AWSRequest, *, change=lambda pairs: pairs) -> tuple[int, str, str]:
    parts = urlsplit(signed.url)
    pairs = change([(name.lower().encode(), str(value).encode()) for name, value in signed.headers.items()])
    request = Request(signed.method, parts.path.encode(), parts.query.encode(), pairs)
    body = signed.data or b""
    request.content_length = len(body)
    verdict = world.app.admit(request)
    request.body = body
    response = verdict if isinstance(verdict, Response) else await world.app.handle(request)
    document = json.loads(response.body or b"{}")
    kind = dict(response.headers).get(b"x-amzn-ErrorType", b"").decode()
    return response.status, kind, document.get("message") or document.get("Message") or ""


@pytest.mark.parametrize(
    "request_options",
    [
        {},
        {"path": "/2015-03-31/functions?Marker=a%20b%2Bc&MaxItems=3&Marker=&b"},
        {"path": ARN_PATH},
        {"path": ARN_PATH.replace("%3A", ":")},
        {"path": "/2015-03-31/functions/"},
        {"method": "POST", "path": "/2015-03-31/functions/f/invocations", "body": b'{"a":1}', "headers": {"X-Amz-Log-Type": "Tail"}},
        {"method": "POST", "path": "/2015-03-31/functions/f/invocations", "body": b'{"a":"' + b"1" * 200_000 + b'"}'},
        {"key": "123456789012"},
        {"presigned": 60},
        {"presigned": 604_800, "path": ARN_PATH + "?Qualifier=%24LATEST"},
        {"presigned": 60, "method": "POST", "path": "/2015-03-31/functions/f/invocations", "body": b"{}"},
    ],
    ids=lambda each: " ".join(map(str, each.values()))[:60],
)  # fmt: skip
async def test_what_botocore_signs_is_let_in(signing, request_options) -> None:
    status, kind, words = await deliver(signing, sign(**request_options))
    assert (status, kind, words) == (200, "", "")


async def test_the_account_is_that_of_the_key(signing) -> None:
    await deliver(signing, sign(key="123456789012"))
    assert signing.seen["ListFunctions"][0].caller.account == "123456789012"


def replaced(old: bytes, new: bytes):
    return lambda pairs: [(name, value.replace(old, new)) for name, value in pairs]


def without(name: bytes):
    return lambda pairs: [pair for pair in pairs if pair[0] != name]


@pytest.mark.parametrize(
    ("options", "change", "kind", "words"),
    [
        ({}, without(b"authorization"), "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ({"key": "NOBODY"}, None, "UnrecognizedClientException", "The security token included in the request is invalid."),
        ({"secret": "wrong"}, None, "InvalidSignatureException", "The request signature we calculated does not match"),
        ({"service": "sqs"}, None, "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'."),
        ({}, replaced(b"Signature=", b"Sig="), "IncompleteSignatureException", "Authorization header requires 'Signature' parameter."),
        ({}, replaced(b"Credential=", b"C="), "IncompleteSignatureException", "Authorization header requires 'Credential' parameter."),
        ({}, replaced(b"SignedHeaders=", b"S="), "IncompleteSignatureException", "Authorization header requires 'SignedHeaders'"),
        ({}, replaced(b"AWS4-HMAC-SHA256 ", b"Basic "), "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Basic'."),
        ({}, replaced(b"/aws4_request", b""), "IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements"),
        ({}, replaced(b"SignedHeaders=host;", b"SignedHeaders="), "InvalidSignatureException", "'Host' or ':authority' must be"),
        ({}, without(b"x-amz-date"), "IncompleteSignatureException", "Authorization header requires existence of either"),
        ({}, lambda p: [*p, (b"x-amz-invocation-type", b"Event")], "InvalidSignatureException", "'x-amz-invocation-type' must be a 'SignedHeader'"),
        ({}, lambda p: [*p, (b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")], "InvalidSignatureException", "'x-amz-content-sha256' must be"),
        ({}, lambda p: [(n, v + b"0" if n == b"authorization" else v) for n, v in p], "InvalidSignatureException", "The request signature we"),
        ({"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}, None, "InvalidSignatureException", "The request signature we calculated"),
        ({"headers": {"X-Amz-Content-SHA256": "0" * 64}}, None, "InvalidSignatureException", "The request signature we calculated"),
    ],
)  # fmt: skip
async def test_a_bad_header_signature_is_refused_as_aws_does(signing, options, change, kind, words) -> None:
    status, got, message = await deliver(signing, sign(**options), change=change or (lambda pairs: pairs))
    assert (status, got) == (403, kind)
    assert message.startswith(words)


@pytest.mark.parametrize("tampered", [{"method": "DELETE"}, {"data": b"x"}, {"url": BASE + "/2015-03-31/functions?MaxItems=1"},
                                      {"url": BASE + "/2015-03-31/functions/f"}])  # fmt: skip
async def test_a_request_that_was_changed_after_signing_is_refused(signing, tampered) -> None:
    signed = sign()
    for name, value in tampered.items():
        setattr(signed, name, value)
    assert (await deliver(signing, signed))[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (301, 403), (-299, 200), (-301, 403)])
async def test_five_minutes_of_skew_are_allowed(signing, seconds, status) -> None:
    signed = sign()
    signing.clock.set(signing.clock.now() + seconds)
    got, _, words = await deliver(signing, signed)
    assert got == status
    assert status == 200 or words.startswith("Signature expired: " if seconds > 0 else "Signature not yet current: ")
    assert status == 200 or "5 min.)" in words


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (61, 403), (-301, 403)])
async def test_a_presigned_link_is_good_until_it_expires(signing, seconds, status) -> None:
    signed = sign(presigned=60)
    signing.clock.set(signing.clock.now() + seconds)
    assert (await deliver(signing, signed))[0] == status


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", "IncompleteSignatureException"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "IncompleteSignatureException"),
        ("X-Amz-Expires=60", "X-Amz-Expires=%D9%A3", "IncompleteSignatureException"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61", "InvalidSignatureException"),
        ("X-Amz-Expires=60&", "", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "IncompleteSignatureException"),
        ("X-Amz-Date=20231114T221320Z", "X-Amz-Date=yesterday", "IncompleteSignatureException"),
        ("X-Amz-Date=20231114T221320Z", "X-Amz-Date=20231115T221320Z", "InvalidSignatureException"),
        ("X-Amz-Algorithm", "X-Amz-Algo", "MissingAuthenticationTokenException"),
    ],
)
async def test_a_presigned_link_that_was_changed_is_refused(signing, old, new, kind) -> None:
    signed = sign(presigned=60)
    assert old in signed.url
    signed.url = signed.url.replace(old, new)
    assert (await deliver(signing, signed))[:2] == (403, kind)


async def test_a_large_body_of_a_stranger_is_refused_before_it_is_read(signing) -> None:
    request = Request("POST", b"/2015-03-31/functions", b"", [(b"host", b"h")])
    request.content_length = 10_000_000
    assert signing.app.admit(request).status == 403


async def test_health_and_download_links_need_no_signature(signing) -> None:
    unsigned = AWSRequest(method="GET", url=BASE + "/_lambent/health", headers={"Host": "h"})
    assert (await deliver(signing, unsigned))[0] == 200


def test_the_derived_key_is_that_of_the_published_example() -> None:
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


@pytest.mark.parametrize(
    ("path", "query", "lines"),
    [
        (b"/a/../b//c/./d", b"", "GET\n/b/c/d\n\n"),
        (b"/", b"b=2&a=1&a=0&c", "GET\n/\na=0&a=1&b=2&c=\n"),
        (b"/a%20b", b"x=%7e&y=a%2fb&z=+", "GET\n/a%2520b\nx=~&y=a%2Fb&z=%2B\n"),
    ],
)
def test_a_request_has_one_canonical_spelling(path: bytes, query: bytes, lines: str) -> None:
    assert canonical_request(Request("GET", path, query, []), (), "hash").startswith(lines)
