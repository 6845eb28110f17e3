"""The states of a mapping as tables: which change each state allows, where a change leads, and where a transient state ends."""

from dataclasses import replace

from lambent.core.errors import ResourceInUse
from lambent.core.event_source_mapping import EventSourceMapping, MappingState

SETTLED = frozenset({MappingState.ENABLED, MappingState.DISABLED})
"""The states in which a mapping may be updated or deleted; in every other one it is in use (facts D1)."""

_UPDATES = {
    (True, True): MappingState.UPDATING,
    (True, False): MappingState.DISABLING,
    (False, True): MappingState.ENABLING,
    (False, False): MappingState.UPDATING,
}
"""(was enabled, is to be enabled) -> the transient state of the update."""


def refuse_while_in_use(mapping: EventSourceMapping, change: str) -> None:
    """Raise ResourceInUse in a transient state; `change` is `update` or `delete`."""
    if mapping.state not in SETTLED:
        raise ResourceInUse(f"Cannot {change} the event source mapping because it is in use.")


def updating(mapping: EventSourceMapping, changed: EventSourceMapping) -> MappingState:
    """The state in which an accepted update begins."""
    return _UPDATES[mapping.enabled, changed.enabled]


def settled(mapping: EventSourceMapping, *, now: float, revision_id: str) -> EventSourceMapping | None:
    """Where a transient state ends: the mapping Enabled or Disabled, or None when it is to go away."""
    if mapping.state is MappingState.DELETING:
        return None
    state = MappingState.ENABLED if mapping.enabled else MappingState.DISABLED
    return replace(mapping, state=state, last_modified=now, revision_id=revision_id)
