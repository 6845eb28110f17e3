"""Turns responses into bytes: status lines, headers, the Date header, chunks."""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import ClassVar

from lambent.http.message import Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_PHRASES = {each.value: each.phrase for each in HTTPStatus}
BODILESS = frozenset({204, 304})


class _Opening:
    """Status line and Date header, made once a second for each status."""

    second = 0
    by_status: ClassVar[dict[int, bytes]] = {}


def _opening(status: int) -> bytes:
    second = int(time.time())
    if second != _Opening.second:
        _Opening.by_status.clear()
        _Opening.second = second
    made = _Opening.by_status.get(status)
    if made is None:
        date = formatdate(second, usegmt=True)
        made = _Opening.by_status[status] = f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\nDate: {date}".encode()
    return made


def encode_head(response: Response, *, length: int | None, keep_alive: bool, chunked: bool) -> bytes:
    """The reply's head. `length` None with `chunked` False means: the body ends with the connection.

    Raises ValueError when a header has a line break in it.
    """
    status, headers, _, _ = response
    parts = [_opening(status), *[b": ".join(pair) for pair in headers]]
    if length is not None and status not in BODILESS:
        parts.append(b"Content-Length: %d" % length)
    elif chunked and status not in BODILESS:
        parts.append(b"Transfer-Encoding: chunked")
    if not keep_alive:
        parts.append(b"Connection: close")
    parts.append(b"\r\n")
    head = b"\r\n".join(parts)
    lines = len(parts) + 1
    if head.count(b"\n") != lines or head.count(b"\r") != lines:
        raise ValueError("a response header has a line break in it")
    return head


def encode_chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
