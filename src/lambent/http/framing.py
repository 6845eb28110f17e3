"""Makes a request of a parsed head, and refuses what two parsers could read in two ways (RFC 9112, sections 3.2 and 6.3)."""

from typing import Any, Final

from lambent.http.message import HeaderPair, Request

_METHODS: Final = {each.encode(): each for each in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
_SINGLE: Final = (b"host", b"content-length", b"transfer-encoding")


class Refused(Exception):
    """The byte stream is not HTTP that can be gone on with: answer `status`, then close."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def make_request(parser: Any, target: bytes, headers: list[HeaderPair]) -> Request:  # noqa: ANN401 - httptools has no types
    """`headers` with lower-case names. Raises Refused."""
    index = dict(headers)
    if len(index) != len(headers):
        index = dict(reversed(headers))
        _refuse_doubles(headers)
    version = parser.get_http_version()
    if version != "1.1":
        _check_version(version, index)
    elif b"host" not in index:
        raise Refused(400, "there must be one Host header")
    method = parser.get_method()
    path, _, query = target.partition(b"?")
    if path[:1] != b"/" and path != b"*":
        path, query = _origin_form(target)
    if method == b"CONNECT":
        raise Refused(400, "this is not a proxy")
    request = Request(_METHODS.get(method) or method.decode("ascii"), path, query, headers, index)
    request.content_length = _content_length(index)
    if version != "1.1":
        request.takes_chunks = False
    if not parser.should_keep_alive():
        request.keep_alive = False
    return request


def _refuse_doubles(headers: list[HeaderPair]) -> None:
    names = [name for name, _ in headers]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise Refused(400, f"there must be one {name.decode()} header")


def _check_version(version: str, index: dict[bytes, bytes]) -> None:
    if version != "1.0":
        raise Refused(505, "HTTP/1.1 is spoken here")
    if b"transfer-encoding" in index:
        raise Refused(400, "HTTP/1.0 has no transfer coding")


def _origin_form(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request target in absolute form (RFC 9112, section 3.2)."""
    if not target.startswith((b"http://", b"https://")):
        raise Refused(400, "the request target is not a path")
    before, _, query = target.partition(b"://")[2].partition(b"?")
    _, slash, path = before.partition(b"/")
    return slash + path or b"/", query


def _content_length(index: dict[bytes, bytes]) -> int | None:
    """Bytes of the body; None when it is chunked."""
    value, coding = index.get(b"content-length"), index.get(b"transfer-encoding")
    if coding is not None:
        if value is not None:
            raise Refused(400, "the length of the body is given in two ways")
        if coding.lower() != b"chunked":
            raise Refused(501, "the only transfer coding is chunked")
        return None
    if value is None:
        return 0
    if not value.isdigit() or len(value) > 18:
        raise Refused(400, "Content-Length is not one number")
    return int(value)
