"""Requests that a stock client repeats with every invocation: what the parser took once, it need not parse again."""

from lambent.core.invocation import Invocation

_HEAD_BYTES = 4 * 1024
_HEADS_AT_MOST = 64
"""One for each length that a response's body has had: the head says it."""


class Familiar:
    """What one connection has said before, byte for byte, except for the ids of the invocation that it answers.

    Nothing is parsed here, so nothing can be read in another way than the parser read it: only whole requests are learnt, that
    came in one piece and were accepted, and what is not exactly the same again is not recognised.
    """

    __slots__ = ("_heads", "_next", "_words", "ids")

    def __init__(self) -> None:
        self._next = b""
        self._heads: dict[bytes, int] = {}
        """Head with its ids blotted out: length of the body."""
        self.ids = ("", "")
        """Request id and invocation id of the invocation handed out last."""
        self._words = (b"", b"")

    def handed(self, invocation: Invocation) -> None:
        """This is the invocation that a response would be for."""
        self.ids = (invocation.request_id, invocation.invocation_id)
        self._words = (invocation.request_id.encode(), invocation.invocation_id.encode())

    def learn_next(self, data: bytes) -> None:
        """These bytes were one request for the next invocation."""
        if len(data) <= _HEAD_BYTES:
            self._next = data

    def learn_response(self, data: bytes, size: int) -> None:
        """These bytes were one response, with a body of the declared `size`, to the invocation handed out last."""
        head, _, body = data.partition(b"\r\n\r\n")
        if len(body) != size or len(head) > _HEAD_BYTES or head.count(self._words[0]) != 1:
            return
        if len(self._heads) >= _HEADS_AT_MOST:
            self._heads.clear()
        self._heads[self._blotted(head)] = size

    def is_next(self, data: bytes) -> bool:
        """Whether this is a request for the next invocation; False also for one that was never seen."""
        return bool(data) and data == self._next

    def response(self, data: bytes) -> bytes | None:
        """The body, when this is a whole response to the invocation handed out last; None for anything unfamiliar."""
        if not self._heads:
            return None
        head, _, body = data.partition(b"\r\n\r\n")
        return body if self._heads.get(self._blotted(head)) == len(body) else None

    def _blotted(self, head: bytes) -> bytes:
        """NUL cannot be in a head that the parser took."""
        request_id, invocation_id = self._words
        return head.replace(request_id, b"\0", 1).replace(invocation_id, b"\0\0", 1)
