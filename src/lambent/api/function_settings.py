"""Operations on runtime management and recursion: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.function_settings import FunctionSettingsControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.function import FunctionKey, FunctionVersion, RecursiveLoop, RuntimeUpdate
from lambent.core.names import FunctionReference


class FunctionSettingsHandlers:
    """Put and Get of RuntimeManagementConfig and FunctionRecursionConfig."""

    def __init__(self, settings: FunctionSettingsControl) -> None:
        self._settings = settings

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "PutRuntimeManagementConfig": self.put_runtime_management,
            "GetRuntimeManagementConfig": self.get_runtime_management,
            "PutFunctionRecursionConfig": self.put_recursion,
            "GetFunctionRecursionConfig": self.get_recursion,
        }

    async def put_runtime_management(self, call: Call, members: Members) -> Members:
        """Echoes the setting under the qualified ARN."""
        update_on = RuntimeUpdate(members["UpdateRuntimeOn"])
        arn = members.get("RuntimeVersionArn")
        return _runtime_members(await self._settings.put_runtime_management(_reference(call, members), update_on, arn))

    async def get_runtime_management(self, call: Call, members: Members) -> Members:
        """`Auto` when it was never set."""
        return _runtime_members(await self._settings.get_runtime_management(_reference(call, members)))

    async def put_recursion(self, call: Call, members: Members) -> Members:
        """Echoes the setting."""
        loop = RecursiveLoop(members["RecursiveLoop"])
        await self._settings.put_recursion(_key(call, members), loop)
        return {"RecursiveLoop": loop.value}

    async def get_recursion(self, call: Call, members: Members) -> Members:
        """`Terminate` when it was never set."""
        return {"RecursiveLoop": (await self._settings.get_recursion(_key(call, members))).value}


def _runtime_members(version: FunctionVersion) -> dict[str, str]:
    members = {"UpdateRuntimeOn": version.update_runtime_on.value, "FunctionArn": version.qualified_arn}
    if version.runtime_version_arn is not None:
        members["RuntimeVersionArn"] = version.runtime_version_arn
    return members


def _reference(call: Call, members: Members) -> FunctionReference:
    return local_function(members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members.get("Qualifier"))


def _key(call: Call, members: Members) -> FunctionKey:
    return whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
