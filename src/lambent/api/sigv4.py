"""Reads and verifies AWS Signature Version 4, in headers and in presigned queries (facts J1)."""

import asyncio
import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from lambent.api.canonical import canonical_request
from lambent.core.errors import (
    IncompleteSignature,
    InvalidSignature,
    LambdaError,
    MissingAuthenticationToken,
    UnrecognizedClient,
)
from lambent.core.ports import Clock
from lambent.http import Request

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW_SECONDS: Final = 300
_LONGEST_PRESIGNED_SECONDS: Final = 604_800
_HASHED_ON_THE_LOOP_BYTES: Final = 64 * 1024
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)
_CREDENTIAL = re.compile(r"([^/]{1,256})/(\d{8})/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/aws4_request", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Who signed, for when and where."""

    access_key: str
    date: str
    """`YYYYMMDD`."""
    region: str
    service: str

    @property
    def text(self) -> str:
        """As the string to sign has it."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signature:
    """What a request says about its own signature."""

    scope: Scope
    headers: tuple[str, ...]
    value: str
    date: str
    """`YYYYMMDDTHHMMSSZ`."""
    expires: int | None = None
    """Seconds; None in headers."""


@lru_cache(maxsize=4096)
def read_scope(text: str) -> Scope | None:
    """A credential, `AKID/20260101/us-east-1/lambda/aws4_request`; None for anything else."""
    match = _CREDENTIAL.fullmatch(text)
    if match is None:
        return None
    return Scope(access_key=match[1], date=match[2], region=match[3], service=match[4])


def claimed_scope(request: Request) -> Scope | None:
    """Whom the request says it is from. Nothing is checked: for the account and region where authentication is off."""
    header = request.header(b"authorization")
    if header is not None:
        _, found, rest = header.partition(b"Credential=")
        return read_scope(rest.partition(b",")[0].decode("latin-1").strip()) if found else None
    if b"X-Amz-Credential=" not in request.query:
        return None
    return read_scope(dict(parse_qsl(request.query.decode("latin-1"))).get("X-Amz-Credential", ""))


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The derived key: a chain of four HMACs."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class Verifier:
    """Lets through requests that one of the known access keys has signed, for a service that is carried here."""

    def __init__(self, access_keys: Mapping[str, str], services: frozenset[str], clock: Clock) -> None:
        self._access_keys = dict(access_keys)
        self._services = services
        self._clock = clock

    def check_claim(self, request: Request) -> Scope:
        """What can be refused by the head alone, before a body is read. Raises as `verify` does."""
        return self._claim(request).scope

    async def verify(self, request: Request) -> Scope:
        """Raises MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient or InvalidSignature."""
        signature = self._claim(request)
        self._check_time(signature)
        digest = await _payload_hash(request, presigned=signature.expires is not None)
        text = canonical_request(request, signature.headers, digest)
        scope = signature.scope
        to_sign = f"{ALGORITHM}\n{signature.date}\n{scope.text}\n{hashlib.sha256(text.encode()).hexdigest()}"
        key = signing_key(self._access_keys[scope.access_key], scope.date, scope.region, scope.service)
        expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(expected, signature.value):
            raise InvalidSignature(_MISMATCH)
        return scope

    def _claim(self, request: Request) -> _Signature:
        header = request.text(b"authorization")
        signature = _from_query(request) if header is None else _from_header(request, header)
        if signature.scope.access_key not in self._access_keys:
            raise UnrecognizedClient("The security token included in the request is invalid.")
        if signature.scope.service not in self._services:
            raise InvalidSignature("Credential should be scoped to correct service: 'lambda'. ")
        if "host" not in signature.headers:
            raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        return signature

    def _check_time(self, signature: _Signature) -> None:
        signed, now = _epoch(signature.date[:17]), self._clock.now()
        if signed is None:
            raise IncompleteSignature(f"Date must be in ISO-8601 'basic format'. Got '{signature.date}'.")
        if signature.scope.date != signature.date[:8]:
            raise InvalidSignature(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{signature.scope.date}' != '{signature.date[:8]}', from '{signature.date}'."
            )
        lifetime = SKEW_SECONDS if signature.expires is None else signature.expires
        if now > signed + lifetime:
            raise InvalidSignature(
                f"Signature expired: {signature.date} is now earlier than {_basic(now - lifetime)} ({_basic(now)} - "
                f"{_span(lifetime)})"
            )
        if now < signed - SKEW_SECONDS:
            raise InvalidSignature(
                f"Signature not yet current: {signature.date} is still later than {_basic(now + SKEW_SECONDS)} "
                f"({_basic(now)} + 5 min.)"
            )


def _from_header(request: Request, header: str) -> _Signature:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.")
    fields = dict(_pair(each) for each in rest.split(","))
    missing = [each for each in ("Credential", "Signature", "SignedHeaders") if not fields.get(each)]
    date = request.text(b"x-amz-date")
    if missing or date is None:
        words = "".join(f"Authorization header requires '{each}' parameter. " for each in missing)
        if date is None:
            words += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        raise IncompleteSignature(f"{words}Authorization={algorithm}")
    headers = tuple(fields["SignedHeaders"].split(";"))
    unsigned = [name for name, _ in request.headers if name.startswith(b"x-amz-") and name.decode("latin-1") not in headers]
    if unsigned:
        raise InvalidSignature(f"'{unsigned[0].decode('latin-1')}' must be a 'SignedHeader' in the AWS Authorization.")
    return _Signature(scope=_scope(fields["Credential"]), headers=headers, value=_hex(fields["Signature"]), date=date)


def _from_query(request: Request) -> _Signature:
    query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
    if "X-Amz-Algorithm" not in query:
        raise MissingAuthenticationToken("Missing Authentication Token")
    needed = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")
    missing = [each for each in needed if not query.get(each)]
    if missing or query["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignature(
            "".join(f"AWS query-string parameters must include '{each}'. " for each in missing)
            or f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm'][:64]}'."
        )
    expires = query["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 10 and 1 <= int(expires) <= _LONGEST_PRESIGNED_SECONDS):
        raise IncompleteSignature("X-Amz-Expires must be a number of seconds from 1 to 604800.")
    return _Signature(
        scope=_scope(query["X-Amz-Credential"]),
        headers=tuple(query["X-Amz-SignedHeaders"].split(";")),
        value=_hex(query["X-Amz-Signature"]),
        date=query["X-Amz-Date"],
        expires=int(expires),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name, value


def _scope(text: str) -> Scope:
    scope = read_scope(text)
    if scope is None:
        raise IncompleteSignature(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{text[:256]}'"
        )
    return scope


def _hex(text: str) -> str:
    """A signature of another form cannot match; an empty one keeps the comparison on bytes that it can compare."""
    return text if _HEX.fullmatch(text) else ""


async def _payload_hash(request: Request, *, presigned: bool) -> str:
    body = request.body
    if len(body) > _HASHED_ON_THE_LOOP_BYTES:  # hashlib lets go of the interpreter lock
        digest = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
    else:
        digest = hashlib.sha256(body).hexdigest()
    claimed = request.text(b"x-amz-content-sha256")
    if claimed is None or hmac.compare_digest(claimed.encode(), digest.encode()):
        return digest
    if presigned and claimed == _UNSIGNED:
        return _UNSIGNED
    raise _altered()


def _altered() -> LambdaError:
    return InvalidSignature(_MISMATCH)


@lru_cache(maxsize=64)
def _epoch(date: str) -> float | None:
    """Many requests have the same second."""
    try:
        return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ")) if len(date) == 16 else None
    except ValueError:
        return None


def _basic(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def _span(seconds: int) -> str:
    return "5 min." if seconds == SKEW_SECONDS else f"{seconds} s."
