"""The format of a log segment: records of length u32be, timestamp and ingestion u64be ms, message. A torn tail is ignored."""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = struct.Struct(">IQQ")


@dataclass(frozen=True, slots=True)
class Record:
    """Where one event lies in its segment, and when it was."""

    timestamp: int
    ingestion: int
    start: int
    """Of the message, in bytes from the segment's start."""
    length: int


def encode(timestamp_ms: int, ingestion_ms: int, message: bytes) -> bytes:
    """One record."""
    return _HEAD.pack(len(message), timestamp_ms, ingestion_ms) + message


def records(path: Path) -> Iterator[Record]:
    """Every whole record, in order of writing; none when the segment has been deleted meanwhile."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size < _HEAD.size:
                return
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
                yield from _walk(content, size)
    except FileNotFoundError:
        return


def _walk(content: mmap.mmap, size: int) -> Iterator[Record]:
    place = 0
    while place + _HEAD.size <= size:
        length, timestamp, ingestion = _HEAD.unpack_from(content, place)
        start = place + _HEAD.size
        if start + length > size:
            return
        yield Record(timestamp, ingestion, start, length)
        place = start + length


def whole_bytes(path: Path) -> int:
    """How far the segment goes without its torn tail: where appending may go on after a crash."""
    end = 0
    for record in records(path):
        end = record.start + record.length
    return end


def message(path: Path, record: Record) -> str:
    """The message of a record; invalid UTF-8 is replaced."""
    with path.open("rb") as file:
        file.seek(record.start)
        return file.read(record.length).decode("utf-8", "replace")
