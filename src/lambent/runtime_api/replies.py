"""What the HTTP Runtime API answers: the invocation with its headers, and the runtime interface emulator's words for errors."""

import time
from typing import NamedTuple

from lambent.core.function_errors import document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.encoding import encode_head
from lambent.http.message import HeaderPair, Response
from lambent.invoke.door import Refusal

JSON = ((b"Content-Type", b"application/json"),)
ACCEPTED = Response(status=202, headers=JSON, body=b'{"status":"OK"}\n')
_TRANSITION = "State transition is not allowed"


def invoked(invocation: Invocation, deadline_ms: int) -> Response:
    """The answer to `next`; the deadline is epoch ms."""
    return Response(status=200, headers=(*JSON, *_headers(invocation, deadline_ms)), body=invocation.payload)


def encoded_invoked(invocation: Invocation, deadline_ms: int) -> bytes:
    """The same as bytes."""
    headers = b"".join([b"%b: %b\r\n" % each for each in _headers(invocation, deadline_ms)])
    payload = invocation.payload
    return b"%b%bContent-Length: %d\r\n\r\n%b" % (prepared().opening, headers, len(payload), payload)


def _headers(invocation: Invocation, deadline_ms: int) -> list[HeaderPair]:
    headers: list[HeaderPair] = [
        (b"Lambda-Runtime-Aws-Request-Id", invocation.request_id.encode()),
        (b"Lambda-Runtime-Deadline-Ms", b"%d" % deadline_ms),
        (b"Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.encode()),
        (b"Lambda-Runtime-Invocation-Id", invocation.invocation_id.encode()),
    ]
    if invocation.trace_id:
        headers.append((b"Lambda-Runtime-Trace-Id", _one_line(invocation.trace_id)))
    if invocation.client_context:
        headers.append((b"Lambda-Runtime-Client-Context", _one_line(invocation.client_context)))
    if invocation.cognito_identity:
        headers.append((b"Lambda-Runtime-Cognito-Identity", _one_line(invocation.cognito_identity)))
    if invocation.tenant_id:
        headers.append((b"Lambda-Runtime-Aws-Tenant-Id", _one_line(invocation.tenant_id)))
    return headers


class Prepared(NamedTuple):
    """The parts of the two frequent replies that are the same for a second: only Date changes."""

    second: int
    opening: bytes
    """Of the answer to `next`: status line and the first headers."""
    accepted: bytes
    """The whole answer to a response."""


def _prepare(second: int) -> Prepared:
    opening = encode_head(Response(status=200, headers=JSON), length=None, keep_alive=True, chunked=False)
    return Prepared(second=second, opening=opening.removesuffix(b"\r\n"), accepted=encoded(ACCEPTED))


class _Latest:
    prepared = Prepared(second=0, opening=b"", accepted=b"")


def prepared() -> Prepared:
    """Made once a second."""
    second = int(time.time())
    if _Latest.prepared.second != second:
        _Latest.prepared = _prepare(second)
    return _Latest.prepared


def encoded(response: Response) -> bytes:
    """Head and body of a reply whose body is bytes."""
    body = response.body if isinstance(response.body, bytes) else b""
    return encode_head(response, length=len(body), keep_alive=True, chunked=False) + body


def accepted(refusal: Refusal | None) -> Response:
    """The answer to a response or an error that the session took, or refused."""
    return ACCEPTED if refusal is None else refused(refusal)


def refused(refusal: Refusal) -> Response:
    """The emulator's status, type and words."""
    if refusal is Refusal.REQUEST_ID:
        return invalid_request_id()
    if refusal is Refusal.TIMED_OUT:
        return error_response(410, refusal.value, "Invoke timeout")
    if refusal is Refusal.INVOCATION_ID:
        return error_response(400, refusal.value, "Invalid invocation ID")
    return error_response(403, refusal.value, _TRANSITION)


def error_response(status: int, error_type: str, message: str) -> Response:
    """The runtime interface emulator's error body."""
    return Response(status=status, headers=JSON, body=document(error_type, message))


def invalid_request_id() -> Response:
    """No invocation in progress has this id."""
    return error_response(400, "InvalidRequestID", "Invalid request ID")


def too_large() -> Response:
    """The response is over 6 MiB + 100 bytes."""
    message = f"Exceeded maximum allowed payload size ({RESPONSE_PAYLOAD_BYTES} bytes)."
    return error_response(413, "RequestEntityTooLarge", message)


def not_found() -> Response:
    """No such route."""
    return Response(status=404, headers=((b"Content-Type", b"text/plain; charset=utf-8"),), body=b"404 page not found\n")


def wrong_method() -> Response:
    """The route has other methods."""
    return Response(status=405)


def _one_line(value: str) -> bytes:
    """JSON may have line breaks between its tokens, a header may not; inside its strings they are escaped anyway."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", "").encode("utf-8", "replace")
