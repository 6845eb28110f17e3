"""StartLiveTail: the events of some log groups as they are written, once a second, until the client goes or after three hours."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from lambent.api.call import Call, Members
from lambent.api.event_stream import event, exception
from lambent.api.log_names import name_of
from lambent.api.log_reading import LogReading, Selection
from lambent.core.function import Owner
from lambent.core.log_pattern import log_filter
from lambent.core.ports import Chance, Clock, LogEvent, LogStore

_UPDATE_SECONDS: Final = 1.0
_SESSION_SECONDS: Final = 3 * 60 * 60
_EVENTS_OF_UPDATE: Final = 500
"""More in one second are sampled: the newest are sent."""
_OVERLAP_MS: Final = 5_000
"""How much later than its timestamp an event may be written and still be seen."""
_PAGE: Final = 10_000
_JSON: Final = "application/x-amz-json-1.1"


class LiveTail:
    """One session per call (Logs API reference, StartLiveTail)."""

    def __init__(self, logs: LogStore, clock: Clock, chance: Chance) -> None:
        self._logs = LogReading(logs)
        self._clock = clock
        self._chance = chance

    async def start(self, call: Call, members: Members) -> AsyncIterator[bytes]:
        """Frames of the event stream. Raises ResourceNotFound for an unknown group, InvalidParameterValue for a bad pattern."""
        groups = [name_of(each) for each in members["logGroupIdentifiers"]]
        for group in groups:
            await self._logs.check_group(call.caller, group)
        return self._session(call, groups, members, _Chosen(members))

    async def _session(self, call: Call, groups: Sequence[str], members: Members, chosen: "_Chosen") -> AsyncIterator[bytes]:
        started = self._clock.now()
        asked = ("logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern")
        session = {"requestId": call.request_id, "sessionId": self._chance.uuid()}
        yield _event("initial-response", {})
        yield _event("sessionStart", {**session, **{name: members[name] for name in asked if name in members}})
        seen: dict[tuple[str, str, int], int] = {}
        while self._clock.now() < started + _SESSION_SECONDS:
            since = int(max(started, self._clock.now() - _OVERLAP_MS / 1000) * 1000)
            found = [each for group in groups for each in await self._written(call.caller, group, since, seen)]
            fresh = [each for each in found if chosen.includes(each[1])]
            results = [_result(call.caller, group, each) for group, each in fresh[-_EVENTS_OF_UPDATE:]]
            sampled = {"sampled": len(fresh) > _EVENTS_OF_UPDATE}
            yield _event("sessionUpdate", {"sessionMetadata": sampled, "sessionResults": results})
            await asyncio.sleep(_UPDATE_SECONDS)
        yield exception(
            "SessionTimeoutException", _JSON, json.dumps({"message": "The session has ended after three hours."}).encode()
        )

    async def _written(
        self, owner: Owner, group: str, since: int, seen: dict[tuple[str, str, int], int]
    ) -> Sequence[tuple[str, LogEvent]]:
        """Events of the group that were not there at the last look; forgets what is too old to be seen again."""
        selection = Selection(owner=owner, group=group, streams=None, start=since, end=2**62)
        page, _ = await self._logs.page(selection, None, _PAGE)
        new = [each for each in page if (group, each.stream, each.position) not in seen]
        for key in [key for key, timestamp in seen.items() if key[0] == group and timestamp < since]:
            del seen[key]
        seen.update({(group, each.stream, each.position): each.timestamp for each in new})
        return [(group, each) for each in new]


class _Chosen:
    """Which events a session wants."""

    def __init__(self, members: Members) -> None:
        self._matches = log_filter(members.get("logEventFilterPattern", ""))
        self._names = frozenset(members.get("logStreamNames", ()))
        self._prefixes = tuple(members.get("logStreamNamePrefixes", ()))

    def includes(self, each: LogEvent) -> bool:
        """By stream, then by pattern."""
        named = not self._names or each.stream in self._names
        return named and (not self._prefixes or each.stream.startswith(self._prefixes)) and self._matches(each.message)


def _result(owner: Owner, group: str, each: LogEvent) -> Mapping[str, Any]:
    return {
        "logStreamName": each.stream,
        "logGroupIdentifier": f"{owner.account}:{group}",
        "message": each.message,
        "timestamp": each.timestamp,
        "ingestionTime": each.ingestion,
    }


def _event(name: str, content: Mapping[str, Any]) -> bytes:
    return event(name, _JSON, json.dumps(content, separators=(",", ":")).encode())
