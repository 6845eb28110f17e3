"""Which folders a server searches for runtimes: the host's, and those that `lambent runtimes install` fills."""

import os
from pathlib import Path

from lambent.adapters.runtimes import HostRuntimes, own_folder


def host_runtimes(data_directory: Path, *, remember: bool = True) -> HostRuntimes:
    """The catalog of this host for a server with this data directory. Blocks while interpreters are asked."""
    memory = data_directory / "runtimes.json" if remember else None
    return HostRuntimes(memory, installed=places(data_directory))


def places(data_directory: Path) -> list[Path]:
    """Where installed runtimes may lie: this server's own folder, then the user's."""
    return list(dict.fromkeys((data_directory / "runtimes", own_folder(dict(os.environ), Path.home()))))
