"""Event invoke configs: put, update, read, delete, list."""

import asyncio
from collections.abc import Sequence

from lambent.control.revisions import Revisions
from lambent.core.errors import ResourceNotFound
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.event_invoke_rules import EventInvokeEdit, edited, no_event_invoke_config
from lambent.core.function import LATEST, FunctionKey
from lambent.core.names import FunctionReference
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import Chance, Clock, StaleWrite, Store

_LIST = "event-invoke-configs"


class EventInvokeControl:
    """Use cases on event invoke configs. Each qualifier has its own; one without a qualifier is that of `$LATEST`."""

    def __init__(self, store: Store, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._revisions = Revisions(store, chance)
        self._updating = asyncio.Lock()
        """An update reads, decides and writes: two must not do so side by side."""

    async def put(self, reference: FunctionReference, edit: EventInvokeEdit) -> EventInvokeConfig:
        """Replaces the whole config. Raises ResourceNotFound (function or qualifier), InvalidParameterValue."""
        await self._check_exists(reference)
        blank = EventInvokeConfig(key=reference.key, qualifier=_qualifier(reference), last_modified=0.0)
        config = edited(blank, edit, now=self._clock.now())
        async with self._updating:
            await self._write(config)
        return config

    async def update(self, reference: FunctionReference, edit: EventInvokeEdit) -> EventInvokeConfig:
        """Members that are left out keep their values. Raises as `put`, and ResourceNotFound without a config."""
        async with self._updating:
            config = edited(await self.get(reference), edit, now=self._clock.now())
            await self._write(config)
        return config

    async def get(self, reference: FunctionReference) -> EventInvokeConfig:
        """Raises ResourceNotFound."""
        qualifier = _qualifier(reference)
        config = await self._store.event_invoke_config(reference.key, qualifier)
        if config is None:
            raise no_event_invoke_config(reference.key.qualified_arn(qualifier))
        return config

    async def delete(self, reference: FunctionReference) -> None:
        """Raises ResourceNotFound."""
        qualifier = _qualifier(reference)
        if not await self._store.delete_event_invoke_config(reference.key, qualifier):
            raise no_event_invoke_config(reference.key.qualified_arn(qualifier))

    async def list(self, key: FunctionKey, page: Page) -> tuple[Sequence[EventInvokeConfig], str | None]:
        """By qualifier, with the next marker. Raises ResourceNotFound, InvalidParameterValue (marker)."""
        await self._check_exists(FunctionReference(key=key))
        after = text_position(_LIST, page.marker)
        found = await self._store.event_invoke_configs(key, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_LIST, shown[-1].qualifier) if len(found) > page.size else None

    async def _check_exists(self, reference: FunctionReference) -> None:
        try:
            await self._revisions.find(reference)
        except ResourceNotFound as error:
            raise ResourceNotFound("The function doesn't exist.") from error

    async def _write(self, config: EventInvokeConfig) -> None:
        try:
            await self._store.put_event_invoke_config(config)
        except StaleWrite as error:
            raise ResourceNotFound("The function doesn't exist.") from error


def _qualifier(reference: FunctionReference) -> str:
    return reference.qualifier or LATEST
