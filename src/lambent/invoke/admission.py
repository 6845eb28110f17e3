"""Admission: counts what runs, and throttles what would be too much (facts F1, F2, F3, F4)."""

from typing import Protocol

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


class Seat(Protocol):
    """What an invocation counts against, whatever is reserved or provisioned while it runs."""

    def release(self) -> None:
        """It ended."""


class ReservedSeats:
    """The invocations of a function that count against its own reservation."""

    __slots__ = ("_gate",)

    def __init__(self, gate: "FunctionGate") -> None:
        self._gate = gate

    def release(self) -> None:
        """One ended."""
        self._gate.running -= 1


class UnreservedSeats:
    """The invocations of a function that count against the account's unreserved pool."""

    __slots__ = ("_gate",)

    def __init__(self, gate: "FunctionGate") -> None:
        self._gate = gate

    def release(self) -> None:
        """One ended."""
        self._gate.running -= 1
        self._gate.account.running -= 1


class ProvisionedSeats:
    """The invocations of one version that its provisioned environments take: paid for already, so nothing else is asked."""

    __slots__ = ("running", "size")

    def __init__(self) -> None:
        self.size = 0
        """Environments that are initialised."""
        self.running = 0

    def release(self) -> None:
        """One ended."""
        self.running -= 1


class FunctionGate:
    """One function's running invocations, all versions together."""

    __slots__ = ("_in_pool", "_in_reservation", "account", "provisioned", "reserved", "running")

    def __init__(self, account: AccountGate) -> None:
        self.account = account
        self.reserved: int | None = None
        self.running = 0
        """But those on provisioned seats."""
        self.provisioned: dict[str, ProvisionedSeats] | None = None
        """By version number; None as long as the function never had any."""
        self._in_pool = UnreservedSeats(self)
        self._in_reservation = ReservedSeats(self)

    def admit(self, version: str) -> Seat:
        """Count one more of this version; the seat is to be released when it has ended. Raises TooManyRequests."""
        held = 0
        if self.provisioned is not None:
            seats = self.provisioned.get(version)
            if seats is not None and seats.running < seats.size:
                seats.running += 1
                return seats
            held = sum(each.size for each in self.provisioned.values())
        reserved, account = self.reserved, self.account
        if reserved is None:
            reason = throttle_unreserved(
                account_limit=account.limit, reserved_total=account.reserved_total, running=account.running
            )
        else:
            reason = throttle_reserved(reserved=reserved - held, running=self.running)
        if reason is not None:
            raise _throttled(reason, reserved)
        self.running += 1
        if reserved is None:
            account.running += 1
            return self._in_pool
        return self._in_reservation


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

    def provision(self, key: FunctionKey, version: str, size: int) -> None:
        """This version of a function has so many initialised environments now."""
        if size == 0 and key not in self._functions:
            return  # the function is gone
        gate = self.function(key)
        if gate.provisioned is None:
            gate.provisioned = {}
        gate.provisioned.setdefault(version, ProvisionedSeats()).size = size

    def forget(self, key: FunctionKey) -> None:
        """The function is gone."""
        gate = self._functions.get(key)
        if gate is not None and not gate.running:
            del self._functions[key]


def _throttled(reason: ThrottleReason, reserved: int | None) -> TooManyRequests:
    return FullyThrottled(reason) if reserved == 0 else TooManyRequests(reason)
