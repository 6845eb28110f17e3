"""The part of the fake Store that keeps event source mappings in a dictionary."""

from collections.abc import Callable, Sequence

from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection
from lambent.core.event_source_states import SETTLED
from lambent.core.function import Owner
from lambent.core.ports import AlreadyStored, StaleWrite


class FakeMappings:
    """Event source mappings by their key."""

    def __init__(self) -> None:
        self._mappings: dict[MappingKey, EventSourceMapping] = {}
        self._mapping_subscribers: list[Callable[[MappingKey], None]] = []

    async def add_event_source_mapping(self, mapping: EventSourceMapping) -> None:
        if mapping.key in self._mappings or await self.event_source_mapping_like(mapping):
            raise AlreadyStored(mapping.key.arn)
        self._put_mapping(mapping)

    async def replace_event_source_mapping(self, mapping: EventSourceMapping, *, expected_revision: str) -> None:
        self._expect_mapping(mapping.key, expected_revision)
        alike = await self.event_source_mapping_like(mapping)
        if alike is not None and alike.key != mapping.key:
            raise AlreadyStored(mapping.key.arn)
        self._put_mapping(mapping)

    async def delete_event_source_mapping(self, key: MappingKey, *, expected_revision: str) -> None:
        self._expect_mapping(key, expected_revision)
        del self._mappings[key]
        self._tell_of_mapping(key)

    async def event_source_mapping(self, key: MappingKey) -> EventSourceMapping | None:
        return self._mappings.get(key)

    async def event_source_mapping_like(self, mapping: EventSourceMapping) -> EventSourceMapping | None:
        place = (mapping.key.owner, mapping.identity)
        return next((each for each in self._mappings.values() if (each.key.owner, each.identity) == place), None)

    async def event_source_mappings(
        self, owner: Owner, selection: MappingSelection, *, after: str | None, limit: int
    ) -> Sequence[EventSourceMapping]:
        found = [
            each
            for key, each in self._mappings.items()
            if key.owner == owner
            and key.uuid > (after or "")
            and selection.source_arn in (None, each.source.arn)
            and selection.function_arn in (None, each.function_arn)
        ]
        return sorted(found, key=lambda each: each.key.uuid)[:limit]

    async def unsettled_event_source_mappings(self) -> Sequence[EventSourceMapping]:
        found = [each for each in self._mappings.values() if each.state not in SETTLED]
        return sorted(found, key=lambda each: (each.key.owner.account, each.key.owner.region, each.key.uuid))

    def subscribe_to_mappings(self, on_change: Callable[[MappingKey], None]) -> None:
        self._mapping_subscribers.append(on_change)

    def _expect_mapping(self, key: MappingKey, revision: str) -> None:
        stored = self._mappings.get(key)
        if stored is None or stored.revision_id != revision:
            raise StaleWrite(key.arn)

    def _put_mapping(self, mapping: EventSourceMapping) -> None:
        self._mappings[mapping.key] = mapping
        self._tell_of_mapping(mapping.key)

    def _tell_of_mapping(self, key: MappingKey) -> None:
        for each in self._mapping_subscribers:
            each(key)
