"""The runtime identifiers that Lambda knows, and what its deprecation schedule still allows with each."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lambent.core.errors import InvalidParameterValue, OperationNotImplemented


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeFacts:
    """One row of the table (Developer Guide, lambda-runtimes; facts E8). Invoking is always allowed."""

    create_blocked: date | None = None
    """The day from which no function may be created; None: no day has been set."""
    update_blocked: date | None = None
    """The day from which no function may be updated."""
    snap_start: bool = False
    """Whether SnapStart may be turned on (Developer Guide, snapstart)."""


CUSTOMER_MANAGED = "custom"
"""The runtime that RuntimeConfig names, which the platform's user made (facts I8)."""

_LONG_AGO = date(1970, 1, 1)
_CREATE_BLOCKED, _UPDATE_BLOCKED = date(2027, 2, 1), date(2027, 3, 3)
"""The days that AWS has set for runtimes that are deprecated and still allowed."""

_FULL = RuntimeFacts()
_SNAP_START = RuntimeFacts(snap_start=True)
_DEPRECATED = RuntimeFacts(create_blocked=_CREATE_BLOCKED, update_blocked=_UPDATE_BLOCKED)
_UPDATE_ONLY = RuntimeFacts(create_blocked=_LONG_AGO, update_blocked=_UPDATE_BLOCKED)
_BLOCKED = RuntimeFacts(create_blocked=_LONG_AGO, update_blocked=_LONG_AGO)

RUNTIMES: dict[str, RuntimeFacts] = {
    **dict.fromkeys(("python3.15", "python3.14", "python3.13", "python3.12"), _SNAP_START),
    **dict.fromkeys(("python3.11", "python3.10"), _FULL),
    **dict.fromkeys(("python3.9", "python3.8"), _DEPRECATED),
    **dict.fromkeys(("nodejs26.x", "nodejs24.x", "nodejs22.x"), _FULL),
    **dict.fromkeys(("nodejs20.x", "nodejs18.x", "nodejs16.x"), _DEPRECATED),
    **dict.fromkeys(("java25", "java21", "java17", "java11", "java17.al2023", "java11.al2023"), _SNAP_START),
    **dict.fromkeys(("java8.al2", "java8.al2023"), _FULL),
    **dict.fromkeys(("dotnet10", "dotnet8"), _SNAP_START),
    "dotnet6": _DEPRECATED,
    **dict.fromkeys(("ruby4.0", "ruby3.4", "ruby3.3"), _FULL),
    "ruby3.2": _DEPRECATED,
    "provided.al2023": _FULL,
    "provided.al2": _DEPRECATED,
    CUSTOMER_MANAGED: _FULL,
    **dict.fromkeys(("java8", "go1.x", "provided", "ruby2.7", "nodejs14.x", "python3.7"), _UPDATE_ONLY),
    **dict.fromkeys(("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x"), _BLOCKED),
    **dict.fromkeys(("python2.7", "python3.6", "ruby2.5"), _BLOCKED),
    **dict.fromkeys(("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"), _BLOCKED),
}
"""By identifier: every value of the service model's Runtime enumeration (a test compares)."""


def check_known_runtime(identifier: str) -> None:
    """Raise InvalidParameterValue for an identifier that is not in the table."""
    if identifier not in RUNTIMES:
        raise InvalidParameterValue(
            f"Value {identifier} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(RUNTIMES)}] or be a valid ARN"
        )


def check_runtime(identifier: str, *, creating: bool, now: float) -> None:
    """Raise InvalidParameterValue for an unknown runtime, or when deprecation blocks creating (or updating) functions with it
    at `now` (epoch seconds); OperationNotImplemented for customer-managed runtimes."""
    check_known_runtime(identifier)
    if identifier == CUSTOMER_MANAGED:
        raise OperationNotImplemented("Customer-managed runtimes (Runtime custom) are not implemented by Lambent.")
    facts = RUNTIMES[identifier]
    blocked = facts.create_blocked if creating else facts.update_blocked
    if blocked is not None and datetime.fromtimestamp(now, UTC).date() >= blocked:
        raise InvalidParameterValue(
            f"The runtime parameter of {identifier} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )


def supports_snap_start(identifier: str | None) -> bool:
    """Whether SnapStart may be turned on for this runtime."""
    return identifier in RUNTIMES and RUNTIMES[identifier].snap_start


def runtime_version_arn(identifier: str, *, region: str) -> str:
    """The ARN of RuntimeVersionConfig: an AWS-owned resource (no account) named by a digest (facts A4).

    The digest is derived from the identifier, so it is the same for every function of a runtime.
    """
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(identifier.encode()).hexdigest()}"
