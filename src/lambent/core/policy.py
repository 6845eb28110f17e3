"""Evaluates a resource policy: whether it allows, denies or says nothing about a call (facts G6; IAM User Guide)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lambent.core.resource_policy import ResourcePolicy, Statement


class Decision(StrEnum):
    """What a policy says of a call."""

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """One call as a policy sees it. Callers are known by their account only: statements for users or roles match nobody."""

    account: str
    """The caller's, 12 digits."""
    action: str
    """Such as `lambda:InvokeFunction`."""
    resource: str
    """The ARN as called."""

    @property
    def principal(self) -> str:
        """The ARN that stands for the whole account."""
        return f"arn:aws:iam::{self.account}:root"

    @property
    def context(self) -> Mapping[str, str]:
        """Condition keys in lower case. Keys that are not here are absent from every call."""
        return {"aws:principalaccount": self.account, "aws:principalarn": self.principal}


def decide(policy: ResourcePolicy | None, access: Access) -> Decision:
    """An explicit Deny wins over every Allow.

    A condition that cannot be decided here (numbers, dates, addresses) never lets anyone in: it counts as met for a Deny, as
    not met for an Allow.
    """
    decision = Decision.SILENT
    for statement in () if policy is None else policy.statements:
        denies = statement.get("Effect") == "Deny"
        if not _applies(statement, access, undecided=denies):
            continue
        if denies:
            return Decision.DENIED
        decision = Decision.ALLOWED
    return decision


def _applies(statement: Statement, access: Access, *, undecided: bool) -> bool:
    return (
        _either(statement, "Principal", lambda given: _is_principal(given, access))
        and _either(statement, "Action", lambda given: _matches(given, access.action, ignore_case=True))
        and _either(statement, "Resource", lambda given: _matches(given, access.resource))
        and _conditions_hold(statement.get("Condition"), access.context, undecided=undecided)
    )


def _either(statement: Statement, element: str, matches: Callable[[object], bool]) -> bool:
    """The element, or its negation such as NotAction; a statement that has neither is about nothing."""
    if element in statement:
        return matches(statement[element])
    negated = f"Not{element}"
    return negated in statement and not matches(statement[negated])


def _is_principal(given: object, access: Access) -> bool:
    if isinstance(given, str):
        return given == "*"
    accounts = listed(given.get("AWS", ())) if isinstance(given, Mapping) else ()
    return any(each in ("*", access.account, access.principal) for each in accounts)


def _matches(given: object, text: str, *, ignore_case: bool = False) -> bool:
    return any(isinstance(each, str) and wildcard_match(each, text, ignore_case=ignore_case) for each in listed(given))


def _conditions_hold(given: object, context: Mapping[str, str], *, undecided: bool) -> bool:
    """Every key of every operator holds."""
    if given is None:
        return True
    if not isinstance(given, Mapping):
        return undecided
    return all(
        _condition_holds(operator, context.get(str(key).lower()), listed(wanted), undecided=undecided)
        for operator, keys in given.items()
        for key, wanted in (keys.items() if isinstance(keys, Mapping) else ((None, ()),))
    )


def _condition_holds(operator: str, value: str | None, wanted: tuple[object, ...], *, undecided: bool) -> bool:
    set_operator, _, bare = operator.rpartition(":")
    if bare == "Null":
        return any(str(each).lower() == str(value is None).lower() for each in wanted)
    exists = bare.removesuffix("IfExists")
    if exists not in OPERATORS:
        return undecided
    test, negated = OPERATORS[exists]
    if value is None:
        return negated or exists != bare or set_operator == "ForAllValues"
    found = any(test(_text(each), value) for each in wanted)
    return found is not negated


def wildcard_match(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: `*` is any text, `?` one character."""
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Stars side by side are one, and each is possessive up to what follows it: no pattern takes long to fail
    parts = [re.escape(each).replace(r"\?", ".") for each in re.sub(r"\*+", "*", pattern).split("*")]
    head, *rest = parts
    if not rest:
        return re.compile(head, re.DOTALL)
    middle = "".join(f"(?>.*?{each})" for each in rest[:-1])
    return re.compile(f"{head}{middle}.*{rest[-1]}", re.DOTALL)


def listed(given: object) -> tuple[object, ...]:
    """A value or a list of them, as policies have either."""
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Test = Callable[[str, str], bool]


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


def _equal_but_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


OPERATORS: Mapping[str, tuple[Test, bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_but_case, False),
    "StringNotEqualsIgnoreCase": (_equal_but_case, True),
    "StringLike": (wildcard_match, False),
    "StringNotLike": (wildcard_match, True),
    "ArnEquals": (wildcard_match, False),
    "ArnNotEquals": (wildcard_match, True),
    "ArnLike": (wildcard_match, False),
    "ArnNotLike": (wildcard_match, True),
    "Bool": (_equal_but_case, False),
}
"""What can be decided: how one wanted value is compared, and whether the operator negates. Negated ones hold for absent keys."""
