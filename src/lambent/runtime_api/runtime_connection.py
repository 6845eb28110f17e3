"""One connection of a stock runtime client: familiar requests are served at once, a body cut off settles its invocation."""

import asyncio
from typing import Protocol

from lambent.core.function_errors import TRUNCATED, document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import HttpHandler, HttpLimits, Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door, Refusal
from lambent.invoke.extensions import Extensions
from lambent.invoke.session import Session
from lambent.invoke.streamed_response import begin_streamed_response
from lambent.runtime_api import extensions_api
from lambent.runtime_api.familiar import Familiar
from lambent.runtime_api.http_stream import HttpStream
from lambent.runtime_api.replies import encoded, encoded_invoked, error_response, prepared, refused, too_large
from lambent.runtime_api.routes import Route, match

MODE_HEADER = b"lambda-runtime-function-response-mode"
INVOCATION_HEADER = b"lambda-runtime-invocation-id"

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


class ConnectionOwner(Protocol):
    """Knows which connections are open."""

    def opened(self, connection: "RuntimeConnection") -> None: ...

    def closed(self, connection: HttpProtocol) -> None: ...


class RuntimeConnection(HttpProtocol):
    """Watches the one thing that a handler cannot see: a response whose body never became whole.

    The two requests that a stock client makes per invocation are, once they are familiar, served as they arrive, without
    parser and task. Everything else, and whatever comes while something else is going on, takes the handler's way.
    """

    def __init__(self, handler: HttpHandler, session: Session, extensions: Extensions, owner: ConnectionOwner) -> None:
        super().__init__(handler, LIMITS, admit=self._admit_body, on_close=owner.closed)
        self._owner = owner
        self._session = session
        self._extensions = extensions
        self._answering: str | None = None
        """The request id whose response is arriving."""
        self._received = 0
        self.familiar = Familiar()
        self._stream: HttpStream | None = None
        """A streamed response that is arriving, and the request that it is the body of."""
        self._streamed: Request | None = None
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
        elif self._extensions.any:
            self._extensions.runtime_waits()

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._asking:
            self._session.withdraw(self._hand_over)
        self._cut_off()
        super().connection_lost(exc)

    def _cut_off(self) -> None:
        """No more can be read here: what had begun to arrive never becomes whole."""
        if self._answering is not None:
            self._session.fail(self._answering, TRUNCATED, document(TRUNCATED, "Response payload is truncated"))
            self._answering = None
        if self._stream is not None:
            self._stream.cut_off()

    def _refusal(self, status: int, reason: str) -> Response:
        if status == 413 and self._answering is not None:
            self._session.overflow(self._answering)
            self._answering = None
        self._cut_off()
        broken = too_large() if status == 413 else error_response(status, "InvalidRequest", reason)
        return broken._replace(close=True)

    def arrived(self) -> None:
        """The body is whole, and the handler has the request."""
        self._answering = None
        self._handled, self._whole = self._whole, b""

    def take_stream(self, request: Request) -> HttpStream | None:
        """The body of this request, when it went to the session as it came."""
        stream = self._stream
        if stream is None or self._streamed is not request:
            return None
        self._stream = self._streamed = None
        return stream

    def _admit_body(self, request: Request) -> "int | Response | HttpStream":
        if request.path.startswith(extensions_api.PATH):
            return extensions_api.BODY_BYTES
        route, answered = match(request.method, request.path)
        if route not in (Route.RESPONSE, Route.ERROR) or self._session.door is not Door.HTTP:
            return RESPONSE_PAYLOAD_BYTES
        if route is Route.RESPONSE and request.index.get(MODE_HEADER, b"").lower() == b"streaming":
            return self._begin_stream(request, answered)
        length = request.content_length
        if length is not None and length > RESPONSE_PAYLOAD_BYTES:
            refusal = self._session.overflow(answered)
            return too_large() if refusal is None else refused(refusal)
        if length != 0 and self._session.refusal(answered) is None:
            self._answering, self._received = answered, 0
        return _CHUNKED_BODY_BYTES

    def _begin_stream(self, request: Request, answered: str) -> "Response | HttpStream":
        attempt, content_type = request.text(INVOCATION_HEADER), request.text(b"content-type")
        begun = begin_streamed_response(self._session, answered, attempt, content_type)
        if isinstance(begun, Refusal):
            return refused(begun)
        self._streamed, self._stream = request, HttpStream(begun, self._transport.pause_reading, self._go_on_reading)
        return self._stream

    def _go_on_reading(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._transport.resume_reading()
