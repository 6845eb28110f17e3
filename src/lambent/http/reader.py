"""Reads requests out of a byte stream: httptools' callbacks, the limits, and what HTTP forbids but parsers let through."""

from collections.abc import Callable

import httptools

from lambent.http.message import Admit, BodyBudget, HeaderPair, HttpLimits, Request, Response

_CHUNKED = b"chunked"
_UNCOUNTED_BYTES = 64 * 1024
"""Bodies up to this size do not draw on the budget; the number of connections bounds them."""


class Refused(Exception):
    """The byte stream is not HTTP that can be gone on with: answer `status`, then close."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestReader:
    """The receiving half of one connection. Bytes in by `feed`; out come requests by `deliver(request, early reply)`.

    An early reply is delivered as soon as the head is read; the body that belongs to it is then thrown away.
    """

    def __init__(
        self,
        limits: HttpLimits,
        admit: Admit | None,
        budget: BodyBudget,
        deliver: Callable[[Request, Response | None], None],
        now: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._admit = admit
        self._budget = budget
        self._deliver = deliver
        self._now = now
        self._parser = httptools.HttpRequestParser(self)
        self.deadline: float | None = None
        """When what is being received must be complete (loop time); None between requests."""
        self.wants_continue = False
        """A head with `Expect: 100-continue` was admitted, and its body has not begun to arrive."""
        self._reserved = 0
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[HeaderPair] = []
        self._chunks: list[bytes] = []
        self._size = 0
        self._allowed = 0
        self._unfinished_head = 0
        self._request: Request | None = None
        self._discarding = False

    def feed(self, data: bytes) -> None:
        """Parse; deliver every request that is complete. Raises Refused."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # No protocol to upgrade to is offered, so the bytes after this request are the next request.
            self._parser = httptools.HttpRequestParser(self)
            rest = data[upgrade.args[0] :]
            if rest:
                self.feed(rest)
            return
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise Refused(400, str(error)) from error
        if self._request is None and self.deadline is not None:
            self._unfinished_head += len(data)
            if self._unfinished_head > self._limits.head_bytes:
                raise Refused(431, "the request's head is too large")

    def release(self) -> None:
        """Give back what an unfinished body has reserved."""
        self._budget.give(self._reserved)
        self._reserved = 0

    # -------------------------------------------------------- httptools callbacks, in the order in which they come

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self.deadline = self._now() + self._limits.head_seconds

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header field, or a trailer field."""
        if self._request is None:
            self._headers.append((name.lower(), value))
        elif not self._discarding and len(self._request.trailers) < self._limits.header_count:
            self._size += len(name) + len(value)
            self._check_size()
            self._request.trailers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: check it, ask `admit`, reserve memory for the body."""
        request = self._make_request()
        self._request = request
        length = request.content_length
        verdict = self._limits.body_bytes if self._admit is None else self._admit(request)
        if isinstance(verdict, int):
            self._allowed = verdict
            if length is not None and length > verdict:
                verdict = Response(status=413)
            elif length is not None and length > _UNCOUNTED_BYTES and not self._reserve(length):
                verdict = Response(status=503, headers=((b"Retry-After", b"1"),))
        if isinstance(verdict, Response):
            self._discarding = True
            self._allowed = self._limits.discard_bytes
            if length != 0:
                self._expect_body(length)
            self._deliver(request, verdict)
        elif length != 0:
            self._expect_body(length)
            self.wants_continue = self._expects_continue(request)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self.wants_continue = False
        self._size += len(data)
        self._check_size()
        if not self._discarding:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        request, chunks, discarding, reserved = self._request, self._chunks, self._discarding, self._reserved
        self.deadline = None
        self.wants_continue = False
        self._begin()
        if request is None or discarding:
            self.release()
            return
        self._reserved = 0
        request.reserved = reserved
        if chunks:
            request.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._deliver(request, None)

    # -------------------------------------------------------- checks

    def _make_request(self) -> Request:
        headers = self._headers
        if len(headers) > self._limits.header_count or sum(len(n) + len(v) for n, v in headers) > self._limits.head_bytes:
            raise Refused(431, "the request's head is too large")
        parser = self._parser
        path, _, query = _origin_form(self._url).partition(b"?")
        request = Request(method=parser.get_method().decode("ascii"), path=path, query=query, headers=headers)
        request.keep_alive = parser.should_keep_alive()
        _check_framing(request, parser.get_http_version())
        return request

    def _check_size(self) -> None:
        if self._size > self._allowed:
            raise Refused(413, "the request's body is too large")
        counted = self._request is not None and self._request.content_length is None and not self._discarding
        if counted and self._size - self._reserved > _UNCOUNTED_BYTES and not self._reserve(self._size - self._reserved):
            raise Refused(503, "too many large bodies at once")

    def _reserve(self, size: int) -> bool:
        if not self._budget.take(size):
            return False
        self._reserved += size
        return True

    def _expect_body(self, length: int | None) -> None:
        size = self._allowed if length is None else length
        self.deadline = self._now() + self._limits.body_seconds + size / self._limits.body_bytes_per_second

    def _expects_continue(self, request: Request) -> bool:
        expectation = request.header(b"expect")
        if expectation is None:
            return False
        if expectation.lower() != b"100-continue":
            raise Refused(417, "the only expectation that can be met is 100-continue")
        return True


def _origin_form(target: bytes) -> bytes:
    """Path and query of a request target in absolute form; other forms as they are (RFC 9112, section 3.2)."""
    if not target.startswith((b"http://", b"https://")):
        return target
    _, _, rest = target.partition(b"://")
    _, slash, path = rest.partition(b"/")
    return slash + path or b"/"


def _check_framing(request: Request, version: str) -> None:
    """Refuse what two parsers could read in two ways (RFC 9112, sections 3.2 and 6.3)."""
    names = [name for name, _ in request.headers]
    if version not in ("1.1", "1.0"):
        raise Refused(505, "HTTP/1.1 is spoken here")
    if request.method == "CONNECT" or not request.path.startswith((b"/", b"*")):
        raise Refused(400, "the request target is not a path")
    if names.count(b"host") != 1 and (version == "1.1" or b"host" in names):
        raise Refused(400, "there must be one Host header")
    coding = request.header(b"transfer-encoding")
    if coding is None:
        request.content_length = _content_length(request, names)
        return
    if b"content-length" in names or names.count(b"transfer-encoding") != 1 or version == "1.0":
        raise Refused(400, "the length of the body is given in two ways")
    if coding.lower() != _CHUNKED:
        raise Refused(501, "the only transfer coding is chunked")


def _content_length(request: Request, names: list[bytes]) -> int:
    value = request.header(b"content-length")
    if value is None:
        return 0
    if names.count(b"content-length") != 1 or not value.isdigit() or len(value) > 18:
        raise Refused(400, "Content-Length is not one number")
    return int(value)
