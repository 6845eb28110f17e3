"""Runtimes for a server and for `lambent runtimes`: which folders are searched, and how more are brought."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from lambent.adapters.runtimes import HostRuntimes, missing_runtime_message, own_folder
from lambent.adapters.runtimes.installing import install_runtime
from lambent.adapters.runtimes.sources import InstallFailure
from lambent.adapters.sandbox.probe import probe
from lambent.core.runtime import RuntimeInstallation
from lambent.core.runtime_sources import has_client, source_of, why_not
from lambent.core.runtimes_table import RUNTIMES


def host_runtimes(data_directory: Path, *, remember: bool = True) -> HostRuntimes:
    """The catalog of this host for a server with this data directory. Blocks while interpreters are asked."""
    memory = data_directory / "runtimes.json" if remember else None
    return HostRuntimes(memory, installed=places(data_directory))


def places(data_directory: Path) -> list[Path]:
    """Where installed runtimes may lie: this server's own folder, then the user's."""
    return list(dict.fromkeys((data_directory / "runtimes", own_folder(dict(os.environ), Path.home()))))


def usable_levels() -> list[str]:
    """The isolation levels of this machine at which functions run, whatever their language; takes up to a few seconds."""
    return [report.level.value for report in asyncio.run(probe(None)) if report.available]


def install(identifier: str, place: Path, say: Callable[[str], None]) -> RuntimeInstallation:
    """Bring a runtime into the folder `place`. Raises InstallFailure, with what to do instead."""
    source = source_of(identifier)
    if source is None:
        known = identifier in RUNTIMES and has_client(identifier)
        advice = f"\n{missing_runtime_message(identifier)}" if known else ""
        raise InstallFailure(f"{why_not(identifier)}.{advice}")
    return install_runtime(identifier, source, place, say)
