"""Reads the LogStore for the CloudWatch Logs operations: pages held to 1 MB, KeyError turned into the API's own fault."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lambent.api.log_names import no_group
from lambent.core.errors import InvalidParameterValue
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup, LogStreamFacts
from lambent.core.ports import LogEvent, LogStore

PAGE_BYTES: Final = 1024 * 1024
"""Most bytes of messages in one reply."""
_EVENT_BYTES: Final = 26
"""What an event counts besides its message."""
_STORE_PAGE: Final = 10_000
_GROUP_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Events of one group: of these streams (None: all), with start <= timestamp < end (epoch milliseconds)."""

    owner: Owner
    group: str
    streams: Sequence[str] | None
    start: int
    end: int


class LogReading:
    """Every method raises ResourceNotFound for an unknown group."""

    def __init__(self, logs: LogStore) -> None:
        self._logs = logs

    async def groups(
        self, owner: Owner, prefix: str, after: str | None, limit: int, chosen: Callable[[LogGroup], bool]
    ) -> Sequence[LogGroup]:
        """Up to `limit` groups after that name, by name."""
        found: list[LogGroup] = []
        while len(found) < limit:
            page = await self._logs.groups(owner, prefix=prefix, after=after, limit=_GROUP_PAGE)
            found += [each for each in page if chosen(each)]
            if len(page) < _GROUP_PAGE:
                break
            after = page[-1].name
        return found[:limit]

    async def check_group(self, owner: Owner, group: str) -> None:
        """There is one of this name."""
        if await self._logs.group(owner, group) is None:
            raise no_group()

    async def streams(self, owner: Owner, group: str, prefix: str) -> Sequence[LogStreamFacts]:
        """As `LogStore.streams`."""
        try:
            return await self._logs.streams(owner, group, prefix=prefix)
        except KeyError as error:
            raise no_group() from error

    async def page(self, selection: Selection, after: str | None, limit: int) -> tuple[Sequence[LogEvent], str | None]:
        """As `LogStore.events`. Raises InvalidParameterValue for a token of nobody's."""
        try:
            return await self._logs.events(
                selection.owner,
                selection.group,
                streams=selection.streams,
                start=selection.start,
                end=selection.end,
                after=after,
                limit=limit,
            )
        except KeyError as error:
            raise no_group() from error
        except ValueError as error:
            raise InvalidParameterValue("The specified nextToken is invalid.") from error

    async def forward(self, selection: Selection, first: int, limit: int) -> Sequence[LogEvent]:
        """Events from index `first` on."""
        found: list[LogEvent] = []
        size = 0
        index = 0
        async for each in self._all(selection):
            if index >= first:
                size += weight(each)
                if len(found) == limit or (found and size > PAGE_BYTES):
                    break
                found.append(each)
            index += 1
        return found

    async def backward(self, selection: Selection, end: int | None, limit: int) -> tuple[Sequence[LogEvent], int]:
        """The last events before index `end` (None: of all), in order of time, and the index of the first of them."""
        found: deque[LogEvent] = deque()
        size = 0
        index = 0
        async for each in self._all(selection):
            if index == end:
                break
            found.append(each)
            size += weight(each)
            while len(found) > limit or (len(found) > 1 and size > PAGE_BYTES):
                size -= weight(found.popleft())
            index += 1
        return list(found), index - len(found)

    async def _all(self, selection: Selection) -> AsyncIterator[LogEvent]:
        token: str | None = None
        while True:
            page, token = await self.page(selection, token, _STORE_PAGE)
            for each in page:
                yield each
            if token is None:
                return


def weight(event: LogEvent) -> int:
    """Bytes that an event counts towards a page."""
    return len(event.message.encode("utf-8", "replace")) + _EVENT_BYTES
