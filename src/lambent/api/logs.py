"""The part of the CloudWatch Logs API that reads: groups, streams and events, over the LogStore (facts H4)."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

from lambent.api.call import Call, Handler, Members
from lambent.api.log_names import UPLOAD_TOKEN, group_arn, group_name, name_of, no_stream
from lambent.api.log_reading import PAGE_BYTES, LogReading, Selection, weight
from lambent.core.errors import InvalidParameterValue
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup, LogStreamFacts
from lambent.core.log_pattern import log_filter
from lambent.core.ports import LogEvent, LogStore

_PAGE: Final = 50
_EVENTS: Final = 10_000
_SCANNED_EVENTS: Final = 50_000
"""How many events one FilterLogEvents call looks at; past it the page ends, perhaps empty, with a token."""
_END_OF_TIME: Final = 2**62
_TOKEN = re.compile(r"([fb])/(\d{1,15})", re.ASCII)


class LogHandlers:
    """DescribeLogGroups, ListLogGroups, DescribeLogStreams, GetLogEvents, FilterLogEvents."""

    def __init__(self, logs: LogStore) -> None:
        self._logs = LogReading(logs)

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name of the `logs` model."""
        return {
            "DescribeLogGroups": self.describe_groups,
            "ListLogGroups": self.list_groups,
            "DescribeLogStreams": self.describe_streams,
            "GetLogEvents": self.get_events,
            "FilterLogEvents": self.filter_events,
        }

    async def describe_groups(self, call: Call, members: Members) -> Members:
        """Groups by name. `logGroupNamePattern` is a part of it, in any case; `logGroupIdentifiers` are names or ARNs."""
        prefix, part = members.get("logGroupNamePrefix", ""), members.get("logGroupNamePattern", "").lower()
        if prefix and part:
            raise InvalidParameterValue("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        named = frozenset(map(name_of, members.get("logGroupIdentifiers", ())))
        wanted = members.get("logGroupClass")

        def chosen(group: LogGroup) -> bool:
            return part in group.name.lower() and group.name in (named or (group.name,)) and wanted in (None, group.group_class)

        return await self._page_of_groups(call.caller, members, chosen, _group)

    async def list_groups(self, call: Call, members: Members) -> Members:
        """Groups by name, in short. `logGroupNamePattern` is parts of the name joined by `|`, `^` before one that begins it."""
        parts = members.get("logGroupNamePattern", "").split("|")
        wanted = members.get("logGroupClass")

        def chosen(group: LogGroup) -> bool:
            named = any(group.name.startswith(part[1:]) if part.startswith("^") else part in group.name for part in parts)
            return named and wanted in (None, group.group_class)

        return await self._page_of_groups(call.caller, members, chosen, _summary)

    async def _page_of_groups(
        self, owner: Owner, members: Members, chosen: Callable[[LogGroup], bool], show: Callable[[Owner, LogGroup], Members]
    ) -> Members:
        prefix, limit = members.get("logGroupNamePrefix", ""), members.get("limit", _PAGE)
        found = await self._logs.groups(owner, prefix, _decode(members.get("nextToken")), limit + 1, chosen)
        reply: dict[str, Any] = {"logGroups": [show(owner, each) for each in found[:limit]]}
        if len(found) > limit:
            reply["nextToken"] = _encode(found[limit - 1].name)
        return reply

    async def describe_streams(self, call: Call, members: Members) -> Members:
        """Streams by name, or by the time of their last event; `descending` turns either round."""
        owner, group = call.caller, group_name(members)
        by_time, prefix = members.get("orderBy") == "LastEventTime", members.get("logStreamNamePrefix", "")
        if by_time and prefix:
            raise InvalidParameterValue("Cannot order by LastEventTime with a logStreamNamePrefix.")
        streams = list(await self._logs.streams(owner, group, prefix))
        streams.sort(
            key=lambda each: (_or_never(each.last_event_ms) if by_time else 0, each.name),
            reverse=members.get("descending", False),
        )
        start = _index(_decode(members.get("nextToken")))
        page = streams[start : start + members.get("limit", _PAGE)]
        reply: dict[str, Any] = {"logStreams": [_stream(owner, group, each) for each in page]}
        if start + len(page) < len(streams):
            reply["nextToken"] = _encode(str(start + len(page)))
        return reply

    async def get_events(self, call: Call, members: Members) -> Members:
        """One stream's events, each page in order of time. Without `startFromHead` the page with the newest comes first.

        The end, in either direction, is reached when the reply has the token that was sent.
        """
        owner, group, stream = call.caller, group_name(members), members["logStreamName"]
        if all(each.name != stream for each in await self._logs.streams(owner, group, stream)):
            raise no_stream()
        selection = _selection(owner, group, [stream], members)
        limit = members.get("limit", _EVENTS)
        direction, index = _direction(members)
        if direction == "f":
            page, first = await self._logs.forward(selection, index or 0, limit), index or 0
        else:
            page, first = await self._logs.backward(selection, index, limit)
        return {
            "events": [_event(each) for each in page],
            "nextForwardToken": f"f/{first + len(page)}",
            "nextBackwardToken": f"b/{first}",
        }

    async def filter_events(self, call: Call, members: Members) -> Members:
        """Events of a group by time, those that match the pattern. A page may be empty and still have a token."""
        matches = log_filter(members.get("filterPattern", ""))
        owner, group = call.caller, group_name(members)
        selection = _selection(owner, group, await self._chosen_streams(owner, group, members), members)
        limit, token = members.get("limit", _EVENTS), _decode(members.get("nextToken"))
        found: list[LogEvent] = []
        scanned = size = 0
        while True:
            # No more is asked for than can still be returned, so that the token follows the last event looked at.
            page, token = await self._logs.page(selection, token, min(limit - len(found), 1000))
            chosen = [each for each in page if matches(each.message)]
            found += chosen
            scanned += len(page)
            size += sum(map(weight, chosen))
            if token is None or len(found) >= limit or scanned >= _SCANNED_EVENTS or size >= PAGE_BYTES:
                break
        reply: dict[str, Any] = {"events": [_filtered(each) for each in found], "searchedLogStreams": []}
        if token is not None:
            reply["nextToken"] = _encode(token)
        return reply

    async def _chosen_streams(self, owner: Owner, group: str, members: Members) -> Sequence[str] | None:
        names, prefix = members.get("logStreamNames"), members.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise InvalidParameterValue("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
        if prefix is not None:
            return [each.name for each in await self._logs.streams(owner, group, prefix)]
        return names if names is None else [str(each) for each in names]


def _selection(owner: Owner, group: str, streams: Sequence[str] | None, members: Members) -> Selection:
    start, end = members.get("startTime", 0), members.get("endTime", _END_OF_TIME)
    return Selection(owner=owner, group=group, streams=streams, start=start, end=end)


def _direction(members: Members) -> tuple[str, int | None]:
    """Which way to read, and from where; from the end when there is no index."""
    token = members.get("nextToken")
    if token is None:
        return ("f", 0) if members.get("startFromHead") else ("b", None)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise InvalidParameterValue("The specified nextToken is invalid.")
    return match[1], int(match[2])


def _summary(owner: Owner, group: LogGroup) -> Members:
    return {"logGroupName": group.name, "logGroupArn": group_arn(owner, group.name), "logGroupClass": group.group_class}


def _group(owner: Owner, group: LogGroup) -> Members:
    return {
        **_summary(owner, group),
        "creationTime": group.created_ms,
        **({} if group.retention_days is None else {"retentionInDays": group.retention_days}),
        "metricFilterCount": 0,
        "arn": f"{group_arn(owner, group.name)}:*",
        "storedBytes": group.stored_bytes,
        **({} if group.kms_key_id is None else {"kmsKeyId": group.kms_key_id}),
        "deletionProtectionEnabled": group.deletion_protection,
    }


def _stream(owner: Owner, group: str, stream: LogStreamFacts) -> Mapping[str, object]:
    times = {
        "firstEventTimestamp": stream.first_event_ms,
        "lastEventTimestamp": stream.last_event_ms,
        "lastIngestionTime": stream.last_ingestion_ms,
    }
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        **{name: value for name, value in times.items() if value is not None},
        "uploadSequenceToken": UPLOAD_TOKEN,
        "arn": f"{group_arn(owner, group)}:log-stream:{stream.name}",
        "storedBytes": stream.stored_bytes,
    }


def _event(event: LogEvent) -> dict[str, object]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingestion}


def _filtered(event: LogEvent) -> Mapping[str, object]:
    identifier = f"{event.timestamp:020d}{event.position:016d}{crc32(event.stream.encode('utf-8', 'replace')):010d}"
    return {**_event(event), "logStreamName": event.stream, "eventId": identifier}


def _or_never(value: int | None) -> int:
    return -1 if value is None else value


def _encode(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode("ascii")


def _decode(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterValue("The specified nextToken is invalid.") from error


def _index(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 16):
        raise InvalidParameterValue("The specified nextToken is invalid.")
    return int(token)
