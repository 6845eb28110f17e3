"""The frame protocol on one sandbox's channel: what our own runtime clients send becomes calls of the session, and back."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping

from lambent.core.environment import Phase
from lambent.core.invocation import Invocation
from lambent.invoke.door import Door
from lambent.invoke.session import Session
from lambent.runtime_api.frame_stream import FrameStream
from lambent.runtime_api.frames import (
    BEGIN,
    DATA,
    ERROR,
    FINISH,
    HELLO,
    INIT,
    INIT_ERROR,
    INVOKE,
    READY,
    REQUEST_ID_BYTES,
    RESPONSE,
    Breach,
    FrameReader,
    typed_error,
)

_READ_BYTES = 64 * 1024
_LARGE_READ_BYTES = 1024 * 1024
_IN_ONE_WRITE = 64 * 1024
_STRAY_ANSWERS = 16
"""Late, duplicate and unknown answers of one runtime that are put up with."""
_HELLOS = 8
"""One, and one more for each program that an exec wrapper starts."""
_FRAME = struct.Struct(">IB")
_INVOKE_FRAME = struct.Struct(">IBI")


class FrameDoor:
    """Reads by readiness and writes at once: one read and one write per invocation, and no transport between.

    The channel belongs to the sandbox; `close` only forgets it.
    """

    __slots__ = (
        "_assignment",
        "_channel",
        "_hellos",
        "_loop",
        "_open",
        "_pending",
        "_reader",
        "_reading",
        "_session",
        "_stray",
        "_stream",
    )

    def __init__(self, channel: socket.socket, session: Session) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._session = session
        self._reader = FrameReader(self)
        self._assignment: bytes | None = None
        self._hellos = 0
        self._stray = 0
        self._pending: list[memoryview] = []
        self._open = True
        self._reading = True
        """False while nobody wants more of a streamed response: the runtime is held up by its full channel."""
        self._stream = FrameStream(session)
        self._loop.add_reader(channel, self._readable)

    # ---------------------------------------------------------------- towards the runtime

    def initialise(self, variables: Mapping[str, str], handler: str) -> None:
        """Send INIT now, or when the hello comes."""
        body = json.dumps({"environment": variables, "handler": handler}).encode()
        self._assignment = _FRAME.pack(len(body) + 1, INIT) + body
        if self._hellos:
            self._send(self._assignment)

    def deliver(self, invocation: Invocation, deadline_ms: int) -> None:
        """Send INVOKE."""
        head = (
            f"{invocation.request_id}\0{invocation.invocation_id}\0{deadline_ms}\0{invocation.function_arn}\0"
            f"{_plain(invocation.trace_id)}\0{_plain(invocation.client_context)}\0{_plain(invocation.cognito_identity)}\0"
            f"{_plain(invocation.tenant_id)}"
        ).encode("utf-8", "replace")
        payload = invocation.payload
        prefix = _INVOKE_FRAME.pack(5 + len(head) + len(payload), INVOKE, len(head)) + head
        if len(payload) <= _IN_ONE_WRITE:
            self._send(prefix + payload)
        else:
            self._send(prefix, payload)

    def close(self) -> None:
        """Forget the channel. Idempotent."""
        if self._open:
            self._open = False
            if self._reading:
                self._loop.remove_reader(self._channel)
            if self._pending:
                self._loop.remove_writer(self._channel)
                self._pending.clear()

    def _send(self, *parts: bytes) -> None:
        if not self._open:
            return
        if self._pending:
            self._pending += [memoryview(part) for part in parts]
            return
        try:
            sent = self._channel.send(parts[0])
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._lost()
            return
        if sent < len(parts[0]) or len(parts) > 1:
            self._pending = [memoryview(part) for part in (parts[0][sent:], *parts[1:])]
            self._loop.add_writer(self._channel, self._writable)
            self._writable()

    def _writable(self) -> None:
        try:
            while self._pending:
                sent = self._channel.send(self._pending[0])
                rest = self._pending[0][sent:]
                if rest:
                    self._pending[0] = rest
                else:
                    del self._pending[0]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._lost()
            return
        self._loop.remove_writer(self._channel)

    # ---------------------------------------------------------------- from the runtime

    def _readable(self) -> None:
        try:
            data = self._channel.recv(_LARGE_READ_BYTES if self._reader.wanted() > _READ_BYTES else _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        try:
            self._reader.feed(data)
        except Breach as breach:
            self._breach(str(breach))

    def on_frame(self, kind: int, data: bytes | bytearray, start: int, end: int) -> None:
        """Called by the reader."""
        if kind == RESPONSE:
            self._answered(data, start, end)
        elif kind == ERROR:
            self._failed(data, start, end)
        elif kind in (BEGIN, DATA, FINISH):
            self._streamed(kind, data, start, end)
        elif kind == HELLO:
            self._greet()
        elif kind == READY:
            self._stream.back()
            if self._assignment is None or not self._hellos or self._session.next(self.deliver, Door.FRAMES) is not None:
                raise Breach("ready in the wrong state")
        elif kind == INIT_ERROR:
            error_type, at = typed_error(data, start, end)
            if self._session.init_failed(error_type, bytes(data[at:end])) is not None:
                raise Breach("init error in the wrong state")

    def on_oversized(self, request_id: bytes) -> None:
        """Called by the reader."""
        if self._session.door is Door.FRAMES and self._session.overflow(request_id.decode("latin-1")) is None:
            self._session.next(self.deliver, Door.FRAMES)
        else:
            self._refused()

    def _answered(self, data: bytes | bytearray, start: int, end: int) -> None:
        at = start + REQUEST_ID_BYTES
        if at > end:
            raise Breach("a response without a request id")
        request_id = data[start:at].decode("latin-1")
        session = self._session
        if session.door is Door.FRAMES and session.respond(request_id, bytes(data[at:end])) is None:
            session.next(self.deliver, Door.FRAMES)
        else:
            self._refused()

    def _failed(self, data: bytes | bytearray, start: int, end: int) -> None:
        at = start + REQUEST_ID_BYTES
        if at >= end:
            raise Breach("an error without a request id or a type")
        request_id = data[start:at].decode("latin-1")
        error_type, at = typed_error(data, at, end)
        session = self._session
        if session.door is Door.FRAMES and session.fail(request_id, error_type, bytes(data[at:end])) is None:
            session.next(self.deliver, Door.FRAMES)
        else:
            self._refused()

    def _streamed(self, kind: int, data: bytes | bytearray, start: int, end: int) -> None:
        stream = self._stream
        if kind == DATA:
            if not stream.piece(bytes(data[start:end])):
                self._pause(stream)
        elif kind == FINISH:
            stream.finish(data, start, end)
        elif not stream.begin(data, start, end):
            self._refused()
        if not stream.open:
            self._resume()  # whoever still reads what was sent must not hold up what the runtime does next

    def _pause(self, stream: FrameStream) -> None:
        """Read no more until the response is wanted; what has been read already is handled all the same."""
        if self._reading and self._open:
            self._reading = False
            self._loop.remove_reader(self._channel)
            stream.when_wanted(self._resume)

    def _resume(self) -> None:
        if not self._reading:
            self._reading = True
            if self._open:
                self._loop.add_reader(self._channel, self._readable)

    def _greet(self) -> None:
        self._hellos += 1
        if self._session.phase not in (Phase.BLANK, Phase.INIT) or self._hellos > _HELLOS:
            raise Breach("hello in the wrong state")
        if self._session.door is not None or self._pending:
            raise Breach("hello in the wrong state")
        if self._assignment is not None:
            self._send(self._assignment)

    def _refused(self) -> None:
        self._stray += 1
        if self._stray > _STRAY_ANSWERS:
            raise Breach("too many answers to nothing")

    def _breach(self, reason: str) -> None:
        self.close()
        self._session.breach(f"The runtime broke the frame protocol: {reason}")

    def _lost(self) -> None:
        self.close()
        self._session.channel_closed()


def _plain(text: str | None) -> str:
    """NUL separates the fields of the head, so no field may have one."""
    if not text:
        return ""
    return text if "\0" not in text else text.replace("\0", "")
