"""Event source mappings: create, update, read, list, delete. What a write begins, `mapping_transitions` brings to its end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lambent.control.revisions import Revisions
from lambent.core.errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection, MappingState
from lambent.core.event_source_settings import check_function_timeout, edited_settings, new_settings
from lambent.core.event_source_states import refuse_while_in_use, updating
from lambent.core.function import Owner
from lambent.core.names import FunctionReference
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import AlreadyStored, Chance, Clock, StaleWrite, Store
from lambent.core.tenancy import refuse_tenancy

_LIST = "event-source-mappings"
_ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingCreation:
    """What CreateEventSourceMapping is given."""

    source: EventSource
    function: FunctionReference
    settings: Mapping[str, Any]
    enabled: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    """Already merged by the rules of tags."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingEdit:
    """What UpdateEventSourceMapping is given; None leaves a member as it is."""

    settings: Mapping[str, Any]
    function: FunctionReference | None = None
    enabled: bool | None = None


class EventSourceMappingControl:
    """Use cases on event source mappings. A mapping outlives its function (AWS API reference, DeleteFunction)."""

    def __init__(self, store: Store, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._revisions = Revisions(store, chance)

    async def create(self, owner: Owner, creation: MappingCreation) -> EventSourceMapping:
        """A mapping that is Creating. Raises InvalidParameterValue (also for an unknown function), ResourceConflict."""
        uuid, now = self._chance.uuid(), self._clock.now()
        settings = new_settings(creation.source, creation.settings, uuid=uuid, now=now)
        await self._check_function(creation.source, creation.function)
        mapping = EventSourceMapping(
            key=MappingKey(owner=owner, uuid=uuid),
            source=creation.source,
            function=creation.function.key,
            qualifier=creation.function.qualifier,
            state=MappingState.CREATING,
            enabled=creation.enabled,
            revision_id=self._chance.uuid(),
            last_modified=now,
            settings=settings,
            tags=creation.tags,
        )
        try:
            await self._store.add_event_source_mapping(mapping)
        except AlreadyStored as error:
            raise await self._already_exists(mapping) from error
        return mapping

    async def update(self, key: MappingKey, edit: MappingEdit) -> EventSourceMapping:
        """The mapping with the change begun. Raises ResourceNotFound, ResourceInUse, and as `create`."""
        if edit.function is not None:
            await self._check_function((await self.get(key)).source, edit.function)

        def change(mapping: EventSourceMapping) -> EventSourceMapping:
            refuse_while_in_use(mapping, "update")
            function = edit.function or FunctionReference(key=mapping.function, qualifier=mapping.qualifier)
            changed = replace(
                mapping,
                function=function.key,
                qualifier=function.qualifier,
                enabled=mapping.enabled if edit.enabled is None else edit.enabled,
                settings=edited_settings(mapping, edit.settings),
                last_modified=self._clock.now(),
            )
            return replace(changed, state=updating(mapping, changed))

        return await self.revise(key, change)

    async def delete(self, key: MappingKey) -> EventSourceMapping:
        """The mapping, Deleting. Raises ResourceNotFound, ResourceInUse."""

        def change(mapping: EventSourceMapping) -> EventSourceMapping:
            refuse_while_in_use(mapping, "delete")
            return replace(mapping, state=MappingState.DELETING, last_modified=self._clock.now())

        return await self.revise(key, change)

    async def get(self, key: MappingKey) -> EventSourceMapping:
        """Raises ResourceNotFound."""
        mapping = await self._store.event_source_mapping(key)
        if mapping is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return mapping

    async def list(
        self, owner: Owner, selection: MappingSelection, page: Page
    ) -> tuple[Sequence[EventSourceMapping], str | None]:
        """By UUID, with the next marker; a function that does not exist has none. Raises InvalidParameterValue (marker)."""
        after = text_position(_LIST, page.marker)
        found = await self._store.event_source_mappings(owner, selection, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_LIST, shown[-1].key.uuid) if len(found) > page.size else None

    async def revise(self, key: MappingKey, change: Callable[[EventSourceMapping], EventSourceMapping]) -> EventSourceMapping:
        """Apply a pure change to the freshest mapping and store it under a new revision; returns it as stored.

        Raises ResourceNotFound, ResourceConflict (another mapping is alike, or too much contention), and what `change` raises.
        """
        for _ in range(_ATTEMPTS):
            mapping = await self.get(key)
            changed = replace(change(mapping), revision_id=self._chance.uuid())
            try:
                await self._store.replace_event_source_mapping(changed, expected_revision=mapping.revision_id)
            except StaleWrite:
                continue
            except AlreadyStored as error:
                raise await self._already_exists(changed) from error
            return changed
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {key.arn}"
        )

    async def _check_function(self, source: EventSource, reference: FunctionReference) -> None:
        try:
            found = await self._revisions.find(reference)
        except ResourceNotFound as error:
            raise InvalidParameterValue("Function does not exist") from error
        refuse_tenancy(found.version.configuration, "Event source mapping")
        check_function_timeout(source, found.version.configuration.timeout)

    async def _already_exists(self, mapping: EventSourceMapping) -> ResourceConflict:
        other = await self._store.event_source_mapping_like(mapping)
        uuid = "" if other is None else f" {other.key.uuid}"
        kind, name, function = mapping.source.kind, mapping.source.name, mapping.function.name
        if kind in (SourceKind.KINESIS, SourceKind.DYNAMODB):
            text = f'The event source arn (" {name} ") and function (" {function} ") provided mapping already exists.'
        else:
            word = "SQS" if kind in (SourceKind.SQS, SourceKind.SQS_FIFO) else "event source"
            text = f'An event source mapping with {word} arn (" {name} ") and function (" {function} ") already exists.'
        return ResourceConflict(f"{text} Please update or delete the existing mapping with UUID{uuid}")
