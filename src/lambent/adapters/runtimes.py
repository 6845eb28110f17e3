"""The RuntimeCatalog: finds the exact interpreters of this host, and says how to get those it lacks."""

import json
import logging
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

log = logging.getLogger(__name__)

_ASK_SECONDS = 10
_ASK_PYTHON = (
    "import os,sys,platform;print(platform.python_implementation(),'%d.%d.%d'%sys.version_info[:3],sys.base_prefix,sep='\\n')"
)
_ASK_NODE = "console.log(['Node', process.versions.node, require('path').resolve(process.execPath, '..', '..')].join('\\n'))"
_OLDEST = {RuntimeFamily.PYTHON: (3, 8), RuntimeFamily.NODE: (16,)}
_PROVIDED = ("provided.al2023", "provided.al2")
_PATTERNS = {
    RuntimeFamily.PYTHON: ("python3", "python3.[0-9]", "python3.[0-9][0-9]"),
    RuntimeFamily.NODE: ("node", "nodejs"),
}


def search_folders(environment: dict[str, str], home: Path) -> list[Path]:
    """Where interpreters live: PATH, the system's folders, and the version managers that people use."""
    managed = [
        (Path(environment.get("PYENV_ROOT") or home / ".pyenv"), "versions/*/bin"),
        (Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"), "*/bin"),
        (Path(environment.get("NVM_DIR") or home / ".nvm"), "versions/node/*/bin"),
        (Path(environment.get("ASDF_DATA_DIR") or home / ".asdf"), "installs/*/*/bin"),
        (Path(environment.get("MISE_DATA_DIR") or home / ".local/share/mise"), "installs/*/*/bin"),
        (home / ".local/share/fnm", "node-versions/*/installation/bin"),
    ]
    folders = [Path(each) for each in environment.get("PATH", "").split(os.pathsep) if each]
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), Path("/opt/bin")]
    for root, pattern in managed:
        folders += sorted(root.glob(pattern))
    return folders


class HostRuntimes:
    """Asks each interpreter itself, once; answers are kept in a file by path, time and size, so that a start is fast."""

    def __init__(self, memory: Path | None, folders: Iterable[Path] | None = None) -> None:
        """`memory` is the file that keeps the answers; None keeps nothing. Blocks for as long as the unknown ones take."""
        self._memory = memory
        places = list(folders) if folders is not None else search_folders(dict(os.environ), Path.home())
        found = self._ask_all(_candidates(places))
        for identifier in _PROVIDED:
            found[identifier] = RuntimeInstallation(
                identifier=identifier, family=RuntimeFamily.PROVIDED, version="", executable=None, prefix=None
            )
        self._found = dict(sorted(found.items()))

    def find(self, identifier: str) -> RuntimeInstallation | None:
        return self._found.get(identifier)

    def installations(self) -> Sequence[RuntimeInstallation]:
        return tuple(self._found.values())

    def _ask_all(self, candidates: dict[Path, RuntimeFamily]) -> dict[str, RuntimeInstallation]:
        marks = {path: mark for path in candidates if (mark := _mark(path)) is not None}
        known = self._remembered()
        with ThreadPoolExecutor(max_workers=8) as threads:
            asked = {mark: threads.submit(_ask, path, candidates[path]) for path, mark in marks.items() if mark not in known}
        answers = {mark: asked[mark].result() if mark in asked else known[mark] for mark in marks.values()}
        if asked:
            # Not that there was no answer: the machine may have been busy.
            self._remember({mark: answer for mark, answer in answers.items() if answer})
        found: dict[str, RuntimeInstallation] = {}
        for path, mark in marks.items():
            installation = _installation(path, candidates[path], answers[mark])
            if installation is not None and _newer(installation, found.get(installation.identifier)):
                found[installation.identifier] = installation
        return found

    def _remembered(self) -> dict[str, list[str]]:
        if self._memory is None:
            return {}
        try:
            content = json.loads(self._memory.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {mark: answer for mark, answer in content.items() if _is_answer(answer)}

    def _remember(self, answers: dict[str, list[str]]) -> None:
        if self._memory is None:
            return
        half = self._memory.with_name(f"{self._memory.name}.{os.getpid()}.half")
        try:
            half.write_text(json.dumps(answers), "utf-8")
            half.replace(self._memory)
        except OSError as error:
            log.warning("runtimes_not_remembered", extra={"reason": str(error)})


def _is_answer(answer: object) -> bool:
    return isinstance(answer, list) and len(answer) == 3 and all(isinstance(each, str) for each in answer)


def _candidates(folders: Iterable[Path]) -> dict[Path, RuntimeFamily]:
    """Real binaries, each once. Shims are scripts that start whichever version they like, so they are left out."""
    candidates: dict[Path, RuntimeFamily] = {}
    for folder, (family, patterns) in product(dict.fromkeys(folders), _PATTERNS.items()):
        for path in (each for pattern in patterns for each in sorted(folder.glob(pattern))):
            real = path.resolve()
            if real not in candidates and real.is_file() and os.access(real, os.X_OK) and _is_program(real):
                candidates[real] = family
    return candidates


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _mark(path: Path) -> str | None:
    """What changes when another binary is put there; None when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{path}|{status.st_mtime_ns}|{status.st_size}"


def _ask(path: Path, family: RuntimeFamily) -> list[str]:
    """[implementation, version, prefix] in the interpreter's own words; empty when it does not answer."""
    question = ["-I", "-S", "-c", _ASK_PYTHON] if family is RuntimeFamily.PYTHON else ["-e", _ASK_NODE]
    try:
        reply = subprocess.run(  # noqa: S603 - interpreters that the search found
            [path, *question], capture_output=True, text=True, errors="replace", timeout=_ASK_SECONDS, check=True, env={}
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return reply.stdout.splitlines()


def _installation(path: Path, family: RuntimeFamily, answer: list[str]) -> RuntimeInstallation | None:
    if not _is_answer(answer) or answer[0] not in ("CPython", "Node") or not re.fullmatch(r"\d+\.\d+\.\d+", answer[1]):
        return None  # something else by that name, or a nightly build
    version, prefix = answer[1], Path(answer[2])
    numbers = tuple(int(part) for part in version.split("."))
    if numbers < _OLDEST[family]:
        return None
    identifier = f"python{numbers[0]}.{numbers[1]}" if family is RuntimeFamily.PYTHON else f"nodejs{numbers[0]}.x"
    in_system = prefix == Path("/") or Path("/usr") in (prefix, *prefix.parents)
    return RuntimeInstallation(
        identifier=identifier, family=family, version=version, executable=path, prefix=None if in_system else prefix
    )


def _newer(candidate: RuntimeInstallation, known: RuntimeInstallation | None) -> bool:
    def numbers(installation: RuntimeInstallation) -> list[int]:
        return [int(part) for part in installation.version.split(".")]

    return known is None or numbers(candidate) > numbers(known)


def missing_runtime_message(identifier: str) -> str:
    """What a user is told whose function needs an interpreter that this host lacks."""
    advice = "see `lambent doctor` for the runtimes of this host"
    if identifier.startswith("python"):
        version = identifier.removeprefix("python")
        advice = (
            f"install CPython {version}: `uv python install {version}`, `pyenv install {version}` or your distribution's package"
        )
    elif identifier.startswith("nodejs"):
        version = identifier.removeprefix("nodejs").removesuffix(".x")
        advice = f"install Node.js {version}: `nvm install {version}`, `mise use node@{version}` or your distribution's package"
    return (
        f"This host has no interpreter for the runtime {identifier}, and Lambent never runs a function on another one. "
        f"To mend it, {advice}, then start Lambent again."
    )
