"""Provisioned concurrency configs: put, read, delete, list; each with how far its allocation has come."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambent.control.revisions import Revisions
from lambent.core.addressing import function_not_found
from lambent.core.alias import Alias
from lambent.core.errors import ResourceNotFound
from lambent.core.function import LATEST, FunctionKey, FunctionVersion
from lambent.core.names import FunctionReference, is_version_number
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import Chance, Clock, StaleWrite, Store
from lambent.core.provisioned_concurrency import Allocation, ProvisionedConcurrencyConfig, Standings, allocations
from lambent.core.provisioned_rules import (
    Budget,
    check_alias_may_move,
    check_amount,
    check_configuration_allows,
    check_is_version_or_alias,
    check_no_overlap,
    check_qualifier,
    no_config,
)

_LIST = "provisioned-concurrency"

Provisioned = tuple[ProvisionedConcurrencyConfig, Allocation]


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """All provisioned concurrency of one function."""

    configs: Sequence[ProvisionedConcurrencyConfig]
    """By qualifier."""
    aliases: Mapping[str, Alias]
    """Those of the qualifiers that are aliases."""

    @property
    def qualifiers(self) -> Sequence[str]:
        """What has a config."""
        return [each.qualifier for each in self.configs]

    @property
    def total(self) -> int:
        """Environments, all qualifiers together."""
        return sum(each.requested for each in self.configs)

    def requested(self, qualifier: str) -> int:
        """By one qualifier; 0 without a config."""
        return sum(each.requested for each in self.configs if each.qualifier == qualifier)


async def configured(store: Store, key: FunctionKey) -> Configured:
    """What a function has provisioned."""
    configs = await store.provisioned_concurrency(key)
    names = [each.qualifier for each in configs if not is_version_number(each.qualifier)]
    found = {name: await store.alias(key, name) for name in names}
    return Configured(configs=configs, aliases={name: alias for name, alias in found.items() if alias is not None})


async def check_alias(store: Store, alias: Alias, targets: Sequence[FunctionVersion]) -> None:
    """Raise ResourceConflict or InvalidParameterValue when the alias is provisioned and may not come to these versions."""
    now = await configured(store, alias.key)
    configurations = [each.configuration for each in targets]
    check_alias_may_move(alias, configurations, configured=now.qualifiers, aliases=now.aliases)


class ProvisionedConcurrencyControl:
    """Use cases on provisioned concurrency configs. Whoever writes one holds `reserving`, as whoever reserves does."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chance: Chance,
        *,
        reserving: asyncio.Lock,
        standings: Standings,
        account_concurrency: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._revisions = Revisions(store, chance)
        self._reserving = reserving
        self._standings = standings
        self._account_concurrency = account_concurrency

    async def put(self, reference: FunctionReference, requested: int) -> Provisioned:
        """Insert or replace; what is there of it already is in the Allocation.

        Raises ResourceNotFound, InvalidParameterValue (`$LATEST`, a weighted alias, SnapStart, more than may be had),
        ResourceConflict (the version would be provisioned twice).
        """
        key, qualifier = reference.key, _qualifier(reference)
        async with self._reserving:
            config = ProvisionedConcurrencyConfig(
                key=key, qualifier=qualifier, requested=requested, last_modified=self._clock.now()
            )
            await self._check(reference, config)
            try:
                await self._store.put_provisioned_concurrency(config)
            except StaleWrite as error:
                raise function_not_found(reference.arn) from error
        return await self._one(reference)

    async def get(self, reference: FunctionReference) -> Provisioned:
        """Raises ResourceNotFound (function or qualifier), ProvisionedConcurrencyConfigNotFound, InvalidParameterValue."""
        await self._existing(reference)
        return await self._one(reference)

    async def delete(self, reference: FunctionReference) -> None:
        """One that is not there is no error: the operation is idempotent. Raises ResourceNotFound, InvalidParameterValue."""
        await self._existing(reference)
        await self._store.delete_provisioned_concurrency(reference.key, _qualifier(reference))

    async def list(self, key: FunctionKey, page: Page) -> tuple[Sequence[Provisioned], str | None]:
        """By qualifier, with the next marker. Raises ResourceNotFound, InvalidParameterValue (marker)."""
        await self._revisions.load(key)
        after = text_position(_LIST, page.marker) or ""
        found = [each for each in await self._all(key) if each[0].qualifier > after]
        shown = found[: page.size]
        return shown, encode_marker(_LIST, shown[-1][0].qualifier) if len(found) > page.size else None

    async def _check(self, reference: FunctionReference, config: ProvisionedConcurrencyConfig) -> None:
        key, qualifier = config.key, config.qualifier
        function = await self._revisions.load(key)
        alias = None if qualifier == LATEST or is_version_number(qualifier) else await self._alias(reference)
        check_qualifier(qualifier, alias)
        check_configuration_allows((await self._revisions.find(reference)).version.configuration)
        now = await configured(self._store, key)
        check_no_overlap(qualifier, alias, configured=now.qualifiers, aliases=now.aliases)
        budget = Budget(
            account_limit=self._account_concurrency,
            committed=(await self._store.usage(key.owner)).committed_concurrency,
            reserved=function.reserved_concurrency,
            provisioned=now.total,
        )
        check_amount(config.requested, present=now.requested(qualifier), budget=budget)

    async def _existing(self, reference: FunctionReference) -> None:
        """Raise unless this is a published version or an alias that exists."""
        qualifier = _qualifier(reference)
        check_is_version_or_alias(qualifier)
        await self._revisions.load(reference.key)
        if is_version_number(qualifier):
            await self._revisions.find(reference)
        else:
            await self._alias(reference)

    async def _alias(self, reference: FunctionReference) -> Alias:
        alias = await self._store.alias(reference.key, _qualifier(reference))
        if alias is None:
            raise ResourceNotFound(f"Cannot find alias arn: {reference.arn}")
        return alias

    async def _one(self, reference: FunctionReference) -> Provisioned:
        for config, allocation in await self._all(reference.key):
            if config.qualifier == _qualifier(reference):
                return config, allocation
        raise no_config()

    async def _all(self, key: FunctionKey) -> Sequence[Provisioned]:
        now = await configured(self._store, key)
        found = allocations(now.configs, now.aliases, self._standings)
        return [(config, found[config.qualifier]) for config in now.configs]


def _qualifier(reference: FunctionReference) -> str:
    return reference.qualifier or LATEST
