"""Operations on aliases: from wire members to use cases and back."""

from collections.abc import Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.control.aliases import AliasControl, AliasEdit
from lambent.core.addressing import whole_function
from lambent.core.alias import Alias
from lambent.core.function import FunctionKey


class AliasHandlers:
    """CreateAlias to ListAliases."""

    def __init__(self, aliases: AliasControl) -> None:
        self._aliases = aliases

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "CreateAlias": self.create,
            "GetAlias": self.get,
            "UpdateAlias": self.update,
            "DeleteAlias": self.delete,
            "ListAliases": self.list,
        }

    async def create(self, call: Call, members: Members) -> Members:
        """201 with the new alias."""
        return alias_members(await self._aliases.create(_key(call, members), members["Name"], _edit(members)))

    async def get(self, call: Call, members: Members) -> Members:
        """The alias."""
        return alias_members(await self._aliases.get(_key(call, members), members["Name"]))

    async def update(self, call: Call, members: Members) -> Members:
        """Members that are left out keep their values."""
        alias = await self._aliases.update(
            _key(call, members), members["Name"], _edit(members), revision_id=members.get("RevisionId")
        )
        return alias_members(alias)

    async def delete(self, call: Call, members: Members) -> Members:
        """204, also when there was no such alias."""
        await self._aliases.delete(_key(call, members), members["Name"])
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """FunctionVersion keeps the aliases that refer to it."""
        found, marker = await self._aliases.list(_key(call, members), members.get("FunctionVersion"), requested_page(members))
        return listed("Aliases", [alias_members(each) for each in found], marker)


def alias_members(alias: Alias) -> dict[str, Any]:
    """The shape AliasConfiguration."""
    members: dict[str, Any] = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.routing:
        members["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.routing)}
    return members


def _key(call: Call, members: Members) -> FunctionKey:
    return whole_function(members["FunctionName"], caller=call.caller, action=call.operation)


def _edit(members: Members) -> AliasEdit:
    routing = members.get("RoutingConfig")
    return AliasEdit(
        version=members.get("FunctionVersion"),
        description=members.get("Description"),
        routing=None if routing is None else dict(routing.get("AdditionalVersionWeights", {})),
    )
