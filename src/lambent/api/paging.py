"""Marker and MaxItems in, NextMarker out: what every list operation does alike."""

from collections.abc import Sequence
from typing import Any

from lambent.api.call import Members
from lambent.core.pagination import Page


def requested_page(members: Members) -> Page:
    """The page that a list request asks for; an empty Marker is none."""
    return Page(marker=members.get("Marker") or None, max_items=members.get("MaxItems"))


def listed(name: str, items: Sequence[Members], marker: str | None) -> dict[str, Any]:
    """The reply of a list operation whose list member is `name`."""
    return {name: list(items)} if marker is None else {name: list(items), "NextMarker": marker}
