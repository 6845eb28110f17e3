"""Streamed responses on the frame channel: begin, pieces, finish. Out of order is a breach; what is refused is thrown away."""

from collections.abc import Callable

from lambent.invoke.door import Door
from lambent.invoke.session import Session
from lambent.invoke.streamed_response import StreamedResponse, begin_streamed_response
from lambent.runtime_api.frames import REQUEST_ID_BYTES, Breach, typed_error

_IGNORED = object()
"""The session refused the response that is coming in: its pieces go nowhere."""


class FrameStream:
    """At most one response at a time, as the protocol has it."""

    __slots__ = ("_current", "_ended", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._current: StreamedResponse | object | None = None
        self._ended = False

    @property
    def open(self) -> bool:
        """Whether a response is coming in that somebody wants."""
        return isinstance(self._current, StreamedResponse) and self._current.open and not self._ended

    def begin(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """BEGIN at data[start:end]: request id, content type. False when the session refuses it. Raises Breach, as all here."""
        at = start + REQUEST_ID_BYTES
        if at > end or self._current is not None:
            raise Breach("a streamed response that cannot begin")
        self._current = _IGNORED
        if self._session.door is not Door.FRAMES:
            return False
        request_id, content_type = data[start:at].decode("latin-1"), data[at:end].decode("latin-1")
        begun = begin_streamed_response(self._session, request_id, None, content_type)
        if isinstance(begun, StreamedResponse):
            self._current = begun
        return self._current is begun

    def piece(self, data: bytes) -> bool:
        """DATA. False: read no more for now."""
        current = self._current
        if current is None or self._ended:
            raise Breach("a piece of no response")
        return current.write(data) if isinstance(current, StreamedResponse) else True

    def when_wanted(self, resume: Callable[[], None]) -> None:
        """After a `piece` that answered False."""
        if isinstance(self._current, StreamedResponse):
            self._current.when_wanted(resume)

    def finish(self, data: bytes | bytearray, start: int, end: int) -> None:
        """FINISH: nothing, or an error type and a document. The runtime may go on until `back`."""
        current = self._current
        if current is None or self._ended:
            raise Breach("the end of no response")
        self._ended = True
        failure = typed_error(data, start, end) if end > start else None
        if not isinstance(current, StreamedResponse):
            self._forget()
        elif failure is None:
            current.end_body()
        else:
            current.fail(failure[0], bytes(data[failure[1] : end]))

    def back(self) -> None:
        """READY: the runtime is done with the invocation whose response it has streamed, if that is what it did."""
        current = self._current
        if current is None:
            return
        if not self._ended:
            raise Breach("ready in the middle of a response")
        self._forget()
        if isinstance(current, StreamedResponse):
            current.finish()

    def _forget(self) -> None:
        self._current = None
        self._ended = False
