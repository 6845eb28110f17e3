"""One connection of a stock runtime client: familiar requests are served at once, a body cut off settles its invocation."""

from collections.abc import Callable

from lambent.core.function_errors import TRUNCATED, document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import HttpHandler, HttpLimits, Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door
from lambent.invoke.session import Session
from lambent.runtime_api.familiar import Familiar
from lambent.runtime_api.replies import encoded, encoded_invoked, invalid_request_id, prepared, refused, too_large

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
    """Watches the one thing that a handler cannot see: a response whose body never became whole.

    The two requests that a stock client makes per invocation are, once they are familiar, served as they arrive, without
    parser and task. Everything else, and whatever comes while something else is going on, takes the handler's way.
    """

    def __init__(self, handler: HttpHandler, session: Session, on_close: Callable[[HttpProtocol], None]) -> None:
        super().__init__(handler, LIMITS, admit=self._admit_body, on_close=on_close)
        self._session = session
        self._answering: str | None = None
        """The request id whose response is arriving."""
        self._received = 0
        self.familiar = Familiar()
        self._whole = b""
        """The bytes of the request that waits for the handler, if it came alone and in one piece."""
        self._handled = b""
        """The same of the one that the handler has."""
        self._asking = False
        """A familiar `next` waits for its invocation."""
        self._held = b""
        """What came after it: replies keep the order of requests."""

    # ---------------------------------------------------------------- familiar requests

    def _between_requests(self) -> bool:
        idle = self._waiting is not None and not self._queue and self._reader.deadline is None
        return idle and self._writable is None and not self._refusing

    def _serve_familiar(self, data: bytes) -> bool:
        if self.familiar.is_next(data):
            self._ask()
            return True
        body = self.familiar.response(data)
        if body is None or self._session.door is not Door.HTTP:
            return False
        request_id, invocation_id = self.familiar.ids
        refusal = self._session.respond(request_id, body, invocation_id)
        self._transport.write(prepared().accepted if refusal is None else encoded(refused(refusal)))
        return True

    def _ask(self) -> None:
        self._idle_deadline = None
        self._asking = True
        refusal = self._session.next(self._hand_over, Door.HTTP)
        if refusal is not None:
            self._asking = False
            self._transport.write(encoded(refused(refusal)))

    def _hand_over(self, invocation: Invocation, deadline_ms: int) -> None:
        self._asking = False
        self.familiar.handed(invocation)
        self._transport.write(encoded_invoked(invocation, deadline_ms))
        if self._held:
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        held, self._held = self._held, b""
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self.data_received(held)

    def learn_next(self, request: Request) -> None:
        """The handler served this request for the next invocation."""
        if self._handled and request.keep_alive:
            self.familiar.learn_next(self._handled)

    def learn_response(self, request: Request, request_id: str) -> None:
        """The handler accepted this response."""
        if self._handled and request.keep_alive and request.content_length is not None and request_id == self.familiar.ids[0]:
            self.familiar.learn_response(self._handled, request.content_length)

    # ---------------------------------------------------------------- all requests

    def data_received(self, data: bytes) -> None:
        if self._asking or self._held:
            self._held += data
            self._transport.pause_reading()
            return
        alone = self._between_requests()
        if alone and self._serve_familiar(data):
            return
        self._received += len(data)
        super().data_received(data)
        if alone:
            self._whole = data if len(self._queue) == 1 and self._reader.deadline is None else b""
        if self._answering is not None and self._received > _CHUNKED_BODY_BYTES:
            self._session.overflow(self._answering)
            self._answering = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._asking:
            self._session.withdraw(self._hand_over)
        if self._answering is not None:
            message = "Response payload is truncated"
            self._session.fail(self._answering, TRUNCATED, document(TRUNCATED, message))
        super().connection_lost(exc)

    def arrived(self) -> None:
        """The body is whole, and the handler has the request."""
        self._answering = None
        self._handled, self._whole = self._whole, b""

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
