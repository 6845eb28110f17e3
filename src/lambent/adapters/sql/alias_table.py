"""Aliases as rows, each with the versions that it refers to, which the database keeps from being deleted."""

from lambent.adapters.sql.attachment_table import drop_attachments
from lambent.adapters.sql.codec import encode_alias
from lambent.adapters.sql.function_table import Parameters, key_parameters
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.alias import Alias
from lambent.core.function import LATEST, FunctionKey
from lambent.core.ports import AlreadyStored, StaleWrite


def add_alias(connection: Connection, alias: Alias) -> None:
    """Insert. Raises AlreadyStored."""
    if connection.execute(STATEMENTS["alias_add"], _parameters(alias)).rowcount != 1:
        raise AlreadyStored(alias.arn)
    _add_targets(connection, alias)


def replace_alias(connection: Connection, alias: Alias, expected_revision: str) -> None:
    """Compare and swap. Raises StaleWrite."""
    parameters = _parameters(alias) | {"expected_revision": expected_revision}
    if connection.execute(STATEMENTS["alias_replace"], parameters).rowcount != 1:
        raise StaleWrite(alias.arn)
    connection.execute(STATEMENTS["alias_target_delete"], parameters)
    _add_targets(connection, alias)


def delete_alias(connection: Connection, key: FunctionKey, name: str) -> bool:
    """Delete; whether there was one."""
    parameters = key_parameters(key) | {"alias": name}
    drop_attachments(connection, key_parameters(key), name)
    connection.execute(STATEMENTS["alias_target_delete"], parameters)
    return connection.execute(STATEMENTS["alias_delete"], parameters).rowcount == 1


def _parameters(alias: Alias) -> Parameters:
    return key_parameters(alias.key) | {
        "alias": alias.name,
        "revision_id": alias.revision_id,
        "document": encode_alias(alias),
    }


def _add_targets(connection: Connection, alias: Alias) -> None:
    names = key_parameters(alias.key) | {"alias": alias.name}
    for version in {alias.version, *alias.routing}:
        target = {"version": version, "number": None if version == LATEST else int(version)}
        connection.execute(STATEMENTS["alias_target_add"], names | target)
