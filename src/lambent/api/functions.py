"""Operations on functions: from wire members to use cases and back."""

from collections.abc import Callable, Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.function_members import read_code_update, read_configuration_update, read_creation
from lambent.api.function_wire import function_members, listed_members
from lambent.api.paging import listed, requested_page
from lambent.control.functions import FunctionControl
from lambent.control.revisions import Found
from lambent.control.updates import UpdateControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.errors import InvalidParameterValue

Link = Callable[[str, str], str]
"""Makes a download link that is good for 10 minutes, from the endpoint's base URL and a package's digest."""

_NO_CONTENT = 204


class FunctionHandlers:
    """CreateFunction to ListFunctions."""

    def __init__(self, functions: FunctionControl, updates: UpdateControl, link: Link) -> None:
        self._functions = functions
        self._updates = updates
        self._link = link

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "CreateFunction": self.create,
            "GetFunction": self.get,
            "GetFunctionConfiguration": self.get_configuration,
            "UpdateFunctionCode": self.update_code,
            "UpdateFunctionConfiguration": self.update_configuration,
            "DeleteFunction": self.delete,
            "ListFunctions": self.list,
        }

    async def create(self, call: Call, members: Members) -> Members:
        """The ARN stays unqualified also when version 1 is published and answered."""
        key = whole_function(members["FunctionName"], caller=call.caller, action="CreateFunction")
        return function_members(await self._functions.create(key, read_creation(members)))

    async def get(self, call: Call, members: Members) -> Members:
        """Tags and Concurrency belong to the function, and are left out when there are none."""
        found, qualifier = await self._find(call, members)
        reply: dict[str, Any] = {
            "Configuration": function_members(found.version, qualifier=qualifier),
            "Code": self._code_location(call, found),
        }
        if found.function.tags:
            reply["Tags"] = dict(found.function.tags)
        if found.function.reserved_concurrency is not None:
            reply["Concurrency"] = {"ReservedConcurrentExecutions": found.function.reserved_concurrency}
        return reply

    async def get_configuration(self, call: Call, members: Members) -> Members:
        """As GetFunction, the configuration only."""
        found, qualifier = await self._find(call, members)
        return function_members(found.version, qualifier=qualifier)

    async def update_code(self, call: Call, members: Members) -> Members:
        """The ARN is qualified when a version was published."""
        key = whole_function(members["FunctionName"], caller=call.caller, action="UpdateFunctionCode")
        update = read_code_update(members)
        version = await self._updates.code(key, update)
        return function_members(version, qualifier=version.version if update.publish and not update.dry_run else None)

    async def update_configuration(self, call: Call, members: Members) -> Members:
        """Members that are left out keep their values; Environment is replaced whole."""
        key = whole_function(members["FunctionName"], caller=call.caller, action="UpdateFunctionConfiguration")
        edit = read_configuration_update(members)
        return function_members(await self._updates.configuration(key, edit, revision_id=members.get("RevisionId")))

    async def delete(self, call: Call, members: Members) -> Members:
        """StatusCode is the HTTP status of the reply, which has no body."""
        reference = local_function(
            members["FunctionName"], caller=call.caller, action="DeleteFunction", qualifier=members.get("Qualifier")
        )
        await self._functions.delete(reference)
        return {"StatusCode": _NO_CONTENT}

    async def list(self, call: Call, members: Members) -> Members:
        """FunctionVersion=ALL lists every version, with qualified ARNs. There are no replicas of Lambda@Edge functions here."""
        every_version = members.get("FunctionVersion") == "ALL"
        master_region = members.get("MasterRegion")
        if master_region and not every_version:
            raise InvalidParameterValue("MasterRegion is supported only with FunctionVersion ALL.")
        if master_region not in (None, "ALL"):
            return listed("Functions", [], None)
        if not every_version:
            found, marker = await self._functions.list(call.caller, requested_page(members))
            return listed("Functions", [listed_members(each) for each in found], marker)
        found, marker = await self._functions.list_all_versions(call.caller, requested_page(members))
        return listed("Functions", [listed_members(each, qualifier=each.version) for each in found], marker)

    async def _find(self, call: Call, members: Members) -> tuple[Found, str | None]:
        reference = local_function(
            members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members.get("Qualifier")
        )
        return await self._functions.find(reference), reference.qualifier

    def _code_location(self, call: Call, found: Found) -> dict[str, Any]:
        image = found.version.code.image
        if image is not None:
            return {"RepositoryType": "ECR", "ImageUri": image.uri, "ResolvedImageUri": image.resolved_uri}
        location = {"RepositoryType": "S3", "Location": self._link(call.endpoint, found.version.code.digest)}
        key = found.version.configuration.settings.get("SourceKMSKeyArn")
        return location if key is None else {**location, "SourceKMSKeyArn": key}
