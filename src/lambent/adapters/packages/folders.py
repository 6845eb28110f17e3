"""Where packages lie on disk, and how a thing appears there: whole or not at all.

    incoming/               being written; whatever is left by a crash is worthless
    zips/DIGEST.zip         as uploaded; durable
    trees/BOOT/DIGEST/      unpacked
    merged/BOOT/HASH/       layers over each other; HASH.layers names them

Trees are not forced to the disk file by file, which would take seconds: a crash of the machine may leave them half-written.
So they are kept by boot: after the next one they are made again from their zips. A crash of Lambent alone loses nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_WORLD_READABLE = 0o755


class Folders:
    """The places of one PackageStore, made when missing."""

    def __init__(self, root: Path) -> None:
        boot = _BOOT_ID.read_text("ascii").strip()
        self.incoming = root / "incoming"
        self.zips = root / "zips"
        self.trees_of_all_boots = root / "trees"
        self.merged_of_all_boots = root / "merged"
        self.trees = self.trees_of_all_boots / boot
        self.merged = self.merged_of_all_boots / boot
        self._writing: set[str] = set()
        self._made = False

    def make(self) -> None:
        """Make what is missing. Trees may be passed by every user: sandboxes run as one of their own. The rest is ours alone."""
        if self._made:
            return
        for place in (self.trees, self.merged):
            place.mkdir(parents=True, exist_ok=True)
            for each in (place.parents[1], place.parent, place):
                each.chmod(_WORLD_READABLE)
        for place in (self.incoming, self.zips):
            place.mkdir(mode=0o700, exist_ok=True)
        _synchronise(self.zips.parent)
        self._made = True

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A fresh folder in `incoming` that is gone afterwards; what is ready is moved out of it before."""
        self.make()
        place = Path(tempfile.mkdtemp(dir=self.incoming))
        self._writing.add(place.name)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
            self._writing.discard(place.name)

    def leftovers(self) -> Iterator[Path]:
        """What a crash left in `incoming`, and what was unpacked before the machine last started."""
        self.make()
        yield from (each for each in self.incoming.iterdir() if each.name not in self._writing)
        for of_all, current in ((self.trees_of_all_boots, self.trees), (self.merged_of_all_boots, self.merged)):
            yield from (each for each in of_all.iterdir() if each != current)


def publish_folder(made: Path, place: Path) -> None:
    """Move a finished folder to its place; one that is there already is the same, and stays."""
    made.chmod(_WORLD_READABLE)
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def publish_file(made: Path, place: Path) -> None:
    """Move a finished file to its place, durably: its content and its name are on the disk when this returns."""
    _synchronise(made)
    made.replace(place)
    _synchronise(place.parent)


def remove(place: Path) -> None:
    """Remove a file or a whole folder."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _synchronise(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
