"""A response on its way from a runtime to whoever reads it: bounded, so that a slow reader slows the runtime down."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from lambent.core.limits import STREAMED_RESPONSE_BYTES

HELD_BYTES: Final = 256 * 1024
"""So much waits for a reader before the runtime is asked to wait; what it sent until then comes on top, one read at most."""
_TOGETHER_BYTES: Final = 64 * 1024
"""Small pieces are read together up to this size."""


class ResponseStream:
    """Implements `core.response_sink.ResponseSink` for the data plane; `begun`, `read` and `abandon` are the reader's.

    Whoever runs the invocation calls `close` when it is over, however it ended: then at the latest the reader sees the end.
    """

    __slots__ = (
        "_abandoned",
        "_changed",
        "_closed",
        "_held",
        "_held_bytes",
        "_limit",
        "_loop",
        "_resume",
        "content_type",
        "error_type",
        "executed_version",
        "whole",
    )

    def __init__(self, *, limit: int = STREAMED_RESPONSE_BYTES) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._resume: Callable[[], None] | None = None
        self._changed: asyncio.Future[None] | None = None
        self._closed = False
        self._abandoned = False
        self.executed_version = ""
        """Empty until it is known: from `begun` on, unless the invocation never came to run."""
        self.content_type: str | None = None
        """The function's own; None until the response has begun."""
        self.error_type = ""
        """What the runtime called the error that it ended the response with; empty for none."""
        self.whole = False
        """All of the body has come; the function may still be running."""

    # ---------------------------------------------------------------- the data plane's side

    @property
    def limit(self) -> int:
        return self._limit

    def resolved(self, executed_version: str) -> None:
        self.executed_version = executed_version

    def begin(self, content_type: str) -> None:
        self.content_type = content_type
        self._wake()

    def write(self, data: bytes) -> bool:
        if self._abandoned:
            return True
        self._held.append(data)
        self._held_bytes += len(data)
        self._wake()
        return self._held_bytes < HELD_BYTES

    def when_wanted(self, resume: Callable[[], None]) -> None:
        self._resume = resume
        if self._abandoned or self._held_bytes < HELD_BYTES:
            self._go_on()

    def end(self) -> None:
        self.whole = True
        self._wake()

    def broken_off(self, error_type: str) -> None:
        self.error_type = error_type

    def close(self) -> None:
        """The invocation is over; idempotent."""
        self._closed = True
        self._wake()

    # ---------------------------------------------------------------- the reader's side

    async def begun(self) -> bool:
        """Wait for the head; False when the invocation ended without one, and so was answered in one piece or not at all."""
        while self.content_type is None and not self._closed:
            await self._change()
        return self.content_type is not None

    async def read(self) -> bytes:
        """What has come, as soon as anything has; empty at the end of the response. One reader at a time."""
        while not self._held:
            if self.whole or self._closed or self._abandoned:
                return b""
            await self._change()
        pieces = [self._held.popleft()]
        size = len(pieces[0])
        while self._held and size + len(self._held[0]) <= _TOGETHER_BYTES:
            pieces.append(self._held.popleft())
            size += len(pieces[-1])
        self._held_bytes -= size
        if self._held_bytes < HELD_BYTES:
            self._go_on()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def abandon(self) -> None:
        """The reader is gone: what still comes is thrown away, and the runtime is never held up. Idempotent."""
        self._abandoned = True
        self._held.clear()
        self._held_bytes = 0
        self._go_on()
        self._wake()

    def _go_on(self) -> None:
        resume, self._resume = self._resume, None
        if resume is not None:
            self._loop.call_soon(resume)

    def _change(self) -> "asyncio.Future[None]":
        if self._changed is None or self._changed.done():
            self._changed = self._loop.create_future()
        return self._changed

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
