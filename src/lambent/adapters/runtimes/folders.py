"""Where interpreters lie on a host, and which files there are worth asking."""

import os
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from lambent.adapters.runtimes.interpreters import PROGRAMS
from lambent.core.runtime import RuntimeFamily


def search_folders(environment: dict[str, str], home: Path) -> list[Path]:
    """Where interpreters live: PATH, the system's folders, and the version managers that people use."""
    managed = [
        (Path(environment.get("PYENV_ROOT") or home / ".pyenv"), "versions/*/bin"),
        (Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"), "*/bin"),
        (Path(environment.get("NVM_DIR") or home / ".nvm"), "versions/node/*/bin"),
        (Path(environment.get("RBENV_ROOT") or home / ".rbenv"), "versions/*/bin"),
        (Path(environment.get("SDKMAN_CANDIDATES_DIR") or home / ".sdkman/candidates"), "java/*/bin"),
        (Path(environment.get("ASDF_DATA_DIR") or home / ".asdf"), "installs/*/*/bin"),
        (Path(environment.get("MISE_DATA_DIR") or home / ".local/share/mise"), "installs/*/*/bin"),
        (home / ".local/share/fnm", "node-versions/*/installation/bin"),
        (home / ".rubies", "*/bin"),
        (home / ".jdks", "*/bin"),
        (Path("/opt/rubies"), "*/bin"),
        (Path("/usr/lib/jvm"), "*/bin"),
    ]
    folders = [Path(each) for each in environment.get("PATH", "").split(os.pathsep) if each]
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), Path("/opt/bin")]
    for root, pattern in managed:
        folders += sorted(root.glob(pattern))
    return folders


def own_folder(environment: dict[str, str], home: Path) -> Path:
    """Where `lambent runtimes install` puts runtimes for every server of this user: in the usual data directory."""
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "lambent" / "runtimes"


def candidates(folders: Iterable[Path]) -> dict[Path, RuntimeFamily]:
    """Real binaries, each once. Shims are scripts that start whichever version they like, so they are left out."""
    found: dict[Path, RuntimeFamily] = {}
    for folder, (family, patterns) in product(dict.fromkeys(folders), PROGRAMS.items()):
        for path in (each for pattern in patterns for each in sorted(folder.glob(pattern))):
            real = path.resolve()
            if real not in found and real.is_file() and os.access(real, os.X_OK) and _is_program(real):
                found[real] = family
    return found


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
