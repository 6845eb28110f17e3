"""Who may have how much provisioned concurrency (Developer Guide, provisioned-concurrency; facts F2, F3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lambent.core.alias import Alias
from lambent.core.errors import InvalidParameterValue, ProvisionedConcurrencyConfigNotFound, ResourceConflict
from lambent.core.function import LATEST, FunctionConfiguration
from lambent.core.limits import MINIMUM_UNRESERVED_CONCURRENCY
from lambent.core.tenancy import refuse_tenancy


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What an account and one of its functions have given away already."""

    account_limit: int
    committed: int
    """Of the account: what functions reserve, and what is provisioned for functions that reserve nothing."""
    reserved: int | None
    """By this function; None when it reserves nothing."""
    provisioned: int
    """For this function, all qualifiers together."""


def check_amount(asked: int, *, present: int, budget: Budget) -> None:
    """Raise InvalidParameterValue for more than the function's reservation, or the account's unreserved pool, allows.

    `present` is what the qualifier has now (part of `budget.provisioned`). Lowering is always allowed.
    """
    total = budget.provisioned - present + asked
    if asked <= present:
        return
    if budget.reserved is not None:
        if total > budget.reserved:
            raise InvalidParameterValue(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
            )
        return
    minimum = min(MINIMUM_UNRESERVED_CONCURRENCY, budget.account_limit)
    if budget.account_limit - (budget.committed - budget.provisioned + total) < minimum:
        raise InvalidParameterValue(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum "
            f"value of [{minimum}]."
        )


def check_covers_provisioned(reserved: int, *, provisioned: int) -> None:
    """Raise InvalidParameterValue when a reservation is less than what is provisioned for the function."""
    if reserved < provisioned:
        raise InvalidParameterValue(
            f"ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned concurrency "
            f"[{provisioned}]."
        )


def check_qualifier(qualifier: str, alias: Alias | None) -> None:
    """Raise InvalidParameterValue for `$LATEST`, an alias of it, and an alias with weights: its settings cannot be changed
    as long as it has them (Developer Guide, provisioned-concurrency)."""
    if LATEST in (qualifier, None if alias is None else alias.version):
        raise _unpublished()
    if alias is not None and alias.routing:
        raise InvalidParameterValue("Alias with weights can not be used with Provisioned Concurrency")


def check_is_version_or_alias(qualifier: str) -> None:
    """Raise InvalidParameterValue for `$LATEST`, which has no config to read or to delete."""
    if qualifier == LATEST:
        raise InvalidParameterValue("The function resource provided must be an alias or a published version.")


def check_configuration_allows(configuration: FunctionConfiguration) -> None:
    """Raise InvalidParameterValue for a version with SnapStart or tenant isolation: they exclude each other."""
    refuse_tenancy(configuration, "Provisioned Concurrency")
    snap_start = configuration.settings.get("SnapStart")
    if isinstance(snap_start, Mapping) and snap_start.get("ApplyOn") == "PublishedVersions":
        raise InvalidParameterValue("Provisioned Concurrency is not supported for functions with SnapStart enabled.")


def check_no_overlap(qualifier: str, alias: Alias | None, *, configured: Iterable[str], aliases: Mapping[str, Alias]) -> None:
    """Raise ResourceConflict when a version would be provisioned both by its number and through an alias.

    `configured` are the qualifiers that have a config, `aliases` those of them that are aliases.
    """
    versions = set(configured) - set(aliases)
    if alias is not None and versions & {alias.version, *alias.routing}:
        raise ResourceConflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
    if alias is None and any(qualifier in (each.version, *each.routing) for each in aliases.values()):
        raise ResourceConflict("Version is currently pointed by a Provisioned Concurrency alias")


def check_alias_may_move(
    alias: Alias, targets: Iterable[FunctionConfiguration], *, configured: Iterable[str], aliases: Mapping[str, Alias]
) -> None:
    """Raise for what an alias that has provisioned concurrency may not come to point to; any other alias may.

    `targets` are the configurations of the versions that it is to point to.
    """
    if alias.name not in aliases:
        return
    if alias.version == LATEST:
        raise _unpublished()
    for target in targets:
        check_configuration_allows(target)
    check_no_overlap(alias.name, alias, configured=configured, aliases=aliases)


def no_config() -> ProvisionedConcurrencyConfigNotFound:
    """The answer for a qualifier without a config."""
    return ProvisionedConcurrencyConfigNotFound("No Provisioned Concurrency Config found for this function")


def _unpublished() -> InvalidParameterValue:
    return InvalidParameterValue("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
