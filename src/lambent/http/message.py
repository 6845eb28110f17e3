"""What an HTTP handler is given and what it returns: requests, responses, and the limits that a connection is held to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from lambent.core.limits import MEBIBYTE, REQUEST_BODY_BYTES, REQUEST_HEAD_BYTES

HeaderPair = tuple[bytes, bytes]


class Request:
    """One request. `admit` callbacks see it without a body, handlers with the whole of it.

    Not a frozen dataclass: one is made per request on the hot path.
    """

    trailers: Sequence[HeaderPair] = ()
    """Header fields sent after a chunked body."""
    content_length: int | None = 0
    """As declared; None when the body is chunked."""
    keep_alive = True
    takes_chunks = True
    """False for HTTP/1.0, where a streamed reply ends with the connection."""
    body = b""
    reserved = 0
    """What the body has taken of the server's BodyBudget; given back after the reply."""

    def __init__(
        self, method: str, path: bytes, query: bytes, headers: list[HeaderPair], index: dict[bytes, bytes] | None = None
    ) -> None:
        self.method = method
        """Upper case, as sent."""
        self.path = path
        """Raw: still percent-encoded; no query."""
        self.query = query
        """Raw: what follows the first `?`, else empty."""
        self.headers = headers
        """(lower-case name, value without surrounding space), in the order sent."""
        self.index = dict(reversed(headers)) if index is None else index
        """The first value of each header."""

    def header(self, name: bytes) -> bytes | None:
        """The value of the first header of this lower-case name, or None."""
        return self.index.get(name)

    def text(self, name: bytes) -> str | None:
        """The same as text. Latin-1, as HTTP has it, so never fails."""
        value = self.index.get(name)
        return None if value is None else value.decode("latin-1")


class Response(NamedTuple):
    """One reply. The connection adds Date, Content-Length or Transfer-Encoding, and Connection where it is needed.

    A tuple, not a dataclass: one is made per request on the hot path. Name the fields when making one.
    """

    status: int
    headers: Sequence[HeaderPair] = ()
    """Names in any case, values without line breaks (ValueError when sent: a reply cannot be split)."""
    body: bytes | AsyncIterator[bytes] = b""
    """An iterator is sent chunk by chunk as it comes, and closed when the client goes away."""
    close: bool = False
    """Close the connection after this reply."""


HttpHandler = Callable[[Request], Awaitable[Response]]
"""Runs in the connection's own task; cancelled when the client disconnects (unless HttpLimits.finish_after_disconnect)."""


class BodyTaker(Protocol):
    """Takes a request's body as it arrives; the handler then gets the request without it, once it is whole."""

    def take(self, data: bytes) -> None:
        """A piece, in the order sent. Never called after the body's end. Raises `framing.Refused` to break it off."""


Admit = Callable[[Request], "int | Response | BodyTaker"]
"""Decides from the head alone: the most bytes that the body may have, an early reply, or who takes the body as it comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpLimits:
    """What one connection may use. Seconds and bytes."""

    head_bytes: int = REQUEST_HEAD_BYTES
    """Request line and headers; past it 431."""
    header_count: int = 1000
    body_bytes: int = REQUEST_BODY_BYTES
    """Past it 413; used where no `admit` is given."""
    head_seconds: float = 20.0
    """From a request's first byte to the end of its head; past it 408."""
    idle_seconds: float = 120.0
    """How long a connection may wait between requests."""
    body_seconds: float = 30.0
    """How long a body may take, besides what `body_bytes_per_second` grants for its size; past it 408."""
    body_bytes_per_second: int = 16 * 1024
    write_seconds: float = 60.0
    """How long a client may leave a full send buffer unread; past it the connection is dropped."""
    discard_bytes: int = 256 * MEBIBYTE
    """How much of a refused body is read and thrown away, so that the client sees the refusal and not a reset."""
    finish_after_disconnect: bool = False
    """Let a handler run to its end when its client has gone, instead of cancelling it. A streamed body is always cut short."""
    linger_seconds: float = 2.0
    """How long a broken connection is read from after its last reply, for the same reason."""


class BodyBudget:
    """Bytes of request bodies in memory at once, over all connections of one server."""

    __slots__ = ("available",)

    def __init__(self, total: int) -> None:
        self.available = total

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; False when there are not so many."""
        if size > self.available:
            return False
        self.available -= size
        return True

    def give(self, size: int) -> None:
        """Return what was reserved."""
        self.available += size
