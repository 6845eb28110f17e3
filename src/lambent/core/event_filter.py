"""Filter patterns of event source mappings: whether one is well formed (facts D2, the syntax of EventBridge)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from lambent.core.errors import InvalidParameterValue

FILTERS_AT_MOST = 5
_BELOW = ("<", "<=")
_ABOVE = (">", ">=")


def check_filters(patterns: Sequence[str | None]) -> None:
    """Raise InvalidParameterValue for too many patterns, or one that is no pattern. None: a filter that has none."""
    if len(patterns) > FILTERS_AT_MOST:
        raise InvalidParameterValue(f"Filters in FilterCriteria are limited to {FILTERS_AT_MOST}.")
    for pattern in patterns:
        if pattern is None or not _is_pattern(pattern):
            raise InvalidParameterValue("Invalid filter pattern definition.")


def _is_pattern(text: str) -> bool:
    try:
        return _is_node(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_node(node: object) -> bool:
    """An object whose fields are lists of alternatives, or objects in turn."""
    return isinstance(node, dict) and bool(node) and all(_is_field(name, value) for name, value in node.items())


def _is_field(name: str, value: object) -> bool:
    if name == "$or":
        return isinstance(value, list) and len(value) > 1 and all(map(_is_node, value))
    if isinstance(value, list):
        return bool(value) and all(map(_is_alternative, value))
    return _is_node(value)


def _is_alternative(value: object) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and _is_operator(value)
    return not isinstance(value, list)


def _is_operator(given: Mapping[str, Any]) -> bool:
    [(name, value)] = given.items()
    match name:
        case "prefix" | "suffix":
            return isinstance(value, str) or _ignores_case(value)
        case "equals-ignore-case":
            return isinstance(value, str)
        case "anything-but":
            return _is_anything_but(value)
        case "numeric":
            return isinstance(value, list) and _is_numeric(value)
        case "exists":
            return isinstance(value, bool)
    return False


def _ignores_case(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"equals-ignore-case"} and isinstance(value["equals-ignore-case"], str)


def _is_anything_but(value: object) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and all(
            name in ("prefix", "suffix", "equals-ignore-case") and _is_scalar(text) and isinstance(text, str)
            for name, text in value.items()
        )
    return all(map(_is_scalar, value)) and bool(value) if isinstance(value, list) else _is_scalar(value)


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_numeric(terms: Sequence[Any]) -> bool:
    """`["=", 5]`, `[">", 1]`, or a range that begins with its lower end."""
    operators, numbers = terms[::2], terms[1::2]
    if not all(_is_scalar(each) and not isinstance(each, str) for each in numbers):
        return False
    if len(terms) == 2:
        return terms[0] in ("=", *_BELOW, *_ABOVE)
    return len(terms) == 4 and operators[0] in _ABOVE and operators[1] in _BELOW and numbers[0] < numbers[1]
