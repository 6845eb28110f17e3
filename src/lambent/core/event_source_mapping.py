"""Event source mappings: which source feeds which function, and the states such a mapping goes through (facts D1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lambent.core.event_source import EventSource, SourceKind
from lambent.core.function import FunctionKey, Owner


class MappingState(StrEnum):
    """The state of a mapping (shape EventSourceMappingConfiguration, member State)."""

    CREATING = "Creating"
    ENABLING = "Enabling"
    ENABLED = "Enabled"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    UPDATING = "Updating"
    DELETING = "Deleting"


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingKey:
    """Names one mapping."""

    owner: Owner
    uuid: str

    @property
    def arn(self) -> str:
        """The mapping's own ARN: what it is tagged by."""
        return self.owner.arn(f"event-source-mapping:{self.uuid}")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSourceMapping:
    """One event source mapping."""

    key: MappingKey
    source: EventSource
    function: FunctionKey
    qualifier: str | None
    """As the caller gave it: an alias, a number or `$LATEST`; None for the function itself."""
    state: MappingState
    enabled: bool
    """What the caller wants: where a transient state leads to."""
    revision_id: str
    """Changes with every write; never shown."""
    last_modified: float
    """Epoch seconds of the last change, also of the state."""
    settings: Mapping[str, Any]
    """Wire members beside source and function, defaults filled in (`core.event_source_rules`)."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def function_arn(self) -> str:
        """Qualified only when the caller gave a qualifier."""
        return self.function.arn if self.qualifier is None else self.function.qualified_arn(self.qualifier)

    @property
    def identity(self) -> str:
        """What no two mappings of an owner may have alike: source, function and, within a cluster or broker, what is read."""
        database = self.settings.get("DocumentDBEventSourceConfig", {})
        part = [
            *self.settings.get("Topics", ()),
            *self.settings.get("Queues", ()),
            *(database[name] for name in ("DatabaseName", "CollectionName") if name in database),
        ]
        return json.dumps([self.source.name, self.function_arn, *part], separators=(",", ":"))

    @property
    def transition_reason(self) -> str:
        """Who brought the last change about: always the user, and streams say so in another way (facts D1)."""
        return "User action" if self.source.kind in (SourceKind.KINESIS, SourceKind.DYNAMODB) else "USER_INITIATED"

    @property
    def last_processing_result(self) -> str | None:
        """Queues of SQS never have one (AWS CLI reference); nothing has been read from the others."""
        return None if self.source.kind in (SourceKind.SQS, SourceKind.SQS_FIFO) else "No records processed"


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingSelection:
    """Which mappings a list is to hold; None is any."""

    source_arn: str | None = None
    function_arn: str | None = None
    """Exactly as the mapping has it: a qualified mapping is not found by the function's own ARN."""
