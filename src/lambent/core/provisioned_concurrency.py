"""Provisioned concurrency (facts F3): how many environments a version or alias has initialised ahead, and how many are there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lambent.core.alias import Alias
from lambent.core.function import LATEST, FunctionKey
from lambent.core.names import is_version_number

INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
"""StatusReason when the function's own init is at fault."""
NOT_PUBLISHED = "The alias does not point to a published version."
"""StatusReason when an alias came to point to `$LATEST` after it was given provisioned concurrency."""


class AllocationStatus(StrEnum):
    """How far the allocation has come (shape ProvisionedConcurrencyStatusEnum)."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedConcurrencyConfig:
    """What was asked for one qualifier. Whether it is there is an Allocation."""

    key: FunctionKey
    qualifier: str
    """A version number or an alias; never `$LATEST`."""
    requested: int
    """Environments, from 1."""
    last_modified: float
    """Epoch seconds."""

    @property
    def arn(self) -> str:
        """The function's ARN with the qualifier."""
        return self.key.qualified_arn(self.qualifier)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What this machine has for one version right now."""

    ready: int = 0
    """Environments that are initialised, idle or busy."""
    failure: str | None = None
    """Why more of them could not be had, until one could."""
    failed_at: float = 0.0
    """Epoch seconds of that failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocation:
    """How far the environments of one config have come."""

    allocated: int
    status: AllocationStatus
    reason: str | None = None


Standings = Callable[[FunctionKey, str], Standing]
"""The standing of a version (its number) of a function."""


def nothing_stands(_key: FunctionKey, _version: str) -> Standing:
    """The Standings of a place that runs no functions."""
    return Standing()


def shares(config: ProvisionedConcurrencyConfig, alias: Alias | None) -> Mapping[str, int]:
    """How many environments each version gets; `alias` is the config's, None when its qualifier is a version.

    A weighted alias splits by weight, rounded to the nearest (half up for the additional version). Empty when there is no
    published version to give them to.
    """
    if alias is None:
        return {config.qualifier: config.requested} if is_version_number(config.qualifier) else {}
    split = {version: int(config.requested * weight + 0.5) for version, weight in alias.routing.items()}
    split[alias.version] = config.requested - sum(split.values())
    return {version: count for version, count in split.items() if count > 0 and version != LATEST}


def wanted(configs: Sequence[ProvisionedConcurrencyConfig], aliases: Mapping[str, Alias]) -> Mapping[str, int]:
    """How many environments each version of one function is to have, by number."""
    total: dict[str, int] = {}
    for config in configs:
        for version, count in shares(config, aliases.get(config.qualifier)).items():
            total[version] = total.get(version, 0) + count
    return total


def allocations(
    configs: Sequence[ProvisionedConcurrencyConfig], aliases: Mapping[str, Alias], standings: Standings
) -> Mapping[str, Allocation]:
    """How far each config of one function has come, by qualifier.

    Aliases that point to the same version share its environments: the first in the list has them first. READY only when all
    are initialised; FAILED when some are missing and the last try failed after the config was given.
    """
    left: dict[str, int] = {}
    found: dict[str, Allocation] = {}
    for config in configs:
        split = shares(config, aliases.get(config.qualifier))
        standing = {version: standings(config.key, version) for version in split}
        allocated, reason = 0, None if split else NOT_PUBLISHED
        for version, count in split.items():
            here = min(count, left.get(version, standing[version].ready))
            left[version] = left.get(version, standing[version].ready) - here
            allocated += here
            if here < count and standing[version].failed_at >= config.last_modified:
                reason = reason or standing[version].failure
        found[config.qualifier] = _allocation(config.requested, allocated, reason)
    return found


def _allocation(requested: int, allocated: int, reason: str | None) -> Allocation:
    if allocated == requested:
        return Allocation(allocated=allocated, status=AllocationStatus.READY)
    status = AllocationStatus.IN_PROGRESS if reason is None else AllocationStatus.FAILED
    return Allocation(allocated=allocated, status=status, reason=reason)
