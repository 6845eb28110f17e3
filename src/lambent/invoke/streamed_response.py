"""One response that a runtime sends in pieces, from its head to its end: what the doors make of it for the session."""

from collections.abc import Callable

from lambent.core.function_errors import TRUNCATED, document, failed, response_too_large
from lambent.core.invocation import InvocationStatus, Outcome
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.core.response_sink import ResponseSink
from lambent.invoke.door import Refusal
from lambent.invoke.session import Session

OCTETS = "application/octet-stream"
"""The content type of a streamed response that names none (facts E1)."""
_CONTENT_TYPE_CHARACTERS = 1024
_ERROR_TYPE_CHARACTERS = 255


class Collected:
    """The sink of a caller that wants the response in one piece: Invoke, events, event sources. 6 MiB + 100 bytes at most."""

    limit = RESPONSE_PAYLOAD_BYTES

    def __init__(self) -> None:
        self.payload = bytearray()

    def resolved(self, executed_version: str) -> None:
        """Known to the caller."""

    def begin(self, content_type: str) -> None:
        """Not told to the caller."""

    def write(self, data: bytes) -> bool:
        self.payload += data
        return True

    def when_wanted(self, resume: Callable[[], None]) -> None:
        """Never full."""

    def end(self) -> None:
        """The caller has it when the invocation is over."""

    def broken_off(self, error_type: str) -> None:
        """Told by the outcome."""


class StreamedResponse:
    """Open until it is finished, failed or cut off, or its invocation ends without it; what comes after is thrown away."""

    __slots__ = ("_over", "_session", "_sink", "_size")

    def __init__(self, session: Session, sink: ResponseSink) -> None:
        self._session = session
        self._sink = sink
        self._size = 0
        self._over = False

    @property
    def open(self) -> bool:
        """Whether more is of any use."""
        return not self._over and self._session.is_streaming

    def write(self, data: bytes) -> bool:
        """A piece of the body. False: stop reading from the runtime until `when_wanted` calls."""
        if not self.open or not data:
            return True
        room = self._sink.limit - self._size
        self._size += len(data)
        if len(data) > room:
            if room:
                self._sink.write(data[:room])
            self._end(response_too_large(self._sink.limit))
            return True
        return self._sink.write(data)

    def when_wanted(self, resume: Callable[[], None]) -> None:
        """Call `resume` when more may be read from the runtime."""
        self._sink.when_wanted(resume)

    @property
    def oversized(self) -> bool:
        """Whether it has been cut off for its size."""
        return self._size > self._sink.limit

    def end_body(self) -> None:
        """The body is whole; the runtime goes on with the invocation until `finish`."""
        if self.open:
            self._sink.end()

    def finish(self) -> None:
        """The body is whole, and the runtime is done."""
        self.end_body()
        payload = bytes(self._sink.payload) if isinstance(self._sink, Collected) else b""
        self._end(Outcome(status=InvocationStatus.SUCCESS, payload=payload))

    def fail(self, error_type: str, error_document: bytes) -> None:
        """The runtime ends the body with an error (the trailers of facts E1)."""
        if self.open:
            self._sink.broken_off(error_type[:_ERROR_TYPE_CHARACTERS])
            self._end(failed(error_type, error_document))

    def cut_off(self) -> None:
        """The body will never be whole."""
        if self.open:
            self._end(failed(TRUNCATED, document(TRUNCATED, "Response payload is truncated")))

    def _end(self, outcome: Outcome) -> None:
        if self.open:
            self._over = True
            self._session.end_stream(outcome)


def begin_streamed_response(
    session: Session, request_id: str, invocation_id: str | None, content_type: str | None
) -> StreamedResponse | Refusal:
    """The runtime answers this request and sends the body in pieces from now on. `content_type` is not trusted."""
    refusal = session.begin_stream(request_id, invocation_id)
    if refusal is not None:
        return refusal
    invocation = session.invocation
    sink = Collected() if invocation is None or invocation.response_sink is None else invocation.response_sink
    sink.begin(_safe_content_type(content_type))
    return StreamedResponse(session, sink)


def _safe_content_type(text: str | None) -> str:
    """It becomes a header, so what no header can carry is not kept."""
    if not text or len(text) > _CONTENT_TYPE_CHARACTERS or not text.isprintable() or not text.isascii():
        return OCTETS
    return text
