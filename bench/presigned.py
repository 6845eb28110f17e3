"""Requests, signed before the clock starts: making a signature costs more than what is to be measured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "test", "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One function behind the Invoke operation of a server on this machine."""

    port: int
    function: str

    @property
    def path(self) -> str:
        return f"/2015-03-31/functions/{self.function}/invocations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """One request as bytes, and what its right answer is: one of some bodies, or a body that has a part in it."""

    request: bytes
    accepted: frozenset[bytes] = frozenset()
    part: bytes = b""
    """For answers that are not known beforehand to the byte. Not empty: `accepted` does not count."""
    status: int = 200


def invocation(target: Target, event: Mapping[str, object], expected: object) -> Prepared:
    """A signed Invoke of `event` whose answer must be the JSON value `expected` (with or without blanks)."""
    compact = json.dumps(expected, separators=(",", ":")).encode()
    payload = json.dumps(event, separators=(",", ":")).encode()
    return Prepared(
        request=signed("POST", target.port, target.path, payload), accepted=frozenset({compact, json.dumps(expected).encode()})
    )


def echoes(target: Target, count: int) -> list[Prepared]:
    """Invocations of a function that returns its event, no two alike: a reply to another request is noticed."""
    return [invocation(target, {"n": n}, {"n": n}) for n in range(count)]


def signed(method: str, port: int, path: str, payload: bytes = b"") -> bytes:
    """An HTTP/1.1 request with an AWS Signature Version 4."""
    request = AWSRequest(method, f"http://127.0.0.1:{port}{path}", data=payload, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "lambda", REGION).add_auth(request)
    prepared = request.prepare()
    fields = {"Host": f"127.0.0.1:{port}", **prepared.headers, "Content-Length": str(len(payload))}
    head = "".join(f"{name}: {_text(value)}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + payload


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
