"""The runtime identifiers that Lambda knows, and what its deprecation schedule still allows with each."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from lambent.core.errors import InvalidParameterValue


class RuntimeSupport(StrEnum):
    """What may be done with a runtime (Developer Guide, lambda-runtimes; facts E8). Invoking is always allowed."""

    FULL = "full"
    """Supported, or deprecated with creating and updating still allowed."""
    UPDATE_ONLY = "update-only"
    """Creating functions is blocked, updating them is not."""
    BLOCKED = "blocked"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeFacts:
    """One row of the table."""

    support: RuntimeSupport = RuntimeSupport.FULL
    snap_start: bool = False
    """Whether SnapStart may be turned on (Developer Guide, snapstart)."""


_FULL = RuntimeFacts()
_SNAP_START = RuntimeFacts(snap_start=True)
_UPDATE_ONLY = RuntimeFacts(support=RuntimeSupport.UPDATE_ONLY)
_BLOCKED = RuntimeFacts(support=RuntimeSupport.BLOCKED)

RUNTIMES: dict[str, RuntimeFacts] = {
    **dict.fromkeys(("python3.15", "python3.14", "python3.13", "python3.12"), _SNAP_START),
    **dict.fromkeys(("python3.11", "python3.10", "python3.9", "python3.8"), _FULL),
    **dict.fromkeys(("nodejs26.x", "nodejs24.x", "nodejs22.x", "nodejs20.x", "nodejs18.x", "nodejs16.x"), _FULL),
    **dict.fromkeys(("java25", "java21", "java17", "java11", "java17.al2023", "java11.al2023"), _SNAP_START),
    **dict.fromkeys(("java8.al2", "java8.al2023"), _FULL),
    **dict.fromkeys(("dotnet10", "dotnet8"), _SNAP_START),
    "dotnet6": _FULL,
    **dict.fromkeys(("ruby4.0", "ruby3.4", "ruby3.3", "ruby3.2"), _FULL),
    **dict.fromkeys(("provided.al2023", "provided.al2"), _FULL),
    "custom": _FULL,
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


def check_runtime(identifier: str, *, creating: bool) -> None:
    """Raise InvalidParameterValue for an unknown runtime, or when deprecation blocks creating (or updating) functions with it."""
    check_known_runtime(identifier)
    support = RUNTIMES[identifier].support
    if support is RuntimeSupport.BLOCKED or (creating and support is RuntimeSupport.UPDATE_ONLY):
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
