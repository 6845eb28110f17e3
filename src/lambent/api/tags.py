"""Operations on tags: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.tags import TagControl


class TagHandlers:
    """TagResource, UntagResource and ListTags."""

    def __init__(self, tags: TagControl) -> None:
        self._tags = tags

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {"TagResource": self.tag, "UntagResource": self.untag, "ListTags": self.list}

    async def tag(self, call: Call, members: Members) -> Members:
        """204."""
        await self._tags.add(members["Resource"], members["Tags"], caller=call.caller)
        return {}

    async def untag(self, call: Call, members: Members) -> Members:
        """204."""
        await self._tags.remove(members["Resource"], members["TagKeys"], caller=call.caller)
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """`{"Tags": {}}` when there are none."""
        return {"Tags": dict(await self._tags.list(members["Resource"], caller=call.caller))}
