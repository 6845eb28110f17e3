"""The body of a streamed response that comes by HTTP: its pieces go on as they are read, and are read as they are wanted."""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from lambent.core.function_errors import document
from lambent.http.framing import Refused
from lambent.http.message import Request
from lambent.invoke.streamed_response import StreamedResponse

TYPE_HEADER: Final = b"lambda-runtime-function-error-type"
_BODY_TRAILER: Final = b"lambda-runtime-function-error-body"


class HttpStream:
    """Implements `http.message.BodyTaker`. The connection owns it: it says when the body is whole, or never will be."""

    __slots__ = ("_pause", "_response", "_resume")

    def __init__(self, response: StreamedResponse, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """`pause` stops reading the connection and `resume` goes on."""
        self._response = response
        self._pause = pause
        self._resume = resume

    def take(self, data: bytes) -> None:
        if not self._response.write(data):
            self._pause()
            self._response.when_wanted(self._resume)
        elif self._response.oversized:
            self._resume()
            raise Refused(413, "the response is too large")

    def finish(self, request: Request) -> bool:
        """The body is whole. Whether the invocation was still in progress."""
        self._resume()  # whoever still reads what was sent must not hold up what the runtime does next
        if not self._response.open:
            return False
        failure = trailing_error(request) if request.trailers else None
        if failure is None:
            self._response.finish()
        else:
            self._response.fail(*failure)
        return True

    def cut_off(self) -> None:
        """The body will never be whole. Nothing happens when it was."""
        self._response.cut_off()


def trailing_error(request: Request) -> tuple[str, bytes] | None:
    """A response that failed midway says so in its trailers: the type, and the document in base64 (facts E1)."""
    trailers = dict(request.trailers)
    if TYPE_HEADER not in trailers:
        return None
    try:
        body = base64.b64decode(trailers.get(_BODY_TRAILER, b""), validate=True)
    except binascii.Error:
        body = b""
    error_type = trailers[TYPE_HEADER].decode("latin-1")
    return error_type, body or document(error_type, "")
