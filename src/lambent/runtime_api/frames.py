"""The frame protocol, reading half: bytes in, whole frames out; what breaks the rules is refused, in bounded memory."""

import struct
from typing import Protocol

from lambent.core.limits import RESPONSE_PAYLOAD_BYTES

HELLO, INIT, READY, INIT_ERROR, INVOKE, RESPONSE, ERROR, BEGIN, DATA, FINISH = b"HIRXVSEBDF"

REQUEST_ID_BYTES = 36
_HEADER = struct.Struct(">IB")
STREAM_PIECE_BYTES = 1024 * 1024
_CONTENT_TYPE_BYTES = 1024
_TYPED_ERROR_BYTES = 1 + 255 + RESPONSE_PAYLOAD_BYTES
_BODY_AT_MOST = {
    HELLO: 0,
    READY: 0,
    INIT_ERROR: _TYPED_ERROR_BYTES,
    RESPONSE: REQUEST_ID_BYTES + RESPONSE_PAYLOAD_BYTES,
    ERROR: REQUEST_ID_BYTES + _TYPED_ERROR_BYTES,
    BEGIN: REQUEST_ID_BYTES + _CONTENT_TYPE_BYTES,
    DATA: STREAM_PIECE_BYTES,
    FINISH: _TYPED_ERROR_BYTES,
}
"""By kind that a client may send."""


class Breach(Exception):
    """The client broke the protocol; the message says how, without quoting what it sent."""


def typed_error(data: bytes | bytearray, start: int, end: int) -> tuple[str, int]:
    """The error type at data[start:end], and where the document begins. Raises Breach."""
    at = start + 1 + data[start] if start < end else end + 1
    if at > end:
        raise Breach("an error type longer than its frame")
    return data[start + 1 : at].decode("utf-8", "replace"), at


class FrameSink(Protocol):
    """Who takes the frames."""

    def on_frame(self, kind: int, data: bytes | bytearray, start: int, end: int) -> None:
        """One whole frame of a known kind, its body at data[start:end] (to be copied: the buffer is reused)."""

    def on_oversized(self, request_id: bytes) -> None:
        """A response or error over the limit has been read and thrown away, but for its request id."""


class FrameReader:
    """Incremental. Holds at most one frame of legal size; never more because of what a length claims."""

    __slots__ = ("_buffer", "_discard", "_needed", "_oversized_id", "_sink")

    def __init__(self, sink: FrameSink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._needed = _HEADER.size
        """Bytes in the buffer before parsing can go on."""
        self._discard = 0
        """Bytes of an oversized frame still to come."""
        self._oversized_id = b""

    def feed(self, data: bytes) -> None:
        """Parse and hand on every frame that is complete. Raises Breach."""
        size = len(data)
        if not self._buffer and not self._discard and size >= _HEADER.size:
            length, kind = _HEADER.unpack_from(data)
            if length + 4 == size and length - 1 <= _BODY_AT_MOST.get(kind, -1):
                self._sink.on_frame(kind, data, 5, size)  # the usual case: one read is one frame, nothing is copied
                return
        if self._discard:
            data = self._skip(data)
        self._buffer += data
        if len(self._buffer) >= self._needed:
            self._parse()

    def wanted(self) -> int:
        """How many bytes are known to be still missing, for the size of the next read."""
        return max(self._discard, self._needed - len(self._buffer))

    def _parse(self) -> None:
        buffer, at = self._buffer, 0
        self._needed = _HEADER.size
        while len(buffer) - at >= _HEADER.size:
            length, kind = _HEADER.unpack_from(buffer, at)
            body = length - 1
            if not 0 <= body <= _BODY_AT_MOST.get(kind, -1):
                at = self._begin_discard(kind, body, at)
                break
            end = at + 4 + length
            if len(buffer) < end:
                self._needed = end - at
                break
            self._sink.on_frame(kind, buffer, at + 5, end)
            at = end
        del buffer[:at]

    def _begin_discard(self, kind: int, body: int, at: int) -> int:
        """Returns where parsing goes on in the buffer."""
        if kind not in (RESPONSE, ERROR) or body < 0:
            raise Breach("a frame of an unknown kind or of an illegal length")
        start = at + _HEADER.size
        if len(self._buffer) - start < REQUEST_ID_BYTES:
            self._needed = _HEADER.size + REQUEST_ID_BYTES
            return at
        self._oversized_id = bytes(self._buffer[start : start + REQUEST_ID_BYTES])
        present = len(self._buffer) - start
        self._discard = body
        rest = self._skip(bytes(self._buffer[start : start + present]))
        self._buffer[:] = rest
        if rest:
            self._parse()
        return 0

    def _skip(self, data: bytes) -> bytes:
        """Throw away; returns what follows the oversized frame."""
        if len(data) < self._discard:
            self._discard -= len(data)
            return b""
        rest = data[self._discard :]
        self._discard = 0
        self._sink.on_oversized(self._oversized_id)
        return rest
