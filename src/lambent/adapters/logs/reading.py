"""Reads segments: which streams there are, and a page of events merged by time."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.logs.layout import segments
from lambent.adapters.logs.segment import Record, message, records
from lambent.core.log_group import LogStreamFacts
from lambent.core.ports import LogEvent

_POSITIONS_PER_SEGMENT = 1 << 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Events with start <= timestamp < end (epoch ms) of these streams (None: all)."""

    start: int
    end: int
    streams: frozenset[str] | None


Place = tuple[int, str, int]
"""(timestamp, stream, position): the order of events, and what a token says."""


def streams(folder: Path, prefix: str) -> Sequence[LogStreamFacts]:
    """As LogStore.streams. Raises KeyError."""
    return [_facts(name, paths) for name, paths in segments(folder).items() if name.startswith(prefix)]


def _facts(name: str, paths: Sequence[Path]) -> LogStreamFacts:
    found = [record for path in paths for record in records(path)]
    times = [record.timestamp for record in found]
    return LogStreamFacts(
        name=name,
        created_ms=found[0].ingestion if found else int(paths[0].stat().st_mtime * 1000),
        first_event_ms=min(times, default=None),
        last_event_ms=max(times, default=None),
        last_ingestion_ms=found[-1].ingestion if found else None,
        stored_bytes=sum(record.length for record in found),
    )


def page(folder: Path, span: Span, after: str | None, limit: int) -> tuple[Sequence[LogEvent], str | None]:
    """As LogStore.events. Raises KeyError for an unknown group, ValueError for a token of nobody's."""
    beyond = None if after is None else _place(after)
    found = heapq.nsmallest(limit + 1, _candidates(folder, span, beyond), key=lambda each: each[0])
    events = [_event(place, path, record) for place, path, record in found[:limit]]
    return events, _token(found[limit - 1][0]) if len(found) > limit else None


def _candidates(folder: Path, span: Span, beyond: Place | None) -> Iterator[tuple[Place, Path, Record]]:
    chosen = [
        (stream, path)
        for stream, paths in segments(folder).items()
        if span.streams is None or stream in span.streams
        for path in paths
        # An event is written after it happened: a segment last written to before the span has nothing in it.
        if path.stat().st_mtime * 1000 + 1000 >= span.start
    ]
    for stream, path in chosen:
        segment = int(path.name[-6:]) * _POSITIONS_PER_SEGMENT
        for record in records(path):
            place = (record.timestamp, stream, segment + record.start)
            if span.start <= record.timestamp < span.end and (beyond is None or place > beyond):
                yield place, path, record


def _event(place: Place, path: Path, record: Record) -> LogEvent:
    timestamp, stream, position = place
    try:
        text = message(path, record)
    except FileNotFoundError:  # its retention ended while it was being read
        text = ""
    return LogEvent(stream=stream, timestamp=timestamp, ingestion=record.ingestion, message=text, position=position)


def _token(place: Place) -> str:
    timestamp, stream, position = place
    return f"{timestamp}.{position}.{stream}"


def _place(token: str) -> Place:
    timestamp, position, stream = token.split(".", 2)
    return int(timestamp), stream, int(position)
