"""A log group as CloudWatch Logs has it: its settings, its subscription filters, and what its streams hold (facts H4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lambent.core.errors import InvalidParameterValue, LogLimitExceeded

RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What PutRetentionPolicy takes."""
DAY_MS: Final = 24 * 60 * 60 * 1000
_SUBSCRIPTION_FILTERS: Final = 2
"""Of one group (CloudWatch Logs quotas)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionFilter:
    """Where matching events would be sent. Stored and shown."""

    name: str
    pattern: str
    destination_arn: str
    created_ms: int
    settings: Mapping[str, object] = field(default_factory=dict)
    """Members of PutSubscriptionFilter besides these, by wire name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogGroup:
    """One group of one owner."""

    name: str
    created_ms: int
    """Epoch milliseconds."""
    group_class: str = "STANDARD"
    kms_key_id: str | None = None
    deletion_protection: bool = False
    retention_days: int | None = None
    """Events older than this are gone; None keeps them."""
    tags: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[SubscriptionFilter, ...] = ()
    stored_bytes: int = 0
    """Filled in when a group is read."""

    def keeps_from(self, now_ms: int) -> int:
        """The oldest timestamp that is kept."""
        return oldest_kept(self.retention_days, now_ms)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogStreamFacts:
    """What a stream holds. Times are epoch milliseconds."""

    name: str
    created_ms: int
    first_event_ms: int | None = None
    last_event_ms: int | None = None
    last_ingestion_ms: int | None = None
    stored_bytes: int = 0


def oldest_kept(retention_days: int | None, now_ms: int) -> int:
    """The oldest timestamp (epoch ms) that a group with this retention keeps."""
    return 0 if retention_days is None else now_ms - retention_days * DAY_MS


def check_retention(days: int) -> int:
    """The days. Raises InvalidParameterValue for a number that AWS does not offer."""
    if days not in RETENTION_DAYS:
        offered = ", ".join(map(str, RETENTION_DAYS))
        raise InvalidParameterValue(f"'{days}' at 'retentionInDays' is not valid. Valid values are: {offered}")
    return days


def with_filter(present: tuple[SubscriptionFilter, ...], given: SubscriptionFilter) -> tuple[SubscriptionFilter, ...]:
    """The filters after putting one: it takes the place of the one with its name. Raises LogLimitExceeded."""
    kept = {each.name: each for each in present}
    before = kept.get(given.name)
    if before is None and len(kept) >= _SUBSCRIPTION_FILTERS:
        raise LogLimitExceeded("Resource limit exceeded.")
    kept[given.name] = given
    return tuple(sorted(kept.values(), key=lambda each: each.name))
