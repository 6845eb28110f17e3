"""Comparisons in CloudWatch Logs filter patterns: numbers, text with `*`, and the regular expressions between `%` (facts H4)."""

import fnmatch
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from lambent.core.errors import InvalidParameterValue

Test = Callable[[object], bool]
"""Whether a value that was found passes; a value that is not there never does."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_EXPRESSION = re.compile(r"(?:[\w:#=@/;,\- ^$?\[\]{}|*+.]|\\.)+", re.ASCII)
"""What an expression may be made of: no groups, so no back references and no nested repetition."""


def comparison(sign: str, text: str) -> Test:
    """`sign` is =, !=, >, <, >= or <=; `text` as the pattern has it, in quotes or not. Raises InvalidParameterValue."""
    if sign in _ORDER:
        if _NUMBER.fullmatch(text) is None:
            raise InvalidParameterValue(f"Invalid filter pattern: {sign} compares with a number, not with {text}.")
        return _ordered(_ORDER[sign], float(text))
    equal = _equal(text)
    return equal if sign == "=" else lambda value: not equal(value)


def expression(text: str) -> re.Pattern[str]:
    """The regular expression of `%text%`. Raises InvalidParameterValue."""
    if _EXPRESSION.fullmatch(text) is None:
        raise _invalid(text, "it has a character or an operator that filter patterns do not know")
    try:
        return re.compile(text)
    except re.error as error:
        raise _invalid(text, str(error)) from error


def _invalid(text: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Invalid filter pattern: the regular expression {text[:100]} is invalid: {reason}.")


def unquoted(text: str) -> str:
    """The text of a quoted string, or the word itself."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def as_text(value: object) -> str:
    """How a value of a JSON document is written."""
    return value if isinstance(value, str) else json.dumps(value)


def number_of(value: object) -> float | None:
    """The number that a value is, also one written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _ordered(compare: Callable[[float, float], bool], wanted: float) -> Test:
    def test(value: object) -> bool:
        number = number_of(value)
        return number is not None and compare(number, wanted)

    return test


def _equal(text: str) -> Test:
    if len(text) > 2 and text[0] == text[-1] == "%":
        pattern = expression(text[1:-1])
        return lambda value: pattern.search(as_text(value)) is not None
    if _NUMBER.fullmatch(text):
        wanted = float(text)
        return lambda value: number_of(value) == wanted
    words = unquoted(text)
    if "*" in words:
        shape = re.compile(fnmatch.translate(words.replace("[", "[[]").replace("?", "[?]")))
        return lambda value: shape.match(as_text(value)) is not None
    return lambda value: as_text(value) == words
