"""Tags of event source mappings: one kind of `control.tags.Taggable`."""

import re
from collections.abc import Mapping
from dataclasses import replace

from lambent.control.event_source_mappings import EventSourceMappingControl
from lambent.core.addressing import refuse_other_owner
from lambent.core.errors import ResourceNotFound
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey
from lambent.core.function import Owner
from lambent.core.tag_rules import TagEdit

_ARN = re.compile(r"arn:aws[\w-]*:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):event-source-mapping:(?P<uuid>[\w-]+)", re.ASCII)


class MappingTags:
    """Tags of mappings, in whatever state they are (facts G5)."""

    def __init__(self, mappings: EventSourceMappingControl) -> None:
        self._mappings = mappings

    async def tags(self, arn: str, *, caller: Owner) -> Mapping[str, str]:
        return (await self._mappings.get(_mapping_key(arn, caller, "ListTags"))).tags

    async def edit_tags(self, arn: str, edit: TagEdit, *, caller: Owner) -> None:
        def change(mapping: EventSourceMapping) -> EventSourceMapping:
            return replace(mapping, tags=edit.applied(mapping.tags))

        action = "TagResource" if edit.added else "UntagResource"
        await self._mappings.revise(_mapping_key(arn, caller, action), change)


def _mapping_key(arn: str, caller: Owner, action: str) -> MappingKey:
    match = _ARN.fullmatch(arn)
    if match is None or match["region"] != caller.region:
        raise ResourceNotFound("The resource you requested does not exist.")
    owner = Owner(account=match["account"], region=match["region"])
    refuse_other_owner(owner, caller=caller, action=action, arn=arn)
    return MappingKey(owner=owner, uuid=match["uuid"])
