"""CloudWatch Logs filter patterns: whether a log message matches (facts H4; "Filter pattern syntax" of the Logs user guide)."""

import re
from collections.abc import Callable

from lambent.core.errors import InvalidParameterValue
from lambent.core.log_comparison import expression
from lambent.core.log_pattern_fields import fields_filter
from lambent.core.log_pattern_json import json_filter

Matches = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)+)%|([^\s"]+))(?=\s|$)')


def log_filter(pattern: str) -> Matches:
    """Whether a message matches: `{ $.json = selectors }`, `[space, delimited]`, or terms.

    Of terms, all plain ones must occur, one of those after `?`, none of those after `-`; case matters. The empty pattern matches
    everything. Raises InvalidParameterValue.
    """
    text = pattern.strip()
    if text.startswith("{"):
        return json_filter(text)
    if text.startswith("["):
        return fields_filter(text)
    return _terms_filter(text)


def _terms_filter(text: str) -> Matches:
    needed, any_of, without = _terms(text)

    def matches(message: str) -> bool:
        return (
            all(occurs(message) for occurs in needed)
            and not any(occurs(message) for occurs in without)
            and (not any_of or any(occurs(message) for occurs in any_of))
        )

    return matches


def _terms(text: str) -> tuple[list[Matches], list[Matches], list[Matches]]:
    terms: dict[str, list[Matches]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise InvalidParameterValue("Invalid filter pattern: a quote is not closed, or stands within a term.")
        sign, phrase, regular, word = match.groups()
        terms[sign].append(_regular(regular) if regular else _plain(word if phrase is None else re.sub(r"\\(.)", r"\1", phrase)))
        position = match.end()
    return terms[""], terms["?"], terms["-"]


def _plain(term: str) -> Matches:
    return lambda message: term in message


def _regular(text: str) -> Matches:
    pattern = expression(text)
    return lambda message: pattern.search(message) is not None
