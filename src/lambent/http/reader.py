"""Reads requests out of a byte stream: httptools' callbacks, the limits, and what HTTP forbids but parsers let through."""

from collections.abc import Callable
from typing import Final

import httptools

from lambent.http.framing import Refused, make_request
from lambent.http.message import Admit, BodyBudget, BodyTaker, HeaderPair, HttpLimits, Request, Response

_UNCOUNTED_BYTES: Final = 64 * 1024
"""Bodies up to this size do not draw on the budget; the number of connections bounds them."""


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
        self._started = 0
        self._timed = (0, False)
        self._reserved = 0
        self._taker: BodyTaker | None = None
        self._passed = 0
        """Bytes of the body that the taker was given."""
        self._seen = 0
        self._begin()

    def _begin(self) -> None:
        """Forget the request before."""
        self._url = b""
        self._headers: list[HeaderPair] = []
        self._request: Request | None = None
        self._chunks: list[bytes] | None = None
        self._size = 0
        self._unfinished_head = 0
        self._receiving = False
        self._discarding = False

    def feed(self, data: bytes) -> None:
        """Parse; deliver every request that is complete. Raises Refused."""
        rest = self._parse(data)
        while rest:
            rest = self._parse(rest)
        if self._receiving:
            self._account(len(data))
        elif self.deadline is not None:
            self.deadline = None

    def _parse(self, data: bytes) -> bytes:
        """Returns what follows a request that asked for an upgrade: nothing is offered, so it is the next request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parser = httptools.HttpRequestParser(self)
            return data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise Refused(400, str(error)) from error
        return b""

    def grant(self, seconds: float) -> None:
        """Reading was paused: what is being received has at least `seconds` from now."""
        if self.deadline is not None:
            self.deadline = max(self.deadline, self._now() + seconds)

    def release(self) -> None:
        """Give back what an unfinished body has reserved."""
        self._budget.give(self._reserved)
        self._reserved = 0

    def _account(self, size: int) -> None:
        """A request has arrived in part: bound the size of its head, and the time that head and body take."""
        request = self._request
        if request is None:
            self._unfinished_head += size
            if self._unfinished_head > self._limits.head_bytes:
                raise Refused(431, "the request's head is too large")
        elif request.content_length is None:
            self._bound_framing(size)
        progress = (self._started, request is not None)
        if progress == self._timed:
            return
        self._timed = progress
        seconds = self._limits.head_seconds
        if request is not None:
            expected = self._allowed if request.content_length is None else request.content_length
            seconds = self._limits.body_seconds + expected / self._limits.body_bytes_per_second
        self.deadline = self._now() + seconds

    def _bound_framing(self, size: int) -> None:
        """Of a chunked body came bytes that are no body: the parser keeps an unfinished trailer field, however long it gets."""
        seen = self._size + self._passed
        if seen != self._seen:
            self._seen = seen
            self._unfinished_head = 0
            return
        self._unfinished_head += size
        if self._unfinished_head > self._limits.head_bytes:
            raise Refused(431, "the request's trailers are too large")

    # -------------------------------------------------------- httptools callbacks, in the order in which they come

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._started += 1
        self._receiving = True

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header field, or a trailer field."""
        if self._request is None:
            self._headers.append((name.lower(), value))
        elif (self._taker or not self._discarding) and len(self._request.trailers) < self._limits.header_count:
            self._grow(len(name) + len(value))
            self._request.trailers = (*self._request.trailers, (name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: check it, ask `admit`, reserve memory for the body."""
        if len(self._headers) > self._limits.header_count:
            raise Refused(431, "the request's head has too many fields")
        request = self._request = make_request(self._parser, self._url, self._headers)
        length = request.content_length
        verdict = self._limits.body_bytes if self._admit is None else self._admit(request)
        if isinstance(verdict, int):
            self._allowed = verdict
            if length == 0:
                return
            if length is not None and length > verdict:
                verdict = Response(status=413)
            elif length is not None and length > _UNCOUNTED_BYTES and not self._reserve(length):
                verdict = Response(status=503, headers=((b"Retry-After", b"1"),))
        elif not isinstance(verdict, Response):
            self._taker, self._discarding, self._passed = verdict, True, 0
            self._allowed = self._limits.head_bytes  # for trailers
        if isinstance(verdict, Response):
            self._discarding = True
            self._allowed = self._limits.discard_bytes
            self._deliver(request, verdict)
        elif b"expect" in request.index:
            _check_expectation(request.index[b"expect"])
            self.wants_continue = True

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self.wants_continue = False
        request = self._request
        if request is None or self._discarding:
            self._pass_by(data)
            return
        if request.content_length is None:  # else the head was held to what is allowed, and the parser holds the body to the head
            self._grow(len(data))
        if self._chunks is not None:
            self._chunks.append(data)
        elif request.body:
            self._chunks = [request.body, data]
        else:
            request.body = data

    def _pass_by(self, data: bytes) -> None:
        """A piece that is not kept: thrown away, or taken."""
        if self._taker is None:
            self._grow(len(data))
        else:
            self._passed += len(data)
            self._taker.take(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        request, discarded = self._request, self._discarding
        if request is not None and not discarded:
            if self._chunks is not None:
                request.body = b"".join(self._chunks)
            request.reserved, self._reserved = self._reserved, 0
        elif self._reserved:
            self.release()
        if discarded and self._taker is not None:
            self._taker, discarded = None, False
        self.wants_continue = False
        self._begin()
        if request is not None and not discarded:
            self._deliver(request, None)

    def _grow(self, size: int) -> None:
        """The body has grown: hold it to what was allowed; one of undeclared length reserves as it comes."""
        self._size += size
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


def _check_expectation(value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise Refused(417, "the only expectation that can be met is 100-continue")
