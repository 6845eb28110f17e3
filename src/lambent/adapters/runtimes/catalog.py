"""The RuntimeCatalog: finds the exact interpreters of this host, and remembers what they said."""

import json
import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lambent.adapters.runtimes.folders import candidates, own_folder, search_folders
from lambent.adapters.runtimes.installed import installed_runtimes
from lambent.adapters.runtimes.interpreters import ask, installations, is_answer
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

log = logging.getLogger(__name__)

_PROVIDED = ("provided.al2023", "provided.al2")


class HostRuntimes:
    """Asks each interpreter itself, once; answers are kept in a file by path, time and size, so that a start is fast."""

    def __init__(
        self, memory: Path | None, folders: Iterable[Path] | None = None, *, installed: Iterable[Path] | None = None
    ) -> None:
        """`memory` is the file that keeps the answers; None keeps nothing. Blocks for as long as the unknown ones take.

        `folders` are searched for binaries, `installed` for what `lambent runtimes install` brought. None: the usual ones,
        but when only `folders` are given, nothing else is looked at.
        """
        self._memory = memory
        places = list(folders) if folders is not None else search_folders(dict(os.environ), Path.home())
        usual_own = [own_folder(dict(os.environ), Path.home())] if folders is None else []
        own_places = list(installed) if installed is not None else usual_own
        own = list(installed_runtimes(own_places))
        self._roots = {each.program: each.root for each in own}
        found = self._ask_all({**candidates(places), **{each.program: each.family for each in own}})
        for identifier in _PROVIDED:
            found[identifier] = RuntimeInstallation(
                identifier=identifier, family=RuntimeFamily.PROVIDED, version="", executable=None, prefix=None
            )
        self._found = dict(sorted(found.items()))

    def find(self, identifier: str) -> RuntimeInstallation | None:
        return self._found.get(identifier)

    def installations(self) -> Sequence[RuntimeInstallation]:
        return tuple(self._found.values())

    def _ask_all(self, programs: dict[Path, RuntimeFamily]) -> dict[str, RuntimeInstallation]:
        marks = {path: mark for path in programs if (mark := _mark(path)) is not None}
        known = self._remembered()
        with ThreadPoolExecutor(max_workers=8) as threads:
            asked = {mark: threads.submit(ask, path, programs[path]) for path, mark in marks.items() if mark not in known}
        answers = {mark: asked[mark].result() if mark in asked else known[mark] for mark in marks.values()}
        if asked:
            # Not that there was no answer: the machine may have been busy.
            self._remember({mark: answer for mark, answer in answers.items() if answer})
        found: dict[str, RuntimeInstallation] = {}
        for path, mark in marks.items():
            for installation in installations(path, programs[path], answers[mark], root=self._roots.get(path)):
                if _newer(installation, found.get(installation.identifier)):
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
        return {mark: answer for mark, answer in content.items() if is_answer(answer)}

    def _remember(self, answers: dict[str, list[str]]) -> None:
        if self._memory is None:
            return
        half = self._memory.with_name(f"{self._memory.name}.{os.getpid()}.half")
        try:
            half.write_text(json.dumps(answers), "utf-8")
            half.replace(self._memory)
        except OSError as error:
            log.warning("runtimes_not_remembered", extra={"reason": str(error)})


def _mark(path: Path) -> str | None:
    """What changes when another binary is put there; None when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{path}|{status.st_mtime_ns}|{status.st_size}"


def _newer(candidate: RuntimeInstallation, known: RuntimeInstallation | None) -> bool:
    def numbers(installation: RuntimeInstallation) -> list[int]:
        return [int(part) for part in installation.version.split(".")]

    return known is None or numbers(candidate) > numbers(known)
