"""Asynchronous events: what the durable queue holds, and what happens next to one that has been tried (facts C1)."""

import zlib
from dataclasses import dataclass, replace
from enum import StrEnum

from lambent.core.concurrency import FullyThrottled
from lambent.core.errors import LambdaError, ResourceConflict, ServiceError, TooManyRequests
from lambent.core.invocation import InvokeResult

MAXIMUM_RETRIES = 2
"""Retries after function errors (MaximumRetryAttempts' default)."""
MAXIMUM_AGE_SECONDS = 21_600.0
"""MaximumEventAgeInSeconds' default: 6 hours."""
RETRY_WAIT_SECONDS = (60.0, 120.0)
"""The wait before the second attempt and before the third."""
BACK_OFF_SECONDS = (1.0, 300.0)
"""Throttles and service errors: the first wait, doubled each time, and the longest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncEvent:
    """One accepted `Event` invocation."""

    event_id: str
    """The request id: the same for every attempt."""
    account: str
    region: str
    function: str
    """The function's name."""
    qualifier: str | None
    """As invoked; None when the caller gave none."""
    payload: bytes
    accepted: float
    """Epoch seconds."""
    due: float
    """Epoch seconds: not to be tried before."""
    attempts: int = 0
    """Finished attempts."""
    trace_id: str = ""
    tenant_id: str | None = None


class Condition(StrEnum):
    """Why an event left the queue (the `condition` of a destination record, facts C3)."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventInvokeLimits:
    """How often and how long an event is tried."""

    maximum_retries: int = MAXIMUM_RETRIES
    """0 to 2."""
    maximum_age: float = MAXIMUM_AGE_SECONDS
    """Seconds, 60 to 21,600."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Try again: the event with its new attempt count and due time."""

    event: AsyncEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """Done with the event: the facts that its record needs."""

    event: AsyncEvent
    """`attempts` counts the attempts that ran."""
    condition: Condition
    result: InvokeResult | None
    """How the last attempt ended; None when the function did not run."""


def next_step(
    event: AsyncEvent, outcome: InvokeResult | LambdaError, now: float, limits: EventInvokeLimits | None = None
) -> Retry | Finish:
    """What happens to an event that was just tried: `outcome` is its result, or why the function did not run.

    Function errors are retried `maximum_retries` times, after one minute and after two. Throttles and service errors use no
    retry: they back off from 1 s to 5 min until the event is too old. Reserved concurrency 0 and requests that can never
    succeed (the function is gone) finish at once (Developer Guide, invocation-async-error-handling).
    """
    limits = limits or EventInvokeLimits()
    if isinstance(outcome, LambdaError):
        return _not_run(event, outcome, now, limits)
    tried = replace(event, attempts=event.attempts + 1)
    if outcome.outcome.function_error is None:
        return Finish(event=tried, condition=Condition.SUCCESS, result=outcome)
    if tried.attempts > limits.maximum_retries:
        return Finish(event=tried, condition=Condition.RETRIES_EXHAUSTED, result=outcome)
    due = now + RETRY_WAIT_SECONDS[min(tried.attempts, len(RETRY_WAIT_SECONDS)) - 1]
    if due > event.accepted + limits.maximum_age:
        return Finish(event=tried, condition=Condition.EVENT_AGE_EXCEEDED, result=outcome)
    return Retry(event=replace(tried, due=due))


def expired(event: AsyncEvent, now: float, limits: EventInvokeLimits | None = None) -> Finish | None:
    """Not tried any more: the event grew too old while it waited."""
    if now <= event.accepted + (limits or EventInvokeLimits()).maximum_age:
        return None
    return Finish(event=event, condition=Condition.EVENT_AGE_EXCEEDED, result=None)


def _not_run(event: AsyncEvent, error: LambdaError, now: float, limits: EventInvokeLimits) -> Retry | Finish:
    if isinstance(error, FullyThrottled) or not isinstance(error, TooManyRequests | ServiceError | ResourceConflict):
        return Finish(event=event, condition=Condition.RETRIES_EXHAUSTED, result=None)
    due = now + _back_off(event, now)
    if due > event.accepted + limits.maximum_age:
        return Finish(event=event, condition=Condition.EVENT_AGE_EXCEEDED, result=None)
    return Retry(event=replace(event, due=due))


def _back_off(event: AsyncEvent, now: float) -> float:
    """Seconds. To wait as long again as has been waited doubles the wait each time, and needs nothing stored."""
    shortest, longest = BACK_OFF_SECONDS
    began = event.accepted + sum(RETRY_WAIT_SECONDS[: event.attempts])
    return min(max(now - began, shortest), longest) * _spread(event)


def _spread(event: AsyncEvent) -> float:
    """0.5 to 1.5, by the event's id: events that were throttled together must not come again together, for ever."""
    return 0.5 + zlib.crc32(event.event_id.encode()) / 2**32
