"""Runtimes: what Lambda calls them, and where this host keeps the interpreter for each."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class RuntimeFamily(StrEnum):
    """Which client in `runtimes/` drives a runtime."""

    PYTHON = "python"
    NODE = "node"
    RUBY = "ruby"
    PROVIDED = "provided"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeInstallation:
    """One exact interpreter of this host. A `python3.12` function runs on CPython 3.12 or not at all (design, decision 7)."""

    identifier: str
    """Lambda's name: `python3.12`, `nodejs20.x`, `provided.al2023`."""
    family: RuntimeFamily
    version: str
    """The interpreter's own full version, such as `3.12.1`; empty for provided."""
    executable: Path | None
    """The interpreter's binary, resolved of links; None for provided."""
    prefix: Path | None
    """The folder with all of the interpreter, shown as /var/lang inside; None when it lives in /usr, and for provided."""
