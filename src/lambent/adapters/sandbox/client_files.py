"""Where the programs that run inside sandboxes lie on this host, and the command that starts each runtime client."""

import sys
from pathlib import Path

from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_ENTRIES = {
    RuntimeFamily.PYTHON: "python/bootstrap.py",
    RuntimeFamily.NODE: "node/bootstrap.js",
    RuntimeFamily.RUBY: "ruby/bootstrap.rb",
    RuntimeFamily.PROVIDED: "provided/launcher.py",
}

PYTHON_CLIENTS = (RuntimeFamily.PYTHON, RuntimeFamily.PROVIDED)
"""Families whose client is a Python program: at level `native` it goes on in the zygote's fork, while the others are executed."""


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
    return _command(runtime, str(runtime.executable or sys.executable), str(runtimes_directory() / _ENTRIES[runtime.family]))


def command_inside(runtime: RuntimeInstallation, interpreter: str) -> list[str]:
    """The same with the paths that a sandbox shows; `interpreter` is the Python for those clients that are Python programs."""
    program = interpreter if runtime.family in PYTHON_CLIENTS else f"/var/lang/bin/{program_name(runtime.family)}"
    return _command(runtime, program, f"/var/runtime/{Path(_ENTRIES[runtime.family]).name}")


def program_name(family: RuntimeFamily) -> str:
    """What Lambda calls the interpreter in /var/lang/bin."""
    return "python3" if family is RuntimeFamily.PYTHON else family.value


def _command(runtime: RuntimeInstallation, program: str, entry: str) -> list[str]:
    return [program, "-I", "-S", entry] if runtime.family in PYTHON_CLIENTS else [program, entry]
