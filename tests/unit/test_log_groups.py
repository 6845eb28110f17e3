"""What may be set on a log group, and what PutLogEvents takes of a batch."""

import pytest

from lambent.core.errors import InvalidParameterValue, LogLimitExceeded
from lambent.core.log_batch import accept
from lambent.core.log_group import DAY_MS, LogGroup, SubscriptionFilter, check_retention, with_filter

NOW = 1_700_000_000_000
HOUR = 60 * 60 * 1000


def batch(*times: int) -> list[tuple[int, bytes]]:
    return [(each, b"x") for each in times]


def taken(*times: int, keeps_from: int = 0) -> tuple[list[int], dict[str, int]]:
    accepted = accept(batch(*times), now_ms=NOW, keeps_from=keeps_from)
    return [each for each, _ in accepted.events], dict(accepted.rejected)


def test_a_batch_is_stored_but_for_what_is_too_new_too_old_or_expired() -> None:
    assert taken(NOW - 5, NOW) == ([NOW - 5, NOW], {})
    assert taken(NOW, NOW + 2 * HOUR, NOW + 2 * HOUR + 1) == ([NOW, NOW + 2 * HOUR], {"tooNewLogEventStartIndex": 2})
    old = NOW - 14 * DAY_MS
    assert taken(old - 2, old - 1, old) == ([old], {"tooOldLogEventEndIndex": 2})
    kept = NOW - 3 * DAY_MS
    assert taken(kept - 1, kept, keeps_from=kept) == ([kept], {"expiredLogEventEndIndex": 1})
    assert taken(old - 1, old, keeps_from=old) == ([old], {"tooOldLogEventEndIndex": 1})
    assert taken(NOW + 9 * HOUR) == ([], {"tooNewLogEventStartIndex": 0})


@pytest.mark.parametrize(
    "events",
    [batch(NOW, NOW - 1), batch(NOW - DAY_MS - 1, NOW), [(NOW, b"x" * (1024 * 1024 - 25))], [(NOW, b"x" * 1000)] * 1023],
)
def test_a_batch_that_breaks_a_rule_is_refused_whole(events: list[tuple[int, bytes]]) -> None:
    with pytest.raises(InvalidParameterValue):
        accept(events, now_ms=NOW, keeps_from=0)


def test_a_batch_may_be_as_large_and_as_long_as_the_limit() -> None:
    assert len(accept([(NOW, b"x" * (1024 * 1024 - 26))], now_ms=NOW, keeps_from=0).events) == 1
    assert taken(NOW - DAY_MS, NOW)[0] == [NOW - DAY_MS, NOW]


def test_retention_is_one_of_the_days_that_aws_offers() -> None:
    assert check_retention(30) == 30
    for days in (0, -1, 2, 3654):
        with pytest.raises(InvalidParameterValue):
            check_retention(days)
    assert LogGroup(name="g", created_ms=0).keeps_from(NOW) == 0
    assert LogGroup(name="g", created_ms=0, retention_days=1).keeps_from(NOW) == NOW - DAY_MS


def test_a_group_has_two_subscription_filters_at_most_and_one_of_a_name() -> None:
    one, two, three = (SubscriptionFilter(name=name, pattern="", destination_arn="a", created_ms=1) for name in "bac")
    both = with_filter(with_filter((), one), two)
    assert [each.name for each in both] == ["a", "b"]
    again = SubscriptionFilter(name="a", pattern="new", destination_arn="a", created_ms=2)
    assert with_filter(both, again) == (again, one)
    with pytest.raises(LogLimitExceeded):
        with_filter(both, three)
