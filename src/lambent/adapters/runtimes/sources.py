"""What the sources of runtimes have in common: what they leave behind, how they fail, how they start another program."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DOWNLOAD_SECONDS = 1800


class InstallFailure(Exception):
    """A runtime could not be installed; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """A runtime that lies whole in a folder."""

    root: Path
    program: str
    """Relative to the folder."""
    source: str
    contents: Mapping[str, str]
    """SHA-256 digest by file name of what was downloaded."""


def needed(program: str, what_for: str) -> str:
    """Its path. Raises InstallFailure when this host lacks it."""
    found = shutil.which(program)
    if found is None:
        raise InstallFailure(f"{program} is not on this host, and {what_for}")
    return found


def run(command: Sequence[str], doing: str, *, shown: bool = False) -> str:
    """Its standard output. `shown`: its progress goes to standard error when that is a terminal. Raises InstallFailure."""
    visible = shown and sys.stderr.isatty()
    try:
        done = subprocess.run(  # noqa: S603 - programs that are named here
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if visible else subprocess.PIPE,
            stderr=None if visible else subprocess.PIPE,
            text=True,
            timeout=_DOWNLOAD_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = "\n".join((error.stderr or error.stdout or "").strip().splitlines()[-5:])
        raise InstallFailure(f"{doing} failed{': ' if said else ''}{said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallFailure(f"{doing} failed: {error}") from error
    return done.stdout or ""


def digests(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 by name."""
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in sorted(files)}
