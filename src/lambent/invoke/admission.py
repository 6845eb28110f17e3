"""Admission: counts what runs, and throttles what would be too much (facts F1, F2, F4)."""

from lambent.core.concurrency import FullyThrottled, throttle_reserved, throttle_unreserved
from lambent.core.errors import ThrottleReason, TooManyRequests
from lambent.core.function import FunctionKey, Owner


class AccountGate:
    """The unreserved pool of one account in one region."""

    __slots__ = ("limit", "reserved_total", "running")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reserved_total = 0
        """The sum of the account's reservations."""
        self.running = 0
        """Invocations of functions without a reservation."""


class FunctionGate:
    """One function's running invocations, all versions together."""

    __slots__ = ("account", "reserved", "running")

    def __init__(self, account: AccountGate) -> None:
        self.account = account
        self.reserved: int | None = None
        self.running = 0

    def admit(self) -> bool:
        """Count one more; True when it counts against the unreserved pool, to be given back by `release`.

        Raises TooManyRequests.
        """
        reserved, account = self.reserved, self.account
        if reserved is None:
            reason = throttle_unreserved(
                account_limit=account.limit, reserved_total=account.reserved_total, running=account.running
            )
        else:
            reason = throttle_reserved(reserved=reserved, running=self.running)
        if reason is not None:
            raise _throttled(reason, reserved)
        self.running += 1
        if reserved is None:
            account.running += 1
        return reserved is None

    def release(self, *, unreserved: bool) -> None:
        """It ended; `unreserved` is what admit returned, whatever has been reserved since."""
        self.running -= 1
        if unreserved:
            self.account.running -= 1


class Admission:
    """The gates of every function and account that this process has run."""

    def __init__(self, *, account_limit: int) -> None:
        """`account_limit` is the concurrency of one account in one region."""
        self._limit = account_limit
        self._accounts: dict[Owner, AccountGate] = {}
        self._functions: dict[FunctionKey, FunctionGate] = {}

    def account(self, owner: Owner) -> AccountGate:
        """Always the same one."""
        gate = self._accounts.get(owner)
        if gate is None:
            gate = self._accounts[owner] = AccountGate(self._limit)
        return gate

    def function(self, key: FunctionKey) -> FunctionGate:
        """Always the same one, so that counts outlive changes of the function."""
        gate = self._functions.get(key)
        if gate is None:
            gate = self._functions[key] = FunctionGate(self.account(key.owner))
        return gate

    def forget(self, key: FunctionKey) -> None:
        """The function is gone."""
        gate = self._functions.get(key)
        if gate is not None and not gate.running:
            del self._functions[key]


def _throttled(reason: ThrottleReason, reserved: int | None) -> TooManyRequests:
    return FullyThrottled(reason) if reserved == 0 else TooManyRequests(reason)
