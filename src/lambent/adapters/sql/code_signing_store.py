"""The part of the Store that keeps code signing configurations, and knows which functions have one."""

import json
from collections.abc import Sequence
from functools import partial

from lambent.adapters.sql.codec import FORMAT, UnknownFormat
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.function_table import Parameters, owner_parameters
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey, UntrustedArtifact
from lambent.core.function import FunctionKey, Owner
from lambent.core.ports import AlreadyStored, StaleWrite


class CodeSigningStore:
    """Code signing configurations in a Database."""

    _database: Database

    async def add_code_signing_config(self, config: CodeSigningConfig) -> None:
        parameters = _key(config.key) | {"document": encode_code_signing_config(config)}
        if not await self._change("code_signing_config_add", parameters):
            raise AlreadyStored(config.key.arn)

    async def code_signing_config(self, key: CodeSigningKey) -> CodeSigningConfig | None:
        rows = self._database.read("code_signing_config_get", _key(key))
        return decode_code_signing_config(rows[0][0]) if rows else None

    async def code_signing_configs(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[CodeSigningConfig]:
        parameters = owner_parameters(owner) | {"after": after or "", "limit": limit}
        rows = await self._database.read_list("code_signing_config_list", parameters)
        return [decode_code_signing_config(row[0]) for row in rows]

    async def replace_code_signing_config(self, config: CodeSigningConfig, *, expected: CodeSigningConfig) -> None:
        documents = {"document": encode_code_signing_config(config), "expected": encode_code_signing_config(expected)}
        if not await self._change("code_signing_config_replace", _key(config.key) | documents):
            raise StaleWrite(config.key.arn)

    async def delete_code_signing_config(self, key: CodeSigningKey) -> bool:
        return await self._database.write(partial(_delete, key=key))

    async def functions_of_code_signing_config(
        self, key: CodeSigningKey, *, after: str | None, limit: int
    ) -> Sequence[FunctionKey]:
        parameters = _key(key) | {"after": after or "", "limit": limit}
        rows = await self._database.read_list("code_signing_config_functions", parameters)
        return [FunctionKey(owner=key.owner, name=row[0]) for row in rows]

    async def _change(self, statement: str, parameters: Parameters) -> bool:
        def work(connection: Connection) -> bool:
            return connection.execute(STATEMENTS[statement], parameters).rowcount == 1

        return await self._database.write(work)


def encode_code_signing_config(value: CodeSigningConfig) -> str:
    """A code signing configuration as the document that the Store keeps (see `codec`)."""
    document = {
        "format": FORMAT,
        "key": [value.key.owner.account, value.key.owner.region, value.key.identifier],
        "allowed_publishers": list(value.allowed_publishers),
        "last_modified": value.last_modified,
        "untrusted_artifact": value.untrusted_artifact.value,
        "description": value.description,
        "tags": dict(value.tags),
    }
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def decode_code_signing_config(text: str) -> CodeSigningConfig:
    """The reverse of encode_code_signing_config."""
    document = json.loads(text)
    if document["format"] != FORMAT:
        raise UnknownFormat(f"format {document['format']}; this Lambent reads {FORMAT}")
    account, region, identifier = document["key"]
    return CodeSigningConfig(
        key=CodeSigningKey(owner=Owner(account=account, region=region), identifier=identifier),
        allowed_publishers=tuple(document["allowed_publishers"]),
        last_modified=document["last_modified"],
        untrusted_artifact=UntrustedArtifact(document["untrusted_artifact"]),
        description=document["description"],
        tags=document["tags"],
    )


def _delete(connection: Connection, key: CodeSigningKey) -> bool:
    parameters = _key(key) | {"after": "", "limit": 1}
    if connection.execute(STATEMENTS["code_signing_config_functions"], parameters).fetchone() is not None:
        raise StaleWrite(key.arn)
    return connection.execute(STATEMENTS["code_signing_config_delete"], parameters).rowcount == 1


def _key(key: CodeSigningKey) -> Parameters:
    return owner_parameters(key.owner) | {"identifier": key.identifier}
