"""Conditions of filter patterns joined by `&&`, `||` and parentheses: the grammar that JSON and field patterns share."""

import re
from collections.abc import Callable
from typing import Any, Final

from lambent.core.errors import InvalidParameterValue

Holds = Callable[[Any], bool]
"""Whether a condition holds for what was made of a message."""

_TOKEN = re.compile(
    r"""\s*(&&|\|\||[()]|!=|>=|<=|[=<>]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|%(?:[^%\\]|\\.)+%|(?:\[[^\]]*\]|[^\s()=<>!&|"'%\[])+)"""
)
SIGNS: Final = frozenset({"=", "!=", ">", "<", ">=", "<="})
_DEPTH: Final = 20


class Conditions:
    """Reads one condition; `simple` reads what stands between the operators, from this reader's tokens."""

    def __init__(self, text: str, simple: "Callable[[Conditions], Holds]") -> None:
        self._tokens = _split(text)
        self._simple = simple
        self._depth = 0

    def read(self) -> Holds:
        """The whole. Raises InvalidParameterValue when it is none, or when something is left over."""
        condition = self._any_of()
        if self._tokens:
            raise malformed(f"{self._tokens[-1]} is not expected")
        return condition

    def take(self) -> str:
        """The next token. Raises InvalidParameterValue at the end."""
        if not self._tokens:
            raise malformed("it ends too early")
        return self._tokens.pop()

    def peek(self) -> str:
        """The next token, left where it is; empty at the end."""
        return self._tokens[-1] if self._tokens else ""

    def _any_of(self) -> Holds:
        parts = [self._all_of()]
        while self.peek() == "||":
            self.take()
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda subject: any(each(subject) for each in parts)

    def _all_of(self) -> Holds:
        parts = [self._one()]
        while self.peek() == "&&":
            self.take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda subject: all(each(subject) for each in parts)

    def _one(self) -> Holds:
        if self.peek() != "(":
            return self._simple(self)
        self.take()
        self._depth += 1
        if self._depth > _DEPTH:
            raise malformed("parentheses are nested too deep")
        condition = self._any_of()
        if self.take() != ")":
            raise malformed("a parenthesis is not closed")
        self._depth -= 1
        return condition


def malformed(reason: str) -> InvalidParameterValue:
    """The fault for a pattern that is none."""
    return InvalidParameterValue(f"Invalid filter pattern: {reason}.")


def _split(text: str) -> list[str]:
    """Tokens, the first one last."""
    tokens: list[str] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise malformed(f"{text[position : position + 20].strip()} cannot be read")
        tokens.append(match[1])
        position = match.end()
    return tokens[::-1]
