"""Read HTTP/1.1 replies with as little work as possible, so that the client weighs little in what it measures."""

from dataclasses import dataclass

from bench.presigned import Prepared


class WrongReply(Exception):
    """A server answered something other than the function's result: its numbers mean nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply; `head` is lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The value of a header (lower-case name), or None."""
        start = self.head.find(b"\r\n" + name + b":")
        if start < 0:
            return None
        end = self.head.find(b"\r\n", start + 2)
        return self.head[start + len(name) + 3 : end if end >= 0 else None].strip()


def parse(data: bytes) -> Reply | None:
    """The reply in `data`, or None while it is incomplete. Raises WrongReply for what is not one HTTP reply."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    if not data.startswith(b"HTTP/1."):
        raise WrongReply(f"not HTTP: {data[:80]!r}")
    reply = Reply(int(data[9:12]), data[:end].lower(), data[end + 4 :])
    length = reply.header(b"content-length")
    if length is None:
        body = _unchunked(reply.body)
        return None if body is None else Reply(reply.status, reply.head, body)
    if len(reply.body) > int(length):
        raise WrongReply(f"more than was asked for: {reply.body!r}")
    return reply if len(reply.body) == int(length) else None


def check(reply: Reply, prepared: Prepared) -> None:
    """Raises WrongReply unless it has the status and body that were prepared for, and no function error."""
    right = prepared.part in reply.body if prepared.part else reply.body in prepared.accepted
    if reply.status != prepared.status or not right or b"\r\nx-amz-function-error:" in reply.head:
        expected = prepared.part or min(prepared.accepted)
        raise WrongReply(f"{reply.status} {reply.body[:300]!r}, expected {prepared.status} {expected!r}")


def _unchunked(rest: bytes) -> bytes | None:
    """The body of chunked transfer coding, or None while it is incomplete."""
    body = b""
    while True:
        size, line, rest = rest.partition(b"\r\n")
        if not line:
            return None
        length = int(size.partition(b";")[0], 16)
        if len(rest) < length + 2:
            return None
        if length == 0:
            return body
        body, rest = body + rest[:length], rest[length + 2 :]
