"""Operations on published versions: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.api.function_wire import function_members, listed_members
from lambent.api.paging import listed, requested_page
from lambent.control.versions import PublishGuards, VersionControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.errors import OperationNotImplemented


class VersionHandlers:
    """PublishVersion and ListVersionsByFunction."""

    def __init__(self, versions: VersionControl) -> None:
        self._versions = versions

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {"PublishVersion": self.publish, "ListVersionsByFunction": self.list}

    async def publish(self, call: Call, members: Members) -> Members:
        """201 also when nothing had changed and the last version is answered."""
        if "PublishTo" in members:
            raise OperationNotImplemented("PublishTo is not implemented by Lambent.")
        key = whole_function(members["FunctionName"], caller=call.caller, action="PublishVersion")
        guards = PublishGuards(
            code_sha256=members.get("CodeSha256"),
            revision_id=members.get("RevisionId"),
            description=members.get("Description"),
        )
        version = await self._versions.publish(key, guards)
        return function_members(version, qualifier=version.version)

    async def list(self, call: Call, members: Members) -> Members:
        """`$LATEST` first; ARNs are qualified."""
        reference = local_function(members["FunctionName"], caller=call.caller, action="ListVersionsByFunction")
        found, marker = await self._versions.list(reference.key, requested_page(members))
        return listed("Versions", [listed_members(each, qualifier=each.version) for each in found], marker)
