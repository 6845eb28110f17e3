"""A LogStore in memory, for tests."""

from collections.abc import Mapping, Sequence

from lambent.core.function import Owner
from lambent.core.ports import Clock, LogEvent
from lambent.testing.system import FakeClock


class FakeLogStream:
    """One stream: a list of events."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.created_ms = int(clock.now() * 1000)
        self.events: list[LogEvent] = []
        self.closed = False
        self._clock = clock

    def write(self, timestamp: float, message: bytes) -> None:
        if self.closed:
            return
        self.events.append(
            LogEvent(
                stream=self.name,
                timestamp=int(timestamp * 1000),
                ingestion=int(self._clock.now() * 1000),
                message=message.removesuffix(b"\n").decode("utf-8", "replace"),
                position=len(self.events),
            )
        )

    def close(self) -> None:
        self.closed = True


class FakeLogStore:
    """Function logs in dictionaries; `messages` is a short way in for assertions."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._groups: dict[Owner, dict[str, dict[str, FakeLogStream]]] = {}

    def open_stream(self, owner: Owner, group: str, stream: str) -> FakeLogStream:
        streams = self._groups.setdefault(owner, {}).setdefault(group, {})
        opened = streams.setdefault(stream, FakeLogStream(stream, self._clock))
        opened.closed = False
        return opened

    def messages(self, owner: Owner, group: str) -> list[str]:
        """Every message of a group, stream by stream, in the order of writing; empty for an unknown group."""
        return [event.message for stream in self._groups.get(owner, {}).get(group, {}).values() for event in stream.events]

    async def groups(self, owner: Owner, *, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        names = sorted(self._groups.get(owner, {}))
        return [name for name in names if name.startswith(prefix) and name > (after or "")][:limit]

    async def streams(self, owner: Owner, group: str, *, prefix: str) -> Sequence[Mapping[str, object]]:
        return [
            {
                "name": name,
                "created_ms": stream.created_ms,
                "last_event_ms": max((event.timestamp for event in stream.events), default=None),
            }
            for name, stream in sorted(self._groups.get(owner, {})[group].items())
            if name.startswith(prefix)
        ]

    async def events(  # noqa: PLR0913 - the signature is the port's
        self, owner: Owner, group: str, *, streams: Sequence[str] | None, start: int, end: int, after: str | None, limit: int
    ) -> tuple[Sequence[LogEvent], str | None]:
        stored = self._groups.get(owner, {})[group]
        found = sorted(
            (
                event
                for name, stream in stored.items()
                if streams is None or name in streams
                for event in stream.events
                if start <= event.timestamp < end
            ),
            key=lambda event: (event.timestamp, event.stream, event.position),
        )
        first = int(after) if after else 0
        page = found[first : first + limit]
        return page, str(first + len(page)) if first + len(page) < len(found) else None
