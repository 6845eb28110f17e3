"""What a function writes, as log events: output cut into lines, telemetry frames unpacked; hostile input stays bounded."""

import asyncio
import os
import struct
from collections.abc import Callable
from typing import Protocol

LINE_BYTES = 256 * 1024
"""A longer line becomes several events."""
RECORD_BYTES = 1024 * 1024
"""The same for a framed record: the most that CloudWatch Logs takes as one event (facts H1)."""
READ_BYTES = 8 * 1024
"""One read, and so the most work of one turn of the loop: a function that prints without end does not stall the others."""
_DRAIN_AT_ONCE_BYTES = 16 * 1024
_DRAIN_AT_MOST_BYTES = 1024 * 1024
"""The largest pipe: what was written before an invocation's end is read within this many bytes."""

_FRAME = struct.Struct(">IIQ")
_MAGIC = b"\xa5\x5a\x00"
_TYPE = 0xA55A0002
_TYPE_BITS = 0xFFFFFF02
"""The lowest bit tells text from JSON; the others of the low byte are the level (awslambdaric, lambda_runtime_log_utils)."""


class Splitter(Protocol):
    """Cuts a byte stream into log events."""

    def feed(self, data: bytes) -> list[bytes]:
        """The events that are now complete."""

    def flush(self) -> bytes:
        """What is left at the end of an invocation; empty for nothing."""


class LineSplitter:
    """One event per line; a partial last line waits for its end, or for the end of the invocation."""

    __slots__ = ("_partial",)

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        if b"\n" not in data:
            self._partial += data
            return [] if len(self._partial) < LINE_BYTES else [self.flush()]
        lines = data.split(b"\n")
        if self._partial:
            lines[0] = bytes(self._partial) + lines[0]
        self._partial[:] = lines.pop()
        return lines

    def flush(self) -> bytes:
        if not self._partial:
            return b""
        rest = bytes(self._partial)
        self._partial.clear()
        return rest


class RecordSplitter:
    """One event per frame of `_LAMBDA_TELEMETRY_LOG_FD` (facts E1). Bytes that are no frame are kept as text."""

    __slots__ = ("_buffer", "_remaining")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._remaining = 0
        """Bytes of the record in progress that are not yet an event."""

    def feed(self, data: bytes) -> list[bytes]:
        buffer = self._buffer
        buffer += data
        events: list[bytes] = []
        while buffer:
            if self._remaining:
                size = min(self._remaining, RECORD_BYTES)
                if len(buffer) < size:
                    break
                self._remaining -= size
                events.append(bytes(buffer[:size]))
                del buffer[:size]
            elif not self._begin(events):
                break
        return events

    def flush(self) -> bytes:
        if not self._buffer or self._remaining or self._buffer.startswith(_MAGIC):
            return b""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _begin(self, events: list[bytes]) -> bool:
        """Read a header, or step over what is none; False when more bytes are needed."""
        buffer = self._buffer
        if not _MAGIC.startswith(bytes(buffer[:3])):
            at = buffer.find(_MAGIC)
            end = at if at >= 0 else len(buffer)
            events.append(bytes(buffer[:end]).rstrip(b"\n"))
            del buffer[:end]
            return True
        if len(buffer) < _FRAME.size:
            return False
        kind, self._remaining, _ = _FRAME.unpack_from(buffer)
        if kind & _TYPE_BITS != _TYPE:
            self._remaining = 0
            events.append(bytes(buffer[:3]))
            del buffer[:3]
            return True
        del buffer[: _FRAME.size]
        if not self._remaining:
            events.append(b"")
        return True


class OutputPipe:
    """Reads one pipe of a sandbox as it becomes readable. The descriptor stays the sandbox's; `close` only forgets it."""

    __slots__ = ("_descriptor", "_loop", "_open", "_splitter", "_write", "behind")

    def __init__(self, descriptor: int, splitter: Splitter, write: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._splitter = splitter
        self._write = write
        self._open = True
        self.behind = False
        """The last read may not have emptied the pipe."""
        self._loop.add_reader(descriptor, self.read_some)

    def read_some(self) -> int:
        """One bounded read; how many bytes came, 0 when there is nothing (more) to read."""
        if not self._open:
            return 0
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            self.behind = False
            return 0
        except OSError:
            data = b""
        if not data:
            self.behind = False
            self.close()
            return 0
        self.behind = len(data) == READ_BYTES
        for event in self._splitter.feed(data):
            self._write(event)
        return len(data)

    def drain_now(self) -> bool:
        """Read what is there, if that is soon done, and end the last line. False when there is more: then `drain`."""
        total = 0
        while count := self.read_some():
            total += count
            if total >= _DRAIN_AT_ONCE_BYTES:
                return False
        self.end_line()
        return True

    async def drain(self) -> None:
        """The same for a full pipe, letting others run in between; gives up on one that is filled as fast as it is read."""
        total = 0
        while total < _DRAIN_AT_MOST_BYTES and (count := self.read_some()):
            total += count
            await asyncio.sleep(0)
        self.end_line()

    def end_line(self) -> None:
        """Nothing is in the pipe: what was read of a line without an end is one."""
        rest = self._splitter.flush()
        if rest:
            self._write(rest)

    @property
    def open(self) -> bool:
        """False after the last writer closed its end, and after `close`."""
        return self._open

    def close(self) -> None:
        """Idempotent."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
