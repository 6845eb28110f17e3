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

    __slots__ = ("_current", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._current: StreamedResponse | object | None = None

    @property
    def open(self) -> bool:
        """Whether a response is coming in that somebody wants."""
        return isinstance(self._current, StreamedResponse) and self._current.open

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
        if current is None:
            raise Breach("a piece of no response")
        return current.write(data) if isinstance(current, StreamedResponse) else True

    def when_wanted(self, resume: Callable[[], None]) -> None:
        """After a `piece` that answered False."""
        if isinstance(self._current, StreamedResponse):
            self._current.when_wanted(resume)

    def finish(self, data: bytes | bytearray, start: int, end: int) -> bool:
        """FINISH: nothing, or an error type and a document. Whether a response that had been accepted is over by it."""
        current, self._current = self._current, None
        if current is None:
            raise Breach("the end of no response")
        failure = typed_error(data, start, end) if end > start else None
        if not isinstance(current, StreamedResponse):
            return False
        if failure is None:
            current.finish()
        else:
            current.fail(failure[0], bytes(data[failure[1] : end]))
        return True
