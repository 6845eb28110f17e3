"""Aliases: create, read, update, delete, list."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lambent.control.provisioned_concurrency import check_alias
from lambent.control.revisions import Revisions, check_revision
from lambent.core.addressing import function_not_found
from lambent.core.alias import Alias
from lambent.core.alias_rules import check_routing, check_same_role_and_dead_letters
from lambent.core.errors import ResourceConflict, ResourceNotFound
from lambent.core.function import LATEST, FunctionKey, FunctionVersion
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import AlreadyStored, Chance, StaleWrite, Store

_LIST = "aliases"
_ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class AliasEdit:
    """What CreateAlias and UpdateAlias are given; None leaves a member as it is."""

    version: str | None = None
    description: str | None = None
    routing: Mapping[str, float] | None = None
    """Empty removes the additional version."""


class AliasControl:
    """Use cases on aliases."""

    def __init__(self, store: Store, chance: Chance, *, reserving: asyncio.Lock) -> None:
        """`reserving`: what an alias may move to depends on what is provisioned, so the two must not be checked side by side."""
        self._store = store
        self._chance = chance
        self._revisions = Revisions(store, chance)
        self._reserving = reserving

    async def create(self, key: FunctionKey, name: str, edit: AliasEdit) -> Alias:
        """Raises ResourceNotFound (function or version), ResourceConflict (it exists), InvalidParameterValue (routing)."""
        blank = Alias(key=key, name=name, version=LATEST, revision_id="")
        for _ in range(_ATTEMPTS):
            alias = await self._edited(blank, edit)
            try:
                await self._store.add_alias(alias)
            except AlreadyStored as error:
                raise ResourceConflict(f"Alias already exists: {alias.arn}") from error
            except StaleWrite:  # a version went away meanwhile: look again, and say which
                continue
            return alias
        raise _contended(blank)

    async def get(self, key: FunctionKey, name: str) -> Alias:
        """Raises ResourceNotFound."""
        alias = await self._store.alias(key, name)
        if alias is None:
            raise ResourceNotFound(f"Cannot find alias arn: {key.qualified_arn(name)}")
        return alias

    async def update(self, key: FunctionKey, name: str, edit: AliasEdit, *, revision_id: str | None) -> Alias:
        """Raises as `create`, and PreconditionFailed; also for where provisioned concurrency may not go."""
        for _ in range(_ATTEMPTS):
            alias = await self._existing(key, name)
            check_revision(alias.revision_id, revision_id)
            async with self._reserving:
                changed = await self._edited(alias, edit)
                try:
                    await self._store.replace_alias(changed, expected_revision=alias.revision_id)
                except StaleWrite:
                    continue
            return changed
        raise _contended(alias)

    async def delete(self, key: FunctionKey, name: str) -> None:
        """An alias that is not there is no error. Raises ResourceNotFound for the function."""
        await self._revisions.load(key)
        await self._store.delete_alias(key, name)

    async def list(self, key: FunctionKey, version: str | None, page: Page) -> tuple[Sequence[Alias], str | None]:
        """By name; `version` keeps those that refer to it. Raises ResourceNotFound, InvalidParameterValue (marker)."""
        await self._revisions.load(key)
        after = text_position(_LIST, page.marker)
        found = await self._store.aliases(key, version=version, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_LIST, shown[-1].name) if len(found) > page.size else None

    async def _existing(self, key: FunctionKey, name: str) -> Alias:
        await self._revisions.load(key)
        alias = await self._store.alias(key, name)
        if alias is None:
            raise ResourceNotFound(f"Alias not found: {key.qualified_arn(name)}")
        return alias

    async def _edited(self, alias: Alias, edit: AliasEdit) -> Alias:
        version = alias.version if edit.version is None else edit.version
        routing = alias.routing if edit.routing is None else edit.routing
        check_routing(version, routing)
        targets = [await self._target(alias.key, number) for number in (version, *routing)]
        check_same_role_and_dead_letters(targets)
        changed = replace(
            alias,
            version=version,
            routing=dict(routing),
            description=alias.description if edit.description is None else edit.description,
            revision_id=self._chance.uuid(),
        )
        await check_alias(self._store, changed, targets)
        return changed

    async def _target(self, key: FunctionKey, number: str) -> FunctionVersion:
        function = await self._revisions.load(key)
        version = function.latest if number == LATEST else await self._revisions.published(key, number)
        if version is None:
            raise function_not_found(key.qualified_arn(number))
        return version


def _contended(alias: Alias) -> ResourceConflict:
    return ResourceConflict(f"The operation cannot be performed at this time. An update is in progress for resource: {alias.arn}")
