"""Operations on reserved concurrency: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.concurrency import ConcurrencyControl
from lambent.core.addressing import whole_function
from lambent.core.function import FunctionKey


class ConcurrencyHandlers:
    """Put, Get and DeleteFunctionConcurrency."""

    def __init__(self, concurrency: ConcurrencyControl) -> None:
        self._concurrency = concurrency

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "PutFunctionConcurrency": self.put,
            "GetFunctionConcurrency": self.get,
            "DeleteFunctionConcurrency": self.delete,
        }

    async def put(self, call: Call, members: Members) -> Members:
        """Echoes the reservation."""
        reserved = members["ReservedConcurrentExecutions"]
        await self._concurrency.put(_key(call, members), reserved)
        return {"ReservedConcurrentExecutions": reserved}

    async def get(self, call: Call, members: Members) -> Members:
        """`{}` when nothing is reserved."""
        reserved = await self._concurrency.get(_key(call, members))
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    async def delete(self, call: Call, members: Members) -> Members:
        """204."""
        await self._concurrency.delete(_key(call, members))
        return {}


def _key(call: Call, members: Members) -> FunctionKey:
    return whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
