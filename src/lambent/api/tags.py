"""Operations on tags: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.tags import TagControl
from lambent.core.addressing import local_function
from lambent.core.errors import InvalidParameterValue, ResourceNotFound
from lambent.core.function import FunctionKey


class TagHandlers:
    """TagResource, UntagResource and ListTags."""

    def __init__(self, tags: TagControl) -> None:
        self._tags = tags

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {"TagResource": self.tag, "UntagResource": self.untag, "ListTags": self.list}

    async def tag(self, call: Call, members: Members) -> Members:
        """204."""
        await self._tags.add(_function(call, members), members["Tags"])
        return {}

    async def untag(self, call: Call, members: Members) -> Members:
        """204."""
        await self._tags.remove(_function(call, members), members["TagKeys"])
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """`{"Tags": {}}` when there are none."""
        return {"Tags": dict(await self._tags.list(_function(call, members)))}


def _function(call: Call, members: Members) -> FunctionKey:
    """Of the kinds of resources that can be tagged, functions are the one that can exist here."""
    arn = members["Resource"]
    if ":function:" not in arn:
        raise ResourceNotFound(f"The resource you requested does not exist: {arn}")
    reference = local_function(arn, caller=call.caller, action=call.operation)
    if reference.qualifier is not None:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return reference.key
