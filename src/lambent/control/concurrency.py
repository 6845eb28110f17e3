"""Reserved concurrency of functions, and what the account has left of it."""

import asyncio
from dataclasses import dataclass, replace

from lambent.control.revisions import Revised, Revisions
from lambent.core.function import Function, FunctionKey, Owner
from lambent.core.ports import AccountUsage, Chance, Store
from lambent.core.reserved_concurrency import check_reservation


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSettings:
    """Limits that can be set, and live usage."""

    concurrency: int
    """Concurrent executions of the account in the Region."""
    usage: AccountUsage

    @property
    def unreserved_concurrency(self) -> int:
        """What functions without a reservation share."""
        return max(0, self.concurrency - self.usage.reserved_concurrency)


class ConcurrencyControl:
    """Use cases on reserved concurrency."""

    def __init__(self, store: Store, chance: Chance, *, account_concurrency: int) -> None:
        self._store = store
        self._revisions = Revisions(store, chance)
        self._account_concurrency = account_concurrency
        self._reserving = asyncio.Lock()
        """The rule spans functions and the Store compares single ones: two reservations must not be checked side by side."""

    async def put(self, key: FunctionKey, reserved: int) -> None:
        """Raises ResourceNotFound, InvalidParameterValue (less than 100 would stay unreserved)."""

        async def change(function: Function) -> Revised:
            usage = await self._store.usage(key.owner)
            check_reservation(
                reserved,
                present=function.reserved_concurrency or 0,
                reserved_in_account=usage.reserved_concurrency,
                account_limit=self._account_concurrency,
            )
            return Revised(function=replace(function, reserved_concurrency=reserved))

        async with self._reserving:
            await self._revisions.revise(key, change)

    async def get(self, key: FunctionKey) -> int | None:
        """The reservation; None when there is none. Raises ResourceNotFound."""
        return (await self._revisions.load(key)).reserved_concurrency

    async def delete(self, key: FunctionKey) -> None:
        """Raises ResourceNotFound."""

        async def change(function: Function) -> Revised | None:
            none = function.reserved_concurrency is None
            return None if none else Revised(function=replace(function, reserved_concurrency=None))

        await self._revisions.revise(key, change)

    async def account(self, owner: Owner) -> AccountSettings:
        """The account's limits and usage in one Region."""
        return AccountSettings(concurrency=self._account_concurrency, usage=await self._store.usage(owner))
