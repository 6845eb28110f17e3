"""An invocation whose response is read as it comes: for InvokeWithResponseStream, and whoever else streams to a client."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from lambent.core.invocation import InvocationStatus, InvokeRequest, InvokeResult
from lambent.invoke.response_stream import ResponseStream

_PIECE_BYTES: Final = 128 * 1024
_BUFFERED_CONTENT_TYPE: Final = "application/json"
"""What the runtime clients of AWS send a response in one piece as."""

Invoke = Callable[[InvokeRequest], Awaitable[InvokeResult]]
"""Such as `Invoker.invoke`."""


class StreamedInvoke:
    """Reads alike whether the runtime streams or answers in one piece. Made by `start`; whoever has it calls `aclose` in the end.

    Closing before the end is the caller going away: the function runs to its end all the same.
    """

    __slots__ = ("_at", "_stream", "_task")

    def __init__(self, stream: ResponseStream, task: "asyncio.Task[InvokeResult]") -> None:
        self._stream = stream
        self._task = task
        self._at = 0
        """How much of a response in one piece has been read."""

    @classmethod
    async def start(cls, invoke: Invoke, request: InvokeRequest, *, limit: int | None = None) -> "StreamedInvoke":
        """Returns when the response has begun or the invocation is over. `limit` is bytes, by default Lambda's 200 MB.

        Raises what `invoke` raises before a response has begun.
        """
        stream = ResponseStream() if limit is None else ResponseStream(limit=limit)
        task = asyncio.ensure_future(invoke(replace(request, response_sink=stream)))
        task.add_done_callback(lambda _: stream.close())
        started = cls(stream, task)
        async with AsyncExitStack() as unless_started:
            unless_started.push_async_callback(started.aclose)
            if not await stream.begun():
                await task
            unless_started.pop_all()
        return started

    @property
    def executed_version(self) -> str:
        """`$LATEST` or a number."""
        return self._stream.executed_version or self._task.result().executed_version

    @property
    def begun(self) -> bool:
        """Whether the runtime streams; else it has answered in one piece, or failed before."""
        return self._stream.content_type is not None

    @property
    def whole(self) -> bool:
        """Whether the body has been streamed to its end: what the function still does cannot fail the response any more."""
        return self._stream.whole

    @property
    def content_type(self) -> str:
        """Of the body, as the function named it."""
        return self._stream.content_type or _BUFFERED_CONTENT_TYPE

    @property
    def error_code(self) -> str:
        """Of the error that ended a response which had begun; after `result`. Empty when there was none."""
        outcome = self._task.result().outcome
        if not self.begun or self.whole or outcome.status is InvocationStatus.SUCCESS:
            return ""
        return self._stream.error_type or outcome.error_type or "Unhandled"

    async def read(self) -> bytes:
        """The next piece of the body, as soon as it is there; empty at the end. A function error has no body of its own."""
        if self.begun:
            return await self._stream.read()
        outcome = self._task.result().outcome
        if outcome.status is not InvocationStatus.SUCCESS:
            return b""
        piece = outcome.payload[self._at : self._at + _PIECE_BYTES]
        self._at += len(piece)
        return piece

    async def result(self) -> InvokeResult:
        """How the invocation ended; its outcome has no payload but an error document if the response has `begun`.

        To be awaited after the last piece. Raises ServiceFault when the platform failed midway.
        """
        return await self._task

    async def aclose(self) -> None:
        """Idempotent. Never raises."""
        self._stream.abandon()
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.exception()  # has been told by `start` or `result`, or there is nobody to tell
