"""What PutLogEvents takes of a batch, and what it refuses or leaves out (facts H4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lambent.core.errors import InvalidParameterValue
from lambent.core.log_group import DAY_MS

_BATCH_BYTES: Final = 1024 * 1024
_EVENT_OVERHEAD: Final = 26
_TOO_NEW_MS: Final = 2 * 60 * 60 * 1000
_TOO_OLD_MS: Final = 14 * DAY_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedBatch:
    """What is stored, and which places of the batch were left out."""

    events: Sequence[tuple[int, bytes]]
    """(epoch milliseconds, message)."""
    rejected: Mapping[str, int]
    """Members of rejectedLogEventsInfo; empty when everything is stored."""


def accept(events: Sequence[tuple[int, bytes]], *, now_ms: int, keeps_from: int) -> AcceptedBatch:
    """Events over two hours ahead, over 14 days old or older than `keeps_from` are left out, the rest is stored.

    Raises InvalidParameterValue for a batch that is too large, out of order, or spans more than 24 hours.
    """
    if sum(len(message) + _EVENT_OVERHEAD for _, message in events) > _BATCH_BYTES:
        raise InvalidParameterValue(f"Upload too large: the batch exceeds the limit of {_BATCH_BYTES} bytes")
    times = [timestamp for timestamp, _ in events]
    if times != sorted(times):
        raise InvalidParameterValue("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > DAY_MS:
        raise InvalidParameterValue("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    too_old = sum(each < now_ms - _TOO_OLD_MS for each in times)
    expired = sum(each < keeps_from for each in times)
    fresh = sum(each <= now_ms + _TOO_NEW_MS for each in times)
    rejected = {}
    if fresh < len(times):
        rejected["tooNewLogEventStartIndex"] = fresh
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    return AcceptedBatch(events=events[max(too_old, expired) : fresh], rejected=rejected)
