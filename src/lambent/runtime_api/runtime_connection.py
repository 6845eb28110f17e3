"""One connection of a stock runtime client: a body that is too large or cut off still settles its invocation."""

from collections.abc import Callable

from lambent.core.function_errors import TRUNCATED, document
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import HttpHandler, HttpLimits, Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door
from lambent.invoke.session import Session

_FOREVER_SECONDS = 7 * 24 * 3600.0
_CHUNKED_BODY_BYTES = RESPONSE_PAYLOAD_BYTES + 1024 * 1024
"""A chunked body is only known to be too large once it is: this much is kept before the connection is broken off."""
LIMITS = HttpLimits(
    head_seconds=_FOREVER_SECONDS,
    idle_seconds=_FOREVER_SECONDS,
    body_seconds=_FOREVER_SECONDS,
    write_seconds=_FOREVER_SECONDS,
    header_count=200,
    body_bytes=_CHUNKED_BODY_BYTES,
)
"""No time limits: the runtime may be frozen at any point (facts E1). Its invocation's deadline ends a stuck one."""


class RuntimeConnection(HttpProtocol):
    """Watches the one thing that a handler cannot see: a response whose body never became whole."""

    def __init__(self, handler: HttpHandler, session: Session, on_close: Callable[[HttpProtocol], None]) -> None:
        super().__init__(handler, LIMITS, admit=self._admit_body, on_close=on_close)
        self._session = session
        self._answering: str | None = None
        """The request id whose response is arriving."""
        self._received = 0

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        if self._answering is not None and self._received > _CHUNKED_BODY_BYTES:
            self._session.overflow(self._answering)
            self._answering = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answering is not None:
            message = "Response payload is truncated"
            self._session.fail(self._answering, TRUNCATED, document(TRUNCATED, message))
        super().connection_lost(exc)

    def arrived(self) -> None:
        """The body is whole."""
        self._answering = None

    def _admit_body(self, request: Request) -> int | Response:
        length = request.content_length
        answered = answered_id(request.path)
        if answered is None or self._session.door is not Door.HTTP:
            return RESPONSE_PAYLOAD_BYTES
        if length is not None and length > RESPONSE_PAYLOAD_BYTES:
            refused = self._session.overflow(answered) is not None
            return invalid_request_id() if refused else too_large()
        if length != 0 and self._session.refusal(answered) is None:
            self._answering, self._received = answered, 0
        return _CHUNKED_BODY_BYTES


def answered_id(path: bytes) -> str | None:
    """The request id in `.../runtime/invocation/{id}/response`, or None for another path."""
    parts = path.split(b"/")
    if len(parts) == 6 and parts[2:4] == [b"runtime", b"invocation"] and parts[5] == b"response":
        return parts[4].decode("latin-1")
    return None


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


JSON = ((b"Content-Type", b"application/json"),)
