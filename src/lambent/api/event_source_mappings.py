"""Operations on event source mappings: from wire members to use cases and back."""

from collections.abc import Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.control.event_source_mappings import EventSourceMappingControl, MappingCreation, MappingEdit
from lambent.core.addressing import local_function
from lambent.core.event_source import event_source
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection
from lambent.core.names import FunctionReference
from lambent.core.tag_rules import merged_tags

_PAGE = 100
"""Most mappings in one reply (facts A1)."""
_NO_SETTINGS = frozenset({"UUID", "EventSourceArn", "SelfManagedEventSource", "FunctionName", "Enabled", "Tags"})


class EventSourceMappingHandlers:
    """CreateEventSourceMapping to DeleteEventSourceMapping."""

    def __init__(self, mappings: EventSourceMappingControl) -> None:
        self._mappings = mappings

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "CreateEventSourceMapping": self.create,
            "UpdateEventSourceMapping": self.update,
            "GetEventSourceMapping": self.get,
            "ListEventSourceMappings": self.list,
            "DeleteEventSourceMapping": self.delete,
        }

    async def create(self, call: Call, members: Members) -> Members:
        """202, in state Creating."""
        creation = MappingCreation(
            function=_function(call, members["FunctionName"]),
            source=event_source(members, region=call.caller.region),
            settings=_settings(members),
            enabled=members.get("Enabled", True),
            tags=merged_tags({}, members.get("Tags", {})),
        )
        return mapping_members(await self._mappings.create(call.caller, creation))

    async def update(self, call: Call, members: Members) -> Members:
        """202; members that are left out keep their values."""
        edit = MappingEdit(
            settings=_settings(members),
            function=_function(call, members["FunctionName"]) if "FunctionName" in members else None,
            enabled=members.get("Enabled"),
        )
        return mapping_members(await self._mappings.update(_key(call, members), edit))

    async def get(self, call: Call, members: Members) -> Members:
        """The mapping of this UUID."""
        return mapping_members(await self._mappings.get(_key(call, members)))

    async def list(self, call: Call, members: Members) -> Members:
        """The mappings of a source, of a function exactly as it is named, of both, or all."""
        name = members.get("FunctionName")
        selection = MappingSelection(
            source_arn=members.get("EventSourceArn"),
            function_arn=None if name is None else _function(call, name).arn,
        )
        found, marker = await self._mappings.list(call.caller, selection, requested_page(members, most=_PAGE))
        return listed("EventSourceMappings", [_listed_members(each) for each in found], marker)

    async def delete(self, call: Call, members: Members) -> Members:
        """202, in state Deleting."""
        return mapping_members(await self._mappings.delete(_key(call, members)))


def mapping_members(mapping: EventSourceMapping) -> dict[str, Any]:
    """The shape EventSourceMappingConfiguration."""
    source, result = mapping.source, mapping.last_processing_result
    shown: dict[str, Any] = {
        **mapping.settings,
        "UUID": mapping.key.uuid,
        "EventSourceMappingArn": mapping.key.arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": mapping.last_modified,
        "State": mapping.state.value,
        "StateTransitionReason": mapping.transition_reason,
    }
    if source.arn is None:
        shown["SelfManagedEventSource"] = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": list(source.servers)}}
    else:
        shown["EventSourceArn"] = source.arn
    return shown if result is None else {**shown, "LastProcessingResult": result}


def _listed_members(mapping: EventSourceMapping) -> dict[str, Any]:
    """Filters under a key of the customer are not shown in lists (service model, member FilterCriteria)."""
    shown = mapping_members(mapping)
    if "KMSKeyArn" in shown:
        shown.pop("FilterCriteria", None)
    return shown


def _settings(members: Members) -> Members:
    return {name: value for name, value in members.items() if name not in _NO_SETTINGS}


def _function(call: Call, name: str) -> FunctionReference:
    return local_function(name, caller=call.caller, action=call.operation)


def _key(call: Call, members: Members) -> MappingKey:
    return MappingKey(owner=call.caller, uuid=members["UUID"])
