"""What the HTTP Runtime API answers: the invocation with its headers, and the runtime interface emulator's words for errors."""

from lambent.core.function_errors import document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import HeaderPair, Response
from lambent.invoke.door import Refusal

JSON = ((b"Content-Type", b"application/json"),)
_ACCEPTED = Response(status=202, headers=JSON, body=b'{"status":"OK"}\n')
_TRANSITION = "State transition is not allowed"


def invoked(invocation: Invocation, deadline_ms: int) -> Response:
    """The answer to `next`; the deadline is epoch ms."""
    headers: list[HeaderPair] = [
        *JSON,
        (b"Lambda-Runtime-Aws-Request-Id", invocation.request_id.encode()),
        (b"Lambda-Runtime-Deadline-Ms", b"%d" % deadline_ms),
        (b"Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.encode()),
        (b"Lambda-Runtime-Invocation-Id", invocation.invocation_id.encode()),
    ]
    optional = (
        (b"Lambda-Runtime-Trace-Id", invocation.trace_id),
        (b"Lambda-Runtime-Client-Context", invocation.client_context),
        (b"Lambda-Runtime-Cognito-Identity", invocation.cognito_identity),
        (b"Lambda-Runtime-Aws-Tenant-Id", invocation.tenant_id),
    )
    headers += [(name, _one_line(value)) for name, value in optional if value]
    return Response(status=200, headers=headers, body=invocation.payload)


def accepted(refusal: Refusal | None) -> Response:
    """The answer to a response or an error that the session took, or refused."""
    return _ACCEPTED if refusal is None else refused(refusal)


def refused(refusal: Refusal) -> Response:
    """The emulator's status, type and words."""
    if refusal is Refusal.REQUEST_ID:
        return invalid_request_id()
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


def _one_line(value: str) -> bytes:
    """JSON may have line breaks between its tokens, a header may not; inside its strings they are escaped anyway."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", "").encode("utf-8", "replace")
