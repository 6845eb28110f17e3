"""Where the programs that run inside sandboxes lie on this host, and the command that starts each runtime client."""

import sys
from pathlib import Path

from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_ENTRIES = {
    RuntimeFamily.PYTHON: "python/bootstrap.py",
    RuntimeFamily.NODE: "node/bootstrap.js",
    RuntimeFamily.PROVIDED: "provided/launcher.py",
}


def runtimes_directory() -> Path:
    """The folder `runtimes/`: beside the package in a wheel, at the repository's root in a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "runtimes"
    return installed if installed.is_dir() else package.parents[1] / "runtimes"


def client_directory(runtime: RuntimeInstallation) -> Path:
    """The client's folder: /var/runtime inside."""
    return runtimes_directory() / Path(_ENTRIES[runtime.family]).parent


def client_command(runtime: RuntimeInstallation) -> list[str]:
    """How the client is started with this host's paths. Lambent's own interpreter runs the launcher of `provided`."""
    entry = str(runtimes_directory() / _ENTRIES[runtime.family])
    if runtime.family is RuntimeFamily.NODE:
        return [str(runtime.executable), entry]
    return [str(runtime.executable or sys.executable), "-I", "-S", entry]
