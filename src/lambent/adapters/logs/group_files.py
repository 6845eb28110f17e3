"""The settings of log groups on disk: one JSON file in each group's folder."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lambent.adapters.logs.layout import segments
from lambent.core.log_group import LogGroup, SubscriptionFilter

_FILE = ".group.json"


def read_group(folder: Path, name: str) -> LogGroup | None:
    """None when there is no such folder."""
    try:
        stored = json.loads((folder / _FILE).read_text("utf-8"))
    except FileNotFoundError:
        return _plain(folder, name)
    filters = tuple(SubscriptionFilter(**each) for each in stored.pop("filters"))
    return LogGroup(**{**stored, "name": name, "filters": filters, "stored_bytes": _bytes(folder)})


def write_group(folder: Path, group: LogGroup) -> None:
    """Make or replace the settings: a reader sees the old ones or the new ones, whole."""
    fields: Mapping[str, Any] = asdict(replace(group, stored_bytes=0))
    half = folder / f"{_FILE}.half"
    half.write_text(json.dumps(fields), "utf-8")
    half.replace(folder / _FILE)


def retention_days(folder: Path) -> int | None:
    """Of the group in this folder."""
    try:
        days: int | None = json.loads((folder / _FILE).read_text("utf-8"))["retention_days"]
    except FileNotFoundError:
        return None
    return days


def remove_group(folder: Path) -> None:
    """With everything in it."""
    shutil.rmtree(folder)


def _plain(folder: Path, name: str) -> LogGroup | None:
    """A group of a version of Lambent that kept no settings."""
    try:
        created = min((path.stat().st_ctime for path in folder.iterdir()), default=folder.stat().st_ctime)
    except OSError:
        return None
    return LogGroup(name=name, created_ms=int(created * 1000), stored_bytes=_bytes(folder))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for paths in segments(folder).values() for path in paths)
