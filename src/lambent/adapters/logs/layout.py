"""Where log segments lie: `ACCOUNT/REGION/GROUP/STREAM~NUMBER`, with names that any file system takes."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from lambent.core.function import Owner

_LONGEST = 200
_LONG_NAME = ".name"
_LONG_STREAM = ".stream"
"""Before a hashed stream's hash: the file that holds its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamName:
    """One log stream."""

    owner: Owner
    group: str
    stream: str


def group_folder(root: Path, owner: Owner, group: str) -> Path:
    """A group's folder. Names too long for a file name are hashed; the folder then holds the name in a file."""
    return root / owner.account / owner.region / _encoded(group)


def make_group_folder(root: Path, owner: Owner, group: str) -> Path:
    """The same, made if need be."""
    folder = group_folder(root, owner, group)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name.startswith("~") and not (folder / _LONG_NAME).exists():
        (folder / _LONG_NAME).write_text(group, "utf-8")
    return folder


def segment_path(folder: Path, stream: str, number: int) -> Path:
    """Where to write one segment of a stream; numbers grow from 1."""
    encoded = _encoded(stream)
    if encoded.startswith("~") and not (folder / f"{_LONG_STREAM}{encoded}").exists():
        (folder / f"{_LONG_STREAM}{encoded}").write_text(stream, "utf-8")
    return folder / f"{encoded}~{number:06d}"


def group_names(root: Path, owner: Owner) -> list[str]:
    """Every group of an owner, sorted."""
    region = root / owner.account / owner.region
    names = []
    for folder in region.iterdir() if region.is_dir() else ():
        if folder.name.startswith("~"):
            with suppress(OSError):
                names.append((folder / _LONG_NAME).read_text("utf-8"))
        else:
            names.append(unquote(folder.name))
    return sorted(names)


def segments(folder: Path) -> dict[str, list[Path]]:
    """Stream -> its segments in order, streams sorted. Raises KeyError when there is no such group."""
    if not folder.is_dir():
        raise KeyError(folder.name)
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        stem, tilde, number = path.name.rpartition("~")
        if tilde and number.isdecimal() and not stem.startswith("."):
            found.setdefault(_stream_name(folder, stem), []).append(path)
    return dict(sorted(found.items()))


def _stream_name(folder: Path, stem: str) -> str:
    if not stem.startswith("~"):
        return unquote(stem)
    try:
        return (folder / f"{_LONG_STREAM}{stem}").read_text("utf-8")
    except OSError:
        return stem


def group_folders(root: Path) -> list[Path]:
    """The folder of every group of every owner."""
    return [folder for folder in root.glob("*/*/*") if folder.is_dir()]


def all_segments(root: Path) -> Iterator[Path]:
    """Every segment of every owner."""
    return (path for path in root.glob("*/*/*/*~*") if path.name[-6:].isdecimal() and not path.name.startswith("."))


def _encoded(name: str) -> str:
    encoded = quote(name, safe="")
    if len(encoded) <= _LONGEST and not encoded.startswith(("~", ".")):
        return encoded
    return "~" + hashlib.sha256(name.encode()).hexdigest()
