"""Markers of paged lists: opaque to callers, and good only for the list that gave them out."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import LATEST

PAGE_SIZE = 50
"""Most items in one reply of most lists, whatever MaxItems asks for (facts A1)."""
_DIGITS = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a list request asks for."""

    marker: str | None = None
    max_items: int | None = None
    most: int = PAGE_SIZE
    """What the operation returns at most, whatever is asked for."""

    @property
    def size(self) -> int:
        """Items to return at most."""
        return min(self.max_items or self.most, self.most)


def encode_marker(kind: str, *position: str | int) -> str:
    """A marker for the items of list `kind` that come after `position`."""
    text = json.dumps([kind, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_marker(kind: str, marker: str | None, shape: Sequence[type]) -> tuple[str | int, ...] | None:
    """The position in a marker of this list; None for the first page. Raises InvalidParameterValue for any other text."""
    if marker is None:
        return None
    try:
        parts = json.loads(base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(parts, list) or [type(each) for each in parts] != [str, *shape] or parts[0] != kind:
        raise _invalid()
    return tuple(parts[1:])


def text_position(kind: str, marker: str | None) -> str | None:
    """The position of a list that is ordered by a name."""
    position = decode_marker(kind, marker, (str,))
    return None if position is None else str(position[0])


def number_position(kind: str, marker: str | None) -> int | None:
    """The position of a list that is ordered by a number (from 0)."""
    position = decode_marker(kind, marker, (int,))
    if position is not None and not 0 <= int(position[0]) < 2**63:
        raise _invalid()
    return None if position is None else int(position[0])


def version_position(kind: str, marker: str | None) -> tuple[str, str] | None:
    """The position of a list that is ordered by a function's name, then version (`$LATEST` or a number)."""
    position = decode_marker(kind, marker, (str, str))
    if position is None:
        return None
    name, version = str(position[0]), str(position[1])
    if version != LATEST and not (version.isascii() and version.isdecimal() and len(version) <= _DIGITS):
        raise _invalid()
    return name, version


def _invalid() -> InvalidParameterValue:
    return InvalidParameterValue("The pagination marker is not valid: use a NextMarker exactly as this operation returned it.")
