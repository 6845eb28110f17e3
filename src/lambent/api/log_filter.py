"""CloudWatch Logs filter patterns for unstructured text: terms, quoted phrases, `?any` of, `-without` (facts H4)."""

import re
from collections.abc import Callable

from lambent.core.errors import InvalidParameterValue

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')


def text_filter(pattern: str) -> Callable[[str], bool]:
    """Whether a message matches. All plain terms must occur, one of those after `?`, none of those after `-`; case matters.

    Raises InvalidParameterValue for JSON (`{ $.x = 1 }`), space-delimited (`[a, b]`) and regular-expression (`%x%`) patterns.
    """
    text = pattern.strip()
    if text[:1] in ("{", "[", "%"):
        raise InvalidParameterValue(
            "Only patterns of plain terms and quoted phrases are supported; JSON, space-delimited and regular-expression "
            "filter patterns are not."
        )
    needed, any_of, without = _terms(text)

    def matches(message: str) -> bool:
        return (
            all(term in message for term in needed)
            and not any(term in message for term in without)
            and (not any_of or any(term in message for term in any_of))
        )

    return matches


def _terms(text: str) -> tuple[list[str], list[str], list[str]]:
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise InvalidParameterValue("Invalid filter pattern: a quote is not closed, or stands within a term.")
        sign, phrase, word = match.groups()
        terms[sign].append(re.sub(r"\\(.)", r"\1", phrase) if word is None else word)
        position = match.end()
    return terms[""], terms["?"], terms["-"]
