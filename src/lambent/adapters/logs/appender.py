"""Appends batches of events to segments, in the writer's thread; keeps few files open, and the whole under its limit of bytes."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.logs.group_files import write_group
from lambent.adapters.logs.layout import StreamName, all_segments, group_folder, make_group_folder, segment_path, segments
from lambent.adapters.logs.segment import encode, whole_bytes
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup

_OPEN_FILES = 200
_SEGMENT_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class _Open:
    descriptor: int
    path: Path
    folder: Path
    number: int
    size: int


class Appender:
    """Not thread-safe: its owner calls it under one lock."""

    def __init__(self, root: Path, retention_bytes: int) -> None:
        self._root = root
        self._retention = retention_bytes
        self._open: OrderedDict[StreamName, _Open] = OrderedDict()
        self._total = sum(path.stat().st_size for path in all_segments(root))

    def append(self, name: StreamName, events: Sequence[tuple[int, bytes]], ingestion_ms: int) -> None:
        """Events are (timestamp in ms, message). Raises OSError; what was written until then stays."""
        segment = self._segment(name, ingestion_ms)
        content = b"".join([encode(timestamp, ingestion_ms, message) for timestamp, message in events])
        view = memoryview(content)
        while view:
            view = view[os.write(segment.descriptor, view) :]
        segment.size += len(content)
        self._total += len(content)
        if segment.size >= _SEGMENT_BYTES:
            self._rotate(name, segment)
        if self._total > self._retention:
            self._expire()

    def close(self, name: StreamName) -> None:
        """The stream will not be written to for a while."""
        segment = self._open.pop(name, None)
        if segment is not None:
            os.close(segment.descriptor)

    def touch(self, name: StreamName, now_ms: int) -> None:
        """Make the stream, without an event."""
        self._segment(name, now_ms)
        self.close(name)

    def forget(self, owner: Owner, group: str, stream: str | None = None) -> None:
        """A group (or one stream of it) is about to be deleted: nothing is written to its files any more."""
        for name in tuple(self._open):
            if name.owner == owner and name.group == group and stream in (None, name.stream):
                self.close(name)

    def expire_before(self, path: Path, oldest_ms: int) -> None:
        """Delete a segment whose events are all older."""
        status = path.stat()
        if status.st_mtime * 1000 < oldest_ms:
            self._remove(path, status.st_size)

    def close_all(self) -> None:
        """Free every descriptor."""
        for name in tuple(self._open):
            self.close(name)

    def _segment(self, name: StreamName, now_ms: int) -> _Open:
        segment = self._open.get(name)
        if segment is None:
            folder = self._group_folder(name, now_ms)
            existing = segments(folder).get(name.stream, [])
            segment = self._opened(folder, name, int(existing[-1].name[-6:]) if existing else 1)
        self._open.move_to_end(name)
        if len(self._open) > _OPEN_FILES:
            self.close(next(iter(self._open)))
        return segment

    def _group_folder(self, name: StreamName, now_ms: int) -> Path:
        folder = group_folder(self._root, name.owner, name.group)
        if not folder.is_dir():
            write_group(make_group_folder(self._root, name.owner, name.group), LogGroup(name=name.group, created_ms=now_ms))
        return folder

    def _opened(self, folder: Path, name: StreamName, number: int) -> _Open:
        path = segment_path(folder, name.stream, number)
        size = whole_bytes(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.ftruncate(descriptor, size)  # a torn record of a crash would hide all that follows
        segment = self._open[name] = _Open(descriptor, path, folder, number, size)
        return segment

    def _rotate(self, name: StreamName, segment: _Open) -> None:
        self.close(name)
        self._opened(segment.folder, name, segment.number + 1)

    def _remove(self, path: Path, size: int) -> None:
        for name in [name for name, segment in self._open.items() if segment.path == path]:
            self.close(name)
        path.unlink()
        self._total -= size

    def _expire(self) -> None:
        """Delete the segments that were written to longest ago, down to nine tenths of the limit."""
        by_age = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in all_segments(self._root))
        self._total = sum(size for _, size, _ in by_age)
        for _, size, path in by_age:
            if self._total <= self._retention * 9 // 10:
                return
            self._remove(path, size)
