"""Concurrency: how many invocations may run at once, as arithmetic (Developer Guide, lambda-concurrency; facts F1, F2)."""

from lambent.core.errors import ThrottleReason, TooManyRequests


class FullyThrottled(TooManyRequests):
    """The function's reserved concurrency is 0: waiting does not help."""


def throttle_reserved(*, reserved: int, running: int) -> ThrottleReason | None:
    """Whether a function with reserved concurrency is full; 0 reserved means always.

    `running` counts this function's invocations, all versions together. Where environments are provisioned, neither number has
    those and what runs on them.
    """
    return ThrottleReason.RESERVED_CONCURRENCY if running >= reserved else None


def throttle_unreserved(*, account_limit: int, reserved_total: int, running: int) -> ThrottleReason | None:
    """Whether the account's unreserved pool is full.

    `reserved_total` is what the account's functions reserve, and what is provisioned for those that reserve nothing: taken off
    the limit whether used or not. `running` counts the other invocations of functions without a reservation.
    """
    return ThrottleReason.ACCOUNT_CONCURRENCY if running >= account_limit - reserved_total else None
