"""Marker and MaxItems in, NextMarker out: what every list operation does alike."""

from collections.abc import Sequence
from typing import Any

from lambent.api.call import Members
from lambent.core.pagination import PAGE_SIZE, Page


def requested_page(members: Members, *, most: int = PAGE_SIZE) -> Page:
    """The page that a list request asks for, of at most `most` items; an empty Marker is none."""
    return Page(marker=members.get("Marker") or None, max_items=members.get("MaxItems"), most=most)


def listed(name: str, items: Sequence[Members], marker: str | None) -> dict[str, Any]:
    """The reply of a list operation whose list member is `name`."""
    return {name: list(items)} if marker is None else {name: list(items), "NextMarker": marker}
