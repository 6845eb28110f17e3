"""The Java regular expressions of the service models, as Python ones with the same meaning."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

# Java's \p{L} and its like are classes of Unicode categories, which Python's re does not have. Every character outside ASCII is
# replaced by a stand-in for its category before matching, and \p{..} by the ASCII characters of the category and its stand-in.
_STAND_INS = {"L": "\u00e9", "N": "\u00b2", "Z": "\u00a0", "C": "\u0080"}
_OTHER = "\u00bf"
_CLASSES = {
    r"\p{L}": "a-zA-Z" + _STAND_INS["L"],
    r"\p{N}": "0-9" + _STAND_INS["N"],
    r"\p{Z}": " " + _STAND_INS["Z"],
    r"\p{C}": r"\x00-\x1f\x7f" + _STAND_INS["C"],
}


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole string matches a pattern of the model. Raises re.error for a pattern that cannot be translated."""
    translated = pattern
    for name, characters in _CLASSES.items():
        translated = translated.replace(name, characters)
    if r"\p{" in translated:
        raise re.error(f"no translation for {pattern}")
    # In Java a dash after a class such as \w is the character; Python takes it for a range that cannot be.
    translated = re.sub(r"(\\[wds])-", r"\1\\-", translated)
    # ASCII: Java's \d, \w and \s are ASCII unless told otherwise.
    full_match = re.compile(translated, re.ASCII).fullmatch
    if r"\p{" not in pattern:
        return lambda text: full_match(text) is not None
    return lambda text: full_match(_fold(text)) is not None


def _fold(text: str) -> str:
    """Replace each character outside ASCII by its category's stand-in."""
    if text.isascii():
        return text
    return "".join(each if each.isascii() else _STAND_INS.get(unicodedata.category(each)[0], _OTHER) for each in text)
