"""GetAccountSettings: the account's limits and live usage on the wire."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.concurrency import ConcurrencyControl
from lambent.core.limits import CODE_STORAGE_BYTES, UNZIPPED_BYTES, ZIPPED_BYTES


class AccountHandlers:
    """GetAccountSettings."""

    def __init__(self, concurrency: ConcurrencyControl) -> None:
        self._concurrency = concurrency

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {"GetAccountSettings": self.get}

    async def get(self, call: Call, _members: Members) -> Members:
        """Sizes in bytes; usage is of the caller's account in the caller's Region."""
        settings = await self._concurrency.account(call.caller)
        return {
            "AccountLimit": {
                "TotalCodeSize": CODE_STORAGE_BYTES,
                "CodeSizeUnzipped": UNZIPPED_BYTES,
                "CodeSizeZipped": ZIPPED_BYTES,
                "ConcurrentExecutions": settings.concurrency,
                "UnreservedConcurrentExecutions": settings.unreserved_concurrency,
            },
            "AccountUsage": {"TotalCodeSize": settings.usage.code_bytes, "FunctionCount": settings.usage.functions},
        }
