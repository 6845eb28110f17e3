"""Filter patterns for JSON messages: `{ ($.level = "ERROR") && ($.items[0].price > 3) }` (facts H4)."""

import json
import re
from collections.abc import Callable, Sequence

from lambent.core.log_comparison import comparison
from lambent.core.log_condition import SIGNS, Conditions, Holds, malformed

_STEP = re.compile(r"""\.?\[(?:'([^']*)'|"([^"]*)"|(\d{1,6})|(\*))\]|\.([^.\[\]\s]+)""")
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


def json_filter(pattern: str) -> Callable[[str], bool]:
    """Whether a message is a JSON object (or array) that meets the condition. Raises InvalidParameterValue."""
    if not pattern.endswith("}"):
        raise malformed("the brace is not closed")
    holds = Conditions(pattern[1:-1], _condition).read()

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(document, dict | list) and holds(document)

    return matches


def _condition(tokens: Conditions) -> Holds:
    path = _path(tokens.take())
    word = tokens.take()
    if word in SIGNS:
        test = comparison(word, tokens.take())
        return lambda document: any(test(each) for each in _found(document, path))
    following = tokens.take().upper()
    if word.upper() == "IS" and following in _CONSTANTS:
        wanted = _CONSTANTS[following]
        return lambda document: any(each is wanted for each in _found(document, path))
    if word.upper() == "NOT" and following == "EXISTS":
        return lambda document: not _found(document, path)
    raise malformed(f"{word} is no operator")


def _path(selector: str) -> Sequence[str | int | None]:
    """Steps into a document: a key, an index, or None for every element."""
    if not selector.startswith("$"):
        raise malformed(f"a selector starts with $, and {selector} does not")
    steps: list[str | int | None] = []
    position = 1
    while position < len(selector):
        match = _STEP.match(selector, position)
        if match is None:
            raise malformed(f"the selector {selector} cannot be read")
        single, double, index, every, key = match.groups()
        name = next((each for each in (single, double, key) if each is not None), None)
        steps.append(None if every else int(index) if index else name)
        position = match.end()
    return steps


def _found(document: object, path: Sequence[str | int | None]) -> list[object]:
    """Every value that the path leads to."""
    here = [document]
    for step in path:
        here = [found for each in here for found in _inside(each, step)]
    return here


def _inside(value: object, step: str | int | None) -> Sequence[object]:
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    return value if step is None else value[step : step + 1]
