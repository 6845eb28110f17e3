"""How much concurrency a function may reserve: the rest of the account keeps a minimum (facts F2)."""

from lambent.core.errors import InvalidParameterValue
from lambent.core.limits import MINIMUM_UNRESERVED_CONCURRENCY


def check_reservation(asked: int, *, present: int, reserved_in_account: int, account_limit: int) -> None:
    """Raise InvalidParameterValue when reserving `asked` leaves too little unreserved.

    `present` is what the function takes of the account now, reserved or provisioned; `reserved_in_account` is what all functions
    take. Lowering a reservation is always allowed, so
    that an account whose limit was lowered can be brought back in order.
    """
    minimum = min(MINIMUM_UNRESERVED_CONCURRENCY, account_limit)
    unreserved = account_limit - (reserved_in_account - present + asked)
    if asked > present and unreserved < minimum:
        raise InvalidParameterValue(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
            f"its minimum value of [{minimum}]."
        )
