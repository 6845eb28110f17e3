"""Event source mappings as rows and documents: what each write does inside its transaction."""

import json
from typing import Any

from lambent.adapters.sql.codec import FORMAT, UnknownFormat
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingState
from lambent.core.event_source_states import SETTLED
from lambent.core.function import FunctionKey, Owner
from lambent.core.ports import AlreadyStored, StaleWrite

Parameters = dict[str, object]


def add_mapping(connection: Connection, mapping: EventSourceMapping) -> None:
    """Insert. Raises AlreadyStored for its UUID or its identity."""
    if connection.execute(STATEMENTS["mapping_add"], mapping_parameters(mapping)).rowcount != 1:
        raise AlreadyStored(mapping.key.arn)


def replace_mapping(connection: Connection, mapping: EventSourceMapping, expected_revision: str) -> None:
    """Compare and swap. Raises StaleWrite, or AlreadyStored for an identity that another mapping has."""
    parameters = mapping_parameters(mapping) | {"expected_revision": expected_revision}
    if connection.execute(STATEMENTS["mapping_expected"], parameters).fetchone() is None:
        raise StaleWrite(mapping.key.arn)
    if connection.execute(STATEMENTS["mapping_other_alike"], parameters).fetchone() is not None:
        raise AlreadyStored(mapping.key.arn)
    connection.execute(STATEMENTS["mapping_replace"], parameters)


def delete_mapping(connection: Connection, key: MappingKey, expected_revision: str) -> None:
    """Compare and delete. Raises StaleWrite."""
    parameters = mapping_key_parameters(key) | {"expected_revision": expected_revision}
    if connection.execute(STATEMENTS["mapping_delete"], parameters).rowcount != 1:
        raise StaleWrite(key.arn)


def mapping_key_parameters(key: MappingKey) -> Parameters:
    """The key of a mapping."""
    return {"account": key.owner.account, "region": key.owner.region, "uuid": key.uuid}


def mapping_parameters(mapping: EventSourceMapping) -> Parameters:
    """All columns of a mapping."""
    return mapping_key_parameters(mapping.key) | {
        "identity": mapping.identity,
        "source_arn": mapping.source.arn or "",
        "function_arn": mapping.function_arn,
        "revision_id": mapping.revision_id,
        "unsettled": int(mapping.state not in SETTLED),
        "document": encode_mapping(mapping),
    }


def encode_mapping(mapping: EventSourceMapping) -> str:
    """A mapping as its document."""
    key, source, function = mapping.key, mapping.source, mapping.function
    document = {
        "format": FORMAT,
        "key": [key.owner.account, key.owner.region, key.uuid],
        "source": {"kind": source.kind.value, "arn": source.arn, "servers": list(source.servers)},
        "function": [function.owner.account, function.owner.region, function.name, mapping.qualifier],
        "state": mapping.state.value,
        "enabled": mapping.enabled,
        "revision_id": mapping.revision_id,
        "last_modified": mapping.last_modified,
        "settings": dict(mapping.settings),
        "tags": dict(mapping.tags),
    }
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def decode_mapping(text: str) -> EventSourceMapping:
    """The reverse of encode_mapping. Raises UnknownFormat."""
    document: dict[str, Any] = json.loads(text)
    if document["format"] != FORMAT:
        raise UnknownFormat(f"format {document['format']}; this Lambent reads {FORMAT}")
    account, region, uuid = document["key"]
    *owner, name, qualifier = document["function"]
    source = document["source"]
    return EventSourceMapping(
        key=MappingKey(owner=Owner(account=account, region=region), uuid=uuid),
        source=EventSource(kind=SourceKind(source["kind"]), arn=source["arn"], servers=tuple(source["servers"])),
        function=FunctionKey(owner=Owner(account=owner[0], region=owner[1]), name=name),
        qualifier=qualifier,
        state=MappingState(document["state"]),
        enabled=document["enabled"],
        revision_id=document["revision_id"],
        last_modified=document["last_modified"],
        settings=document["settings"],
        tags=document["tags"],
    )
