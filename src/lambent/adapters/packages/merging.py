"""Layers unzipped over each other: trees laid into one folder, later over earlier, by hard links where the disk allows it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def merge(trees: Sequence[Path], target: Path) -> None:
    """Fill the empty folder `target`. Trees never change, so that their files may be shared; links are never followed."""
    for tree in trees:
        _lay(tree, target)


def _lay(source: Path, target: Path) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            place = target / entry.name
            if entry.is_dir(follow_symlinks=False):
                _make_folder(place, entry.stat(follow_symlinks=False).st_mode)
                _lay(Path(entry.path), place)
            else:
                _clear(place)
                _share(Path(entry.path), place)


def _make_folder(place: Path, mode: int) -> None:
    if place.is_symlink() or not place.is_dir():
        _clear(place)
        place.mkdir()
    place.chmod(mode & 0o777)


def _clear(place: Path) -> None:
    """The later layer wins, also where one has a folder and the other a file."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _share(source: Path, place: Path) -> None:
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:  # too many links to one file, or a file system without them
        shutil.copy2(source, place, follow_symlinks=False)
