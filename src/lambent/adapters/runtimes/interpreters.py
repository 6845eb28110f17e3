"""What each family's interpreter is called, how it tells its exact version, and which of Lambda's runtimes it serves."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_ASK_SECONDS = 10
_PYTHON = (
    "import os,sys,platform;print(platform.python_implementation(),'%d.%d.%d'%sys.version_info[:3],sys.base_prefix,sep='\\n')"
)
_NODE = "console.log(['Node', process.versions.node, require('path').resolve(process.execPath, '..', '..')].join('\\n'))"
_RUBY = "puts RUBY_ENGINE, RUBY_VERSION, RbConfig::CONFIG['prefix']"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """One family's."""

    programs: tuple[str, ...]
    """Names of its binary, as glob patterns."""
    question: tuple[str, ...]
    """Arguments with which it prints implementation, version and prefix, a line each."""
    implementation: str
    oldest: tuple[int, ...]
    """Versions before this one had no runtime that functions may still be made with, or run Lambent's client no longer."""


INTERPRETERS: Mapping[RuntimeFamily, Interpreter] = {
    RuntimeFamily.PYTHON: Interpreter(
        programs=("python3", "python3.[0-9]", "python3.[0-9][0-9]"),
        question=("-I", "-S", "-c", _PYTHON),
        implementation="CPython",
        oldest=(3, 8),
    ),
    RuntimeFamily.NODE: Interpreter(programs=("node", "nodejs"), question=("-e", _NODE), implementation="Node", oldest=(16,)),
    RuntimeFamily.RUBY: Interpreter(
        programs=("ruby", "ruby[0-9].[0-9]"), question=("-rrbconfig", "-e", _RUBY), implementation="ruby", oldest=(3, 2)
    ),
}
PROGRAMS: Mapping[RuntimeFamily, tuple[str, ...]] = {family: each.programs for family, each in INTERPRETERS.items()}


def ask(path: Path, family: RuntimeFamily) -> list[str]:
    """[implementation, version, prefix] in the interpreter's own words; empty when it does not answer."""
    try:
        reply = subprocess.run(  # noqa: S603 - interpreters that the search found
            [path, *INTERPRETERS[family].question],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
            check=True,
            env={},
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return reply.stdout.splitlines()


def is_answer(answer: object) -> bool:
    """Whether it has the form of one."""
    return isinstance(answer, list) and len(answer) == 3 and all(isinstance(each, str) for each in answer)


def installations(
    path: Path, family: RuntimeFamily, answer: list[str], *, root: Path | None = None
) -> Sequence[RuntimeInstallation]:
    """Every runtime of Lambda's that this interpreter serves; none for something else by that name, or a nightly build.

    `root` is the folder with all of it where that is known better than by the interpreter.
    """
    kind = INTERPRETERS[family]
    if not is_answer(answer) or answer[0] != kind.implementation or not re.fullmatch(r"\d+\.\d+\.\d+", answer[1]):
        return ()
    version, prefix = answer[1], root or Path(answer[2])
    numbers = tuple(int(part) for part in version.split("."))
    if numbers < kind.oldest:
        return ()
    in_system = root is None and (prefix == Path("/") or Path("/usr") in (prefix, *prefix.parents))
    return tuple(
        RuntimeInstallation(
            identifier=identifier, family=family, version=version, executable=path, prefix=None if in_system else prefix
        )
        for identifier in _identifiers(family, numbers)
    )


def _identifiers(family: RuntimeFamily, numbers: tuple[int, ...]) -> tuple[str, ...]:
    if family is RuntimeFamily.NODE:
        return (f"nodejs{numbers[0]}.x",)
    return (f"{family.value}{numbers[0]}.{numbers[1]}",)
