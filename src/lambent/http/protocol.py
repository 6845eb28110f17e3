"""One HTTP/1.1 connection: hands requests to a handler one after another, sends replies, holds every wait to a deadline."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import cast

from lambent.http.encoding import BODILESS, CONTINUE, LAST_CHUNK, encode_chunk, encode_head
from lambent.http.framing import Refused
from lambent.http.message import Admit, BodyBudget, HttpHandler, HttpLimits, Request, Response
from lambent.http.reader import RequestReader

_log = logging.getLogger(__name__)

_BODY_IN_SAME_WRITE = 64 * 1024
_NO_REQUEST = Request("", b"", b"", [])


class HttpProtocol(asyncio.Protocol):
    """Works over any connected stream socket. One task per connection runs the handler, so replies keep the order of requests.

    The handler is cancelled when the client disconnects, also when it only closes its sending side (but see
    HttpLimits.finish_after_disconnect).
    """

    def __init__(
        self,
        handler: HttpHandler,
        limits: HttpLimits | None = None,
        *,
        admit: Admit | None = None,
        budget: BodyBudget | None = None,
        on_close: "Callable[[HttpProtocol], None] | None" = None,
    ) -> None:
        self._handler = handler
        self._limits = limits or HttpLimits()
        self._budget = budget or BodyBudget(self._limits.body_bytes)
        self._on_close = on_close
        self._admit = admit
        self._queue: deque[tuple[Request, Response | None]] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._idle_deadline: float | None = None
        self._refusing = False
        self._draining = False
        self._reading = True

    # -------------------------------------------------------- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = cast("asyncio.Transport", transport)
        self._reader = RequestReader(self._limits, self._admit, self._budget, self._deliver, self._loop.time)
        self._idle_deadline = self._loop.time() + self._limits.idle_seconds
        self._tick_seconds = min(15.0, self._limits.head_seconds / 4, self._limits.idle_seconds / 4)
        self._ticker = self._loop.call_later(self._tick_seconds, self._tick)
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._ended)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it was lost changes nothing
        self._ticker.cancel()
        self.resume_writing()
        if self._waiting is not None or not self._limits.finish_after_disconnect:
            self._task.cancel()

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._reader.release()
        for request, _early in self._queue:
            self._budget.give(request.reserved)
        self._queue.clear()
        if self._on_close is not None:
            self._on_close(self)

    def data_received(self, data: bytes) -> None:
        if self._refusing:
            return
        try:
            self._reader.feed(data)
        except Refused as refused:
            self._refuse(refused.status, refused.reason)
        if self._reader.wants_continue and self._waiting is not None and not self._queue:
            self._continue()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # -------------------------------------------------------- called by the server

    def drain(self) -> None:
        """Close now if idle, else after the reply that is being made."""
        self._draining = True
        if self._waiting is not None and not self._queue:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection and cancel the handler."""
        self._transport.abort()
        self._task.cancel()

    @property
    def task(self) -> asyncio.Task[None]:
        """Ends when the connection has ended and the handler has seen its cancellation."""
        return self._task

    # -------------------------------------------------------- receiving

    def _deliver(self, request: Request, early: Response | None) -> None:
        self._queue.append((request, early))
        waiting = self._waiting
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(None)
        elif self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _refuse(self, status: int, reason: str) -> None:
        """The stream cannot be read on: answer after the requests before it, then close."""
        self._refusing = True
        self._reader.release()
        self._reader.deadline = None
        self._deliver(_NO_REQUEST, self._refusal(status, reason))

    def _refusal(self, status: int, reason: str) -> Response:
        """The reply to what cannot be read on."""
        body = f"{reason}\n".encode("utf-8", "replace")
        return Response(status=status, headers=((b"Content-Type", b"text/plain"),), body=body, close=True)

    def _continue(self) -> None:
        self._reader.wants_continue = False
        self._transport.write(CONTINUE)

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(self._tick_seconds, self._tick)
        now = self._loop.time()
        idle = self._waiting is not None and not self._queue
        receiving = self._reader.deadline
        if receiving is not None and receiving <= now and not self._refusing and self._reading:
            self._refuse(408, "the request did not arrive in time")
        elif idle and receiving is None and self._idle_deadline is not None and self._idle_deadline <= now:
            self._transport.close()

    # -------------------------------------------------------- answering

    async def _run(self) -> None:
        try:
            while not self._transport.is_closing():
                if not self._queue:
                    await self._arrival()
                    self._waiting = None
                request, early = self._queue.popleft()
                try:
                    response = early or await self._handler(request)
                except Exception:  # noqa: BLE001 - the request boundary: one failed request must not end the connection
                    _log.exception("http_handler_failed")
                    response = Response(status=500)
                keep_alive = request.keep_alive and not response.close and not self._draining
                if isinstance(response.body, bytes):
                    self._send(request, response, response.body, keep_alive=keep_alive)
                else:
                    keep_alive = keep_alive and request.takes_chunks
                    await self._send_stream(request, response, response.body, keep_alive=keep_alive)
                if self._writable is not None:
                    await self._until_writable()
                if request.reserved:
                    self._budget.give(request.reserved)
                if not keep_alive:
                    await self._finish()
                    return
        except (ConnectionError, TimeoutError):
            self._transport.abort()

    def _arrival(self) -> "asyncio.Future[None]":
        """Listen for the next request: done when it is in the queue."""
        self._idle_deadline = self._loop.time() + self._limits.idle_seconds
        if self._draining and self._reader.deadline is None:
            self._transport.close()
        if not self._reading:
            self._reading = True
            self._reader.grant(self._limits.head_seconds)
            self._transport.resume_reading()
        if self._reader.wants_continue:
            self._continue()
        self._waiting = self._loop.create_future()
        return self._waiting

    def _send(self, request: Request, response: Response, body: bytes, *, keep_alive: bool) -> None:
        try:
            head = encode_head(response, length=len(body), keep_alive=keep_alive, chunked=False)
        except ValueError:
            head, body = self._not_sendable(keep_alive=keep_alive), b""
        if not body or request.method == "HEAD" or response.status in BODILESS:
            self._transport.write(head)
        elif len(body) <= _BODY_IN_SAME_WRITE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    def _not_sendable(self, *, keep_alive: bool) -> bytes:
        """The whole reply in place of one whose head cannot be sent."""
        _log.exception("response_not_sendable")
        return encode_head(Response(status=500), length=0, keep_alive=keep_alive, chunked=False)

    async def _send_stream(self, request: Request, response: Response, body: AsyncIterator[bytes], *, keep_alive: bool) -> None:
        """Send an iterator's body in chunks. When it fails midway the connection is dropped, and the client sees that."""
        chunked = request.takes_chunks
        try:
            head = encode_head(response, length=None, keep_alive=keep_alive, chunked=chunked)
        except ValueError:
            await _close_iterator(body)
            self._transport.write(self._not_sendable(keep_alive=keep_alive))
            return
        try:
            self._transport.write(head)
            if request.method == "HEAD" or response.status in BODILESS:
                return
            async for data in body:
                if self._transport.is_closing():
                    return
                if data:
                    self._transport.write(encode_chunk(data) if chunked else data)
                if self._writable is not None:
                    await self._until_writable()
            if chunked:
                self._transport.write(LAST_CHUNK)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # noqa: BLE001 - the request boundary: the head is sent, so all that is left is to break off
            _log.exception("response_body_failed")
            self._transport.abort()
        finally:
            await _close_iterator(body)

    async def _until_writable(self) -> None:
        """Wait until the client has read enough. Raises TimeoutError."""
        async with asyncio.timeout(self._limits.write_seconds):
            while (writable := self._writable) is not None:
                await asyncio.shield(writable)

    async def _finish(self) -> None:
        """Close; after a refusal, go on reading for a moment: closing with unread bytes would destroy the reply on its way."""
        if self._refusing and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
            if not self._reading:
                self._transport.resume_reading()
            await asyncio.sleep(self._limits.linger_seconds)
        self._transport.close()


async def _close_iterator(body: AsyncIterator[bytes]) -> None:
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()
