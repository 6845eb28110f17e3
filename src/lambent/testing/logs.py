"""A LogStore in memory, for tests."""

from collections.abc import Sequence
from dataclasses import replace

from lambent.core.function import Owner
from lambent.core.log_group import LogGroup, LogStreamFacts
from lambent.core.ports import AlreadyStored, Clock, LogEvent
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
        if not self.closed:
            self.append(int(timestamp * 1000), message.removesuffix(b"\n"))

    def append(self, timestamp_ms: int, message: bytes) -> None:
        """One event."""
        self.events.append(
            LogEvent(
                stream=self.name,
                timestamp=timestamp_ms,
                ingestion=int(self._clock.now() * 1000),
                message=message.decode("utf-8", "replace"),
                position=len(self.events),
            )
        )

    def close(self) -> None:
        self.closed = True

    @property
    def stored_bytes(self) -> int:
        """Of all messages."""
        return sum(len(each.message.encode()) for each in self.events)

    def facts(self) -> LogStreamFacts:
        """As the port has them."""
        times = [each.timestamp for each in self.events]
        return LogStreamFacts(
            name=self.name,
            created_ms=self.created_ms,
            first_event_ms=min(times, default=None),
            last_event_ms=max(times, default=None),
            last_ingestion_ms=self.events[-1].ingestion if self.events else None,
            stored_bytes=self.stored_bytes,
        )


class _Group:
    def __init__(self, settings: LogGroup) -> None:
        self.settings = settings
        self.streams: dict[str, FakeLogStream] = {}

    def read(self) -> LogGroup:
        return replace(self.settings, stored_bytes=sum(each.stored_bytes for each in self.streams.values()))


class FakeLogStore:
    """Function logs in dictionaries; `messages` is a short way in for assertions."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._groups: dict[Owner, dict[str, _Group]] = {}

    def open_stream(self, owner: Owner, group: str, stream: str) -> FakeLogStream:
        groups = self._groups.setdefault(owner, {})
        here = groups.setdefault(group, _Group(LogGroup(name=group, created_ms=int(self._clock.now() * 1000))))
        opened = here.streams.setdefault(stream, FakeLogStream(stream, self._clock))
        opened.closed = False
        return opened

    def messages(self, owner: Owner, group: str) -> list[str]:
        """Every message of a group, stream by stream, in the order of writing; empty for an unknown group."""
        here = self._groups.get(owner, {}).get(group)
        return [] if here is None else [event.message for stream in here.streams.values() for event in stream.events]

    async def groups(self, owner: Owner, *, prefix: str, after: str | None, limit: int) -> Sequence[LogGroup]:
        stored = self._groups.get(owner, {})
        names = [name for name in sorted(stored) if name.startswith(prefix) and name > (after or "")]
        return [stored[name].read() for name in names[:limit]]

    async def group(self, owner: Owner, name: str) -> LogGroup | None:
        here = self._groups.get(owner, {}).get(name)
        return None if here is None else here.read()

    async def add_group(self, owner: Owner, group: LogGroup) -> None:
        if group.name in self._groups.get(owner, {}):
            raise AlreadyStored(group.name)
        self._groups.setdefault(owner, {})[group.name] = _Group(group)

    async def replace_group(self, owner: Owner, group: LogGroup) -> None:
        here = self._group(owner, group.name)
        here.settings = replace(group, created_ms=here.settings.created_ms)

    async def delete_group(self, owner: Owner, name: str) -> bool:
        return self._groups.get(owner, {}).pop(name, None) is not None

    async def add_stream(self, owner: Owner, group: str, stream: str) -> None:
        here = self._group(owner, group)
        if stream in here.streams:
            raise AlreadyStored(stream)
        here.streams[stream] = FakeLogStream(stream, self._clock)

    async def delete_stream(self, owner: Owner, group: str, stream: str) -> bool:
        return self._group(owner, group).streams.pop(stream, None) is not None

    async def put(self, owner: Owner, group: str, stream: str, events: Sequence[tuple[int, bytes]]) -> None:
        here = self._group(owner, group).streams.get(stream)
        if here is None:
            raise KeyError("stream")
        for timestamp, message in events:
            here.append(timestamp, message)

    async def streams(self, owner: Owner, group: str, *, prefix: str) -> Sequence[LogStreamFacts]:
        here = self._group(owner, group)
        return [stream.facts() for name, stream in sorted(here.streams.items()) if name.startswith(prefix)]

    async def events(  # noqa: PLR0913 - the signature is the port's
        self, owner: Owner, group: str, *, streams: Sequence[str] | None, start: int, end: int, after: str | None, limit: int
    ) -> tuple[Sequence[LogEvent], str | None]:
        here = self._group(owner, group)
        oldest = max(start, here.settings.keeps_from(int(self._clock.now() * 1000)))
        found = sorted(
            (
                event
                for name, stream in here.streams.items()
                if streams is None or name in streams
                for event in stream.events
                if oldest <= event.timestamp < end
            ),
            key=lambda event: (event.timestamp, event.stream, event.position),
        )
        first = int(after) if after else 0
        page = found[first : first + limit]
        return page, str(first + len(page)) if first + len(page) < len(found) else None

    def _group(self, owner: Owner, name: str) -> _Group:
        try:
            return self._groups.get(owner, {})[name]
        except KeyError:
            raise KeyError("group") from None
