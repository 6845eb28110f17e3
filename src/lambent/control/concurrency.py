"""Reserved concurrency of functions, and what the account has left of it."""

import asyncio
from dataclasses import dataclass, replace

from lambent.control.provisioned_concurrency import configured
from lambent.control.revisions import Revised, Revisions
from lambent.core.function import Function, FunctionKey, Owner
from lambent.core.ports import AccountUsage, Chance, Store
from lambent.core.provisioned_rules import check_covers_provisioned
from lambent.core.reserved_concurrency import check_reservation


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSettings:
    """Limits that can be set, and live usage."""

    concurrency: int
    """Concurrent executions of the account in the Region."""
    usage: AccountUsage

    @property
    def unreserved_concurrency(self) -> int:
        """What functions without a reservation share, beyond what is provisioned for them."""
        return max(0, self.concurrency - self.usage.committed_concurrency)


class ConcurrencyControl:
    """Use cases on reserved concurrency."""

    def __init__(self, store: Store, chance: Chance, *, reserving: asyncio.Lock, account_concurrency: int) -> None:
        """`reserving`: the rule spans functions and the Store compares single ones, so reservations and provisioned concurrency
        must not be checked side by side."""
        self._store = store
        self._revisions = Revisions(store, chance)
        self._account_concurrency = account_concurrency
        self._reserving = reserving

    async def put(self, key: FunctionKey, reserved: int) -> None:
        """Raises ResourceNotFound, InvalidParameterValue (less than 100 would stay unreserved; less than is provisioned)."""

        async def change(function: Function) -> Revised:
            usage = await self._store.usage(key.owner)
            provisioned = (await configured(self._store, key)).total
            check_covers_provisioned(reserved, provisioned=provisioned)
            present = function.reserved_concurrency
            check_reservation(
                reserved,
                present=provisioned if present is None else present,
                reserved_in_account=usage.committed_concurrency,
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
