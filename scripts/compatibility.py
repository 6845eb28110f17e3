"""Regenerates docs/compatibility.md: operations and states from the models and the handlers, notes as written in the page.

`python -m scripts.compatibility` writes the page; the notes column is the only one to edit by hand. An operation that is handled is
`done` when its note is empty and `partial` when it has one; one that is not handled must have a note that says why.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from lambent.api.app import REST_SERVICES
from lambent.api.handlers import ControlPorts, control_handlers
from lambent.api.invoke import InvokeHandlers
from lambent.api.logs_service import log_handlers, log_streams
from lambent.api.model import Service, load_service
from lambent.control.code import Signers

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"
_SECTION = "## Operations of `{}`"
_VERSION = re.compile(r"Models: botocore ([\d.]+)\.")
_ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<state>done|partial|not) \| (?P<note>.*?) *\|")


def handled_operations() -> Mapping[str, frozenset[str]]:
    """Names of the operations that have a handler, by service."""
    nothing = cast("Any", None)  # handlers are listed here, never called
    signers = Signers(signatures=nothing, profiles=nothing)
    ports = ControlPorts(
        store=nothing, packages=nothing, objects=nothing, images=nothing, signers=signers, clock=nothing, chance=nothing
    )
    control = control_handlers(ports, link=nothing, account_concurrency=1000)
    invoke = InvokeHandlers(load_service("lambda"), nothing, nothing, nothing, nothing).raw_handlers()
    logs = frozenset(log_handlers(nothing, nothing)) | frozenset(log_streams(nothing, nothing, nothing))
    return {"lambda": frozenset(control) | frozenset(invoke), "logs": logs}


def services() -> Sequence[Service]:
    """Every service model that requests can be routed to."""
    return [load_service(name) for name in (*REST_SERVICES, "logs")]


def notes_of(page: str) -> Mapping[tuple[str, str], str]:
    """The notes in the page by service and operation."""
    found = {}
    for section in page.split("\n## ")[1:]:
        title = re.match(r"Operations of `([\w-]+)`", section)
        for row in _ROW.finditer(section) if title else ():
            found[title[1], row["name"]] = row["note"].strip()
    return found


def described_version(page: str) -> str:
    """The botocore whose models the page is about."""
    match = _VERSION.search(page)
    return "" if match is None else match[1]


def generate(page: str) -> str:
    """The page with its tables made anew; what stands before the first table is kept."""
    notes, handled = notes_of(page), handled_operations()
    introduction = page.partition("\n## Operations of")[0].rstrip()
    parts = [_VERSION.sub(f"Models: botocore {version('botocore')}.", introduction) + "\n"]
    for service in services():
        done = handled.get(service.name, frozenset())
        parts.append(f"{_SECTION.format(service.name)}\n\n{len(done)} of {len(service.operations)} are handled.\n")
        rows = ["| Operation | State | Notes |", "|---|---|---|"]
        for name in sorted(service.operations):
            note = notes.get((service.name, name), "")
            state = "not" if name not in done else "partial" if note else "done"
            rows.append(f"| `{name}` | {state} | {note} |".replace("  |", " |"))
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8") if PAGE.exists() else ""), "utf-8")
