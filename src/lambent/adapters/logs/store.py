"""The store itself: writing is an append to a list; a thread carries it to the disk; readers flush first."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lambent.adapters.logs import reading
from lambent.adapters.logs.administration import Administration
from lambent.adapters.logs.appender import Appender
from lambent.adapters.logs.group_files import read_group, retention_days
from lambent.adapters.logs.layout import StreamName, group_folder, group_names
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup, LogStreamFacts, oldest_kept
from lambent.core.ports import Clock, LogEvent

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_FLUSH_SECONDS = 0.1
_EXPIRY_SECONDS = 600.0
"""How long what is past its retention may lie on a disk where nothing is written."""
_FLUSH_BYTES = 64 * 1024
_ENTRY_BYTES = 64
"""What an event costs in memory besides its message, about."""
_PENDING_BYTES = 64 * 1024 * 1024
"""Unwritten bytes in memory; past it the oldest are dropped, and counted."""


class DiskLogStream:
    """One open stream."""

    __slots__ = ("_store", "dropped", "name")

    def __init__(self, store: "DiskLogStore", name: StreamName) -> None:
        self._store = store
        self.name = name
        self.dropped = 0
        """Events lost since the last one that reached the disk."""

    def write(self, timestamp: float, message: bytes) -> None:
        self._store.append(self, int(timestamp * 1000), message)

    def close(self) -> None:
        self._store.append(self, -1, b"")


class DiskLogStore:
    """LogStore on a folder. `running()` must be entered for anything to reach the disk by itself; reads flush in any case."""

    def __init__(self, root: Path, clock: Clock, *, retention_bytes: int) -> None:
        self._root = root
        self._clock = clock
        root.mkdir(parents=True, exist_ok=True)
        self._pending: deque[tuple[DiskLogStream, int, bytes]] = deque()
        # Each counter has one writing thread, so none needs a lock: the loop's, the flusher's, the loop's.
        self._appended_bytes = 0
        self._flushed_bytes = 0
        self._dropped_bytes = 0
        self._writing = threading.Lock()
        self._appender = Appender(root, retention_bytes)
        self._admin = Administration(root, self._appender)
        self._something = threading.Event()
        self._asleep = True
        """Whether the next event has to set `_something`: cleared by the loop, set by whoever is about to take all."""
        self._much = threading.Event()
        self._stopping = False

    def running(self) -> AbstractAsyncContextManager[None]:
        """Carries events to the disk at most about 100 ms after they were written; leaving it writes what is left."""
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        writer = threading.Thread(target=self._write_until_stopped, name="log-writer", daemon=True)
        writer.start()
        try:
            yield
        finally:
            self._stopping = True
            self._something.set()
            self._much.set()
            await asyncio.to_thread(writer.join)
            await asyncio.to_thread(self._flush)
            self._appender.close_all()

    def open_stream(self, owner: Owner, group: str, stream: str) -> DiskLogStream:
        return DiskLogStream(self, StreamName(owner=owner, group=group, stream=stream))

    def append(self, stream: DiskLogStream, timestamp_ms: int, message: bytes) -> None:
        """For DiskLogStream; a negative timestamp closes it."""
        self._pending.append((stream, timestamp_ms, message.removesuffix(b"\n")))
        self._appended_bytes += len(message) + _ENTRY_BYTES
        if self._asleep:
            self._asleep = False
            self._something.set()
        unwritten = self._appended_bytes - self._flushed_bytes - self._dropped_bytes
        if unwritten >= _FLUSH_BYTES:
            self._much_is_unwritten(unwritten)

    async def groups(self, owner: Owner, *, prefix: str, after: str | None, limit: int) -> Sequence[LogGroup]:
        return await self._locked(lambda: self._groups(owner, prefix, after, limit))

    def _groups(self, owner: Owner, prefix: str, after: str | None, limit: int) -> Sequence[LogGroup]:
        names = [each for each in group_names(self._root, owner) if each.startswith(prefix) and (after is None or each > after)]
        found = [read_group(group_folder(self._root, owner, name), name) for name in names[:limit]]
        return [each for each in found if each is not None]

    async def group(self, owner: Owner, name: str) -> LogGroup | None:
        return await self._locked(lambda: read_group(group_folder(self._root, owner, name), name))

    async def add_group(self, owner: Owner, group: LogGroup) -> None:
        await self._locked(lambda: self._admin.add_group(owner, group))

    async def replace_group(self, owner: Owner, group: LogGroup) -> None:
        await self._locked(lambda: self._admin.replace_group(owner, group))

    async def delete_group(self, owner: Owner, name: str) -> bool:
        return await self._locked(lambda: self._admin.delete_group(owner, name))

    async def add_stream(self, owner: Owner, group: str, stream: str) -> None:
        name = StreamName(owner=owner, group=group, stream=stream)
        await self._locked(lambda: self._admin.add_stream(name, self._now_ms()))

    async def delete_stream(self, owner: Owner, group: str, stream: str) -> bool:
        return await self._locked(lambda: self._admin.delete_stream(StreamName(owner=owner, group=group, stream=stream)))

    async def put(self, owner: Owner, group: str, stream: str, events: Sequence[tuple[int, bytes]]) -> None:
        name = StreamName(owner=owner, group=group, stream=stream)
        await self._locked(lambda: self._admin.put(name, events, self._now_ms()))

    async def streams(self, owner: Owner, group: str, *, prefix: str) -> Sequence[LogStreamFacts]:
        await asyncio.to_thread(self._flush)
        return await asyncio.to_thread(reading.streams, group_folder(self._root, owner, group), prefix)

    async def events(  # noqa: PLR0913 - the signature is the port's
        self, owner: Owner, group: str, *, streams: Sequence[str] | None, start: int, end: int, after: str | None, limit: int
    ) -> tuple[Sequence[LogEvent], str | None]:
        await asyncio.to_thread(self._flush)
        span = reading.Span(start=start, end=end, streams=None if streams is None else frozenset(streams))
        return await asyncio.to_thread(self._page, group_folder(self._root, owner, group), span, after, limit)

    def _page(self, folder: Path, span: reading.Span, after: str | None, limit: int) -> tuple[Sequence[LogEvent], str | None]:
        oldest = oldest_kept(retention_days(folder), self._now_ms())
        return reading.page(folder, replace(span, start=max(span.start, oldest)), after, limit)

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)

    async def _locked(self, work: Callable[[], Result]) -> Result:
        """In a thread, after what has been written and before what will be."""

        def carry_out() -> Result:
            self._flush()
            with self._writing:
                return work()

        return await asyncio.to_thread(carry_out)

    def _write_until_stopped(self) -> None:
        while not self._stopping:
            self._something.wait(_EXPIRY_SECONDS)
            self._much.wait(_FLUSH_SECONDS)  # let a little gather
            self._flush()
            self._expire()

    def _expire(self) -> None:
        try:
            with self._writing:
                self._admin.expire(self._clock.now())
        except (OSError, ValueError) as error:  # somebody else's hand in the folder must not end the writing of logs
            log.warning("logs_not_expired", extra={"reason": str(error)})

    def _flush(self) -> None:
        """Everything written before this call is on its way to the disk (in the page cache) when it returns."""
        with self._writing:
            self._something.clear()
            self._much.clear()
            self._asleep = True  # after the clearing and before the taking: no event is left behind unannounced
            batch = self._take(len(self._pending))
            for name, entries in _by_stream(batch).items():
                self._write(name, entries)
            self._flushed_bytes += sum(len(message) + _ENTRY_BYTES for _, _, message in batch)

    def _take(self, count: int) -> "list[tuple[DiskLogStream, int, bytes]]":
        """The oldest entries. Two threads may take: each entry goes to one of them."""
        taken = []
        for _ in range(count):
            try:
                taken.append(self._pending.popleft())
            except IndexError:
                break
        return taken

    def _write(self, name: StreamName, entries: "list[tuple[DiskLogStream, int, bytes]]") -> None:
        stream = entries[-1][0]
        events = [(timestamp, message) for _, timestamp, message in entries if timestamp >= 0]
        now = int(self._clock.now() * 1000)
        if stream.dropped:
            events.insert(0, (now, b"%d log events were dropped: the disk could not keep up" % stream.dropped))
            stream.dropped = 0
        try:
            if events:
                self._appender.append(name, events, now)
        except OSError as error:
            stream.dropped += len(events)
            self._appender.close(name)
            log.warning("logs_not_written", extra={"group": name.group, "events": len(events), "reason": str(error)})
        if entries[-1][1] < 0:
            self._appender.close(name)

    def _much_is_unwritten(self, unwritten: int) -> None:
        if not self._much.is_set():
            self._much.set()
        if unwritten > _PENDING_BYTES:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Half of what is unwritten goes. On the loop's thread."""
        for stream, timestamp, message in self._take(len(self._pending) // 2):
            stream.dropped += timestamp >= 0
            self._dropped_bytes += len(message) + _ENTRY_BYTES


def _by_stream(
    batch: "list[tuple[DiskLogStream, int, bytes]]",
) -> "dict[StreamName, list[tuple[DiskLogStream, int, bytes]]]":
    found: dict[StreamName, list[tuple[DiskLogStream, int, bytes]]] = {}
    for entry in batch:
        found.setdefault(entry[0].name, []).append(entry)
    return found
