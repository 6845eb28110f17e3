"""Code signing of functions on the wire: reading it, which deployment tools do with every function."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.functions import FunctionControl
from lambent.core.addressing import whole_function
from lambent.core.names import FunctionReference


class CodeSigningHandlers:
    """GetFunctionCodeSigningConfig. No configuration can be attached here, so that the answer is always: none."""

    def __init__(self, functions: FunctionControl) -> None:
        self._functions = functions

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {"GetFunctionCodeSigningConfig": self.get_of_function}

    async def get_of_function(self, call: Call, members: Members) -> Members:
        """An empty ARN for a function without a configuration (facts G4)."""
        key = whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
        await self._functions.find(FunctionReference(key=key))
        return {"CodeSigningConfigArn": "", "FunctionName": key.name}
