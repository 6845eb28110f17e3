"""Filter patterns for space-delimited messages: `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]` (facts H4)."""

import re
from collections.abc import Callable, Mapping, Sequence

from lambent.core.log_comparison import comparison
from lambent.core.log_condition import SIGNS, Conditions, Holds, malformed

_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_COMMA = re.compile(r""",(?=(?:[^"'%]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|%(?:[^%\\]|\\.)+%)*$)""")
_NAME = re.compile(r"[A-Za-z_$][\w$.\-]*", re.ASCII)
_ELLIPSIS = "..."


def fields_filter(pattern: str) -> Callable[[str], bool]:
    """Whether a message has as many fields as the pattern (any number for `...`), and each meets its condition.

    A field is a word, or what stands in double quotes or square brackets. Raises InvalidParameterValue.
    """
    if not pattern.endswith("]"):
        raise malformed("the bracket is not closed")
    parts = [each.strip() for each in _COMMA.split(pattern[1:-1])]
    if parts.count(_ELLIPSIS) > 1:
        raise malformed("there may be one ellipsis")
    named = [_named(part, number) for number, part in enumerate(parts)]
    conditions = [condition for _, condition in named if condition is not None]
    names = [name for name, _ in named]

    def matches(message: str) -> bool:
        fields = _fields(message, names)
        return fields is not None and all(condition(fields) for condition in conditions)

    return matches


def _named(part: str, number: int) -> tuple[str, Holds | None]:
    """The field's name, and its condition if it has one."""
    if part == _ELLIPSIS:
        return _ELLIPSIS, None
    if not part:
        return f"${number + 1}", None
    name = _NAME.match(part.lstrip("("))
    if name is None:
        raise malformed(f"{part} is no field")
    if name[0] == part:
        return part, None
    return name[0], Conditions(part, _condition).read()


def _condition(tokens: Conditions) -> Holds:
    name, sign = tokens.take(), tokens.take()
    if sign not in SIGNS:
        raise malformed(f"{sign} is no operator")
    test = comparison(sign, tokens.take())
    return lambda fields: name in fields and test(fields[name])


def _fields(message: str, names: Sequence[str]) -> Mapping[str, str] | None:
    """The message's fields by name; None when their number does not fit."""
    found = [next(part for part in match.groups() if part is not None) for match in _FIELD.finditer(message)]
    if _ELLIPSIS not in names:
        return dict(zip(names, found, strict=True)) if len(names) == len(found) else None
    before = names.index(_ELLIPSIS)
    after = len(names) - before - 1
    if len(found) < before + after:
        return None
    ends = found[len(found) - after :]
    return dict(zip([*names[:before], *names[before + 1 :]], [*found[:before], *ends], strict=True))
