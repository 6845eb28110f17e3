"""Turns responses into bytes: status lines, headers, the Date header, chunks."""

import time
from email.utils import formatdate
from http import HTTPStatus

from lambent.http.message import Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\nDate: ".encode() for each in HTTPStatus}
_BODILESS = frozenset({204, 304})


class _DateHeader:
    """The Date header's value, made once a second."""

    second = 0
    value = b""


def _date() -> bytes:
    second = int(time.time())
    if second != _DateHeader.second:
        _DateHeader.value = formatdate(second, usegmt=True).encode()
        _DateHeader.second = second
    return _DateHeader.value


def status_line(status: int) -> bytes:
    """Up to and including `Date: `. Statuses without a registered phrase get an empty one."""
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\nDate: ".encode()


def encode_head(response: Response, *, length: int | None, keep_alive: bool, chunked: bool) -> bytes:
    """The reply's head. `length` None with `chunked` False means: the body ends with the connection.

    Raises ValueError when a header has a line break in it, or a character outside Latin-1 was forced into it.
    """
    parts = [status_line(response.status), _date()]
    for name, value in response.headers:
        parts += (b"\r\n", name, b": ", value)
    lines = 2 + len(response.headers)
    if length is not None and response.status not in _BODILESS:
        parts += (b"\r\nContent-Length: ", b"%d" % length)
        lines += 1
    elif chunked:
        parts.append(b"\r\nTransfer-Encoding: chunked")
        lines += 1
    if not keep_alive:
        parts.append(b"\r\nConnection: close")
        lines += 1
    parts.append(b"\r\n\r\n")
    head = b"".join(parts)
    if head.count(b"\n") != lines + 1 or head.count(b"\r") != lines + 1 or b"\0" in head:
        msg = "a response header has a line break in it"
        raise ValueError(msg)
    return head


def encode_chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
