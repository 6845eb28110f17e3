"""The part of the Store that keeps event source mappings, and tells who subscribed to them."""

from collections.abc import Callable, Sequence
from functools import partial

from lambent.adapters.sql import mapping_table
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.mapping_table import decode_mapping, mapping_key_parameters
from lambent.adapters.sql.sqlite import Connection
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection
from lambent.core.function import Owner

_LISTS = {
    (False, False): "mapping_list",
    (True, False): "mapping_list_of_source",
    (False, True): "mapping_list_of_function",
    (True, True): "mapping_list_of_both",
}
"""(source given, function given) -> statement."""


class MappingStore:
    """Event source mappings in a Database."""

    def __init__(self, database: Database) -> None:
        self._mapping_database = database
        self._mapping_subscribers: list[Callable[[MappingKey], None]] = []

    async def add_event_source_mapping(self, mapping: EventSourceMapping) -> None:
        await self._write_mapping(mapping.key, partial(mapping_table.add_mapping, mapping=mapping))

    async def replace_event_source_mapping(self, mapping: EventSourceMapping, *, expected_revision: str) -> None:
        work = partial(mapping_table.replace_mapping, mapping=mapping, expected_revision=expected_revision)
        await self._write_mapping(mapping.key, work)

    async def delete_event_source_mapping(self, key: MappingKey, *, expected_revision: str) -> None:
        work = partial(mapping_table.delete_mapping, key=key, expected_revision=expected_revision)
        await self._write_mapping(key, work)

    async def event_source_mapping(self, key: MappingKey) -> EventSourceMapping | None:
        rows = self._mapping_database.read("mapping_get", mapping_key_parameters(key))
        return decode_mapping(rows[0][0]) if rows else None

    async def event_source_mapping_like(self, mapping: EventSourceMapping) -> EventSourceMapping | None:
        parameters = mapping_key_parameters(mapping.key) | {"identity": mapping.identity}
        rows = self._mapping_database.read("mapping_like", parameters)
        return decode_mapping(rows[0][0]) if rows else None

    async def event_source_mappings(
        self, owner: Owner, selection: MappingSelection, *, after: str | None, limit: int
    ) -> Sequence[EventSourceMapping]:
        parameters = {
            "account": owner.account,
            "region": owner.region,
            "source_arn": selection.source_arn,
            "function_arn": selection.function_arn,
            "after": after or "",
            "limit": limit,
        }
        statement = _LISTS[selection.source_arn is not None, selection.function_arn is not None]
        return [decode_mapping(row[0]) for row in await self._mapping_database.read_list(statement, parameters)]

    async def unsettled_event_source_mappings(self) -> Sequence[EventSourceMapping]:
        return [decode_mapping(row[0]) for row in await self._mapping_database.read_list("mapping_unsettled", {})]

    def subscribe_to_mappings(self, on_change: Callable[[MappingKey], None]) -> None:
        self._mapping_subscribers.append(on_change)

    async def _write_mapping(self, key: MappingKey, work: Callable[[Connection], None]) -> None:
        def changed(_: None) -> None:
            for each in self._mapping_subscribers:
                each(key)

        await self._mapping_database.write(work, changed)
