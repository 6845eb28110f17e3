"""The Store on SQL: each method is one statement read, or one transaction in the writer's thread."""

from collections.abc import Sequence
from functools import partial

from lambent.adapters.sql import alias_table, function_table, layer_table
from lambent.adapters.sql.attachment_store import AttachmentStore
from lambent.adapters.sql.attachment_table import drop_all_attachments, drop_attachments
from lambent.adapters.sql.code_signing_store import CodeSigningStore
from lambent.adapters.sql.codec import decode_alias, decode_function, decode_layer, decode_version
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.function_table import function_parameters, key_parameters, owner_parameters, version_parameters
from lambent.adapters.sql.layer_table import layer_parameters
from lambent.adapters.sql.mapping_store import MappingStore
from lambent.adapters.sql.sqlite import Connection
from lambent.core.alias import Alias
from lambent.core.function import LATEST, Function, FunctionKey, FunctionVersion, Owner
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.ports import AccountUsage

_ABOVE_EVERY_NUMBER = 10**18 - 1
"""Numbers that callers make up may be longer than a column can hold; no version ever gets this one."""


class SqlStore(AttachmentStore, CodeSigningStore, MappingStore):
    """The Store in a Database. Reads of one row never yield to the event loop: what they return is the newest at that moment."""

    def __init__(self, database: Database) -> None:
        AttachmentStore.__init__(self, database)
        MappingStore.__init__(self, database)

    async def function(self, key: FunctionKey) -> Function | None:
        rows = self._database.read("function_get", key_parameters(key))
        return decode_function(rows[0][0]) if rows else None

    async def functions(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[Function]:
        parameters = owner_parameters(owner) | {"after": after or "", "limit": limit}
        return [decode_function(row[0]) for row in await self._database.read_list("function_list", parameters)]

    async def owners(self) -> Sequence[Owner]:
        rows = await self._database.read_list("function_owners", {})
        return [Owner(account=account, region=region) for account, region in rows]

    async def unsettled(self) -> Sequence[FunctionKey]:
        rows = await self._database.read_list("function_unsettled", {})
        return [FunctionKey(owner=Owner(account=account, region=region), name=name) for account, region, name in rows]

    async def add_function(self, function: Function) -> Function:
        work = partial(function_table.add_function, function=function)
        return await self._write(function.key, work)

    async def replace_function(self, function: Function, *, expected_revision: str) -> None:
        parameters = function_parameters(function) | {"expected_revision": expected_revision}
        work = partial(function_table.replace_function, function=function, parameters=parameters)
        await self._write(function.key, work)

    async def publish_version(self, version: FunctionVersion, *, function: Function, expected_revision: str) -> None:
        parameters = function_parameters(function) | {"expected_revision": expected_revision}
        row = version_parameters(version)

        def work(connection: Connection) -> None:
            function_table.replace_function(connection, function, parameters)
            function_table.add_version(connection, version, row)

        await self._write(function.key, work)

    async def replace_version(self, version: FunctionVersion, *, expected_revision: str) -> None:
        parameters = version_parameters(version) | {"expected_revision": expected_revision}
        work = partial(function_table.replace_version, version=version, parameters=parameters)
        await self._write(version.key, work)

    async def version(self, key: FunctionKey, number: str) -> FunctionVersion | None:
        if number == LATEST:
            return None
        rows = self._database.read("version_get", key_parameters(key) | {"number": _number(number)})
        return decode_version(rows[0][0]) if rows else None

    async def versions(self, key: FunctionKey, *, after: int | None, limit: int) -> Sequence[FunctionVersion]:
        parameters = key_parameters(key) | {"after": min(after or 0, _ABOVE_EVERY_NUMBER), "limit": limit}
        return [decode_version(row[0]) for row in await self._database.read_list("version_list", parameters)]

    async def all_versions(self, owner: Owner, *, after: tuple[str, str] | None, limit: int) -> Sequence[FunctionVersion]:
        name, version = after or ("", LATEST)
        place = {"after_name": name, "after_number": 0 if version == LATEST else _number(version), "limit": limit}
        rows = await self._database.read_list("version_list_all", owner_parameters(owner) | place)
        return [decode_version(document) if number else decode_function(document).latest for _, number, document in rows]

    async def delete_version(self, key: FunctionKey, number: str) -> bool:
        if number == LATEST:
            return False

        def work(connection: Connection) -> bool:
            drop_attachments(connection, key_parameters(key), number)
            return function_table.delete_version(connection, key, _number(number))

        return await self._write(key, work)

    async def delete_function(self, key: FunctionKey) -> bool:
        def work(connection: Connection) -> bool:
            drop_all_attachments(connection, key_parameters(key))
            return function_table.delete_function(connection, key)

        return await self._write(key, work)

    async def add_alias(self, alias: Alias) -> None:
        await self._write(alias.key, partial(alias_table.add_alias, alias=alias))

    async def replace_alias(self, alias: Alias, *, expected_revision: str) -> None:
        work = partial(alias_table.replace_alias, alias=alias, expected_revision=expected_revision)
        await self._write(alias.key, work)

    async def alias(self, key: FunctionKey, name: str) -> Alias | None:
        rows = self._database.read("alias_get", key_parameters(key) | {"alias": name})
        return decode_alias(rows[0][0]) if rows else None

    async def aliases(self, key: FunctionKey, *, version: str | None, after: str | None, limit: int) -> Sequence[Alias]:
        statement = "alias_list" if version is None else "alias_list_of_version"
        parameters = key_parameters(key) | {"version": version, "after": after or "", "limit": limit}
        return [decode_alias(row[0]) for row in await self._database.read_list(statement, parameters)]

    async def delete_alias(self, key: FunctionKey, name: str) -> bool:
        return await self._write(key, partial(alias_table.delete_alias, key=key, name=name))

    async def add_layer_version(self, layer: LayerVersion) -> LayerVersion:
        return await self._database.write(partial(layer_table.add_layer_version, layer=layer))

    async def layer_version(self, key: LayerKey, version: int) -> LayerVersion | None:
        rows = self._database.read("layer_version_get", layer_parameters(key) | {"number": min(version, _ABOVE_EVERY_NUMBER)})
        return decode_layer(rows[0][0]) if rows else None

    async def layer_versions(self, key: LayerKey, *, before: int | None, limit: int) -> Sequence[LayerVersion]:
        before = _ABOVE_EVERY_NUMBER if before is None else min(before, _ABOVE_EVERY_NUMBER)
        parameters = layer_parameters(key) | {"before": before, "limit": limit}
        return [decode_layer(row[0]) for row in await self._database.read_list("layer_version_list", parameters)]

    async def layers(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[LayerVersion]:
        parameters = owner_parameters(owner) | {"after": after or "", "limit": limit}
        return [decode_layer(row[0]) for row in await self._database.read_list("layer_list", parameters)]

    async def delete_layer_version(self, key: LayerKey, version: int) -> bool:
        return await self._database.write(
            partial(layer_table.delete_layer_version, key=key, version=min(version, _ABOVE_EVERY_NUMBER))
        )

    async def usage(self, owner: Owner) -> AccountUsage:
        rows = self._database.read("usage_get", owner_parameters(owner))
        code_bytes, functions, reserved_concurrency = rows[0] if rows else (0, 0, 0)
        provisioned = self._database.read("provisioned_concurrency_unreserved", owner_parameters(owner))
        return AccountUsage(
            code_bytes=code_bytes,
            functions=functions,
            reserved_concurrency=reserved_concurrency,
            provisioned_concurrency=provisioned[0][0],
        )

    async def packages_in_use(self) -> frozenset[str]:
        rows = await self._database.read_list("packages_in_use", {})
        return frozenset(digest for row in rows for digest in row[0].split())


def _number(version: str) -> int:
    return int(version) if len(version) <= len(str(_ABOVE_EVERY_NUMBER)) else _ABOVE_EVERY_NUMBER
