"""Reads a zip that strangers made: checks all of it, and writes it out as a tree, within bounds that the zip cannot move.

The rules are `core.package_rules`; here is what takes the bytes themselves: damage, overlaps, lies about sizes, and tables of
contents that would fill the memory before anyone could count them.
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from lambent.adapters.packages.timestamps import modified
from lambent.core.package_rules import ENTRIES_AT_MOST, DeclaredEntry, EntryKind, PlannedEntry, check_link, corrupt, plan

_CHUNK = 256 * 1024
_DIRECTORY_BYTES_AT_MOST = 32 * 1024 * 1024
"""Of a zip's table of contents, which is read in one piece."""
_LOCAL_HEADER_BYTES = 30
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError, ValueError, IndexError)
"""What zipfile raises for damaged input. Not OSError: a disk that fails is no fault of the zip."""


class Archive:
    """An open zip whose table of contents has been held to the rules."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos = archive.infolist()
        self.entries: Sequence[PlannedEntry] = plan(_declared(each) for each in self._infos)
        _refuse_overlaps(self._infos)

    def verify(self) -> None:
        """Read every byte that would be written. Raises InvalidParameterValue."""
        for entry in self.entries:
            for _ in self._content(entry):
                pass

    def write(self, root: Path) -> None:
        """Write the tree below `root`, an empty folder of our own. Raises InvalidParameterValue.

        Links come last (core.package_rules.plan): while files are written there is none that could lead astray.
        """
        for entry in self.entries:
            self._write(entry, root / entry.path)

    def _write(self, entry: PlannedEntry, place: Path) -> None:
        if entry.kind is EntryKind.DIRECTORY:
            place.mkdir()
            place.chmod(entry.permissions)
        elif entry.kind is EntryKind.LINK:
            place.symlink_to(os.fsdecode(b"".join(self._content(entry))))
        else:
            with open(place, "xb", opener=_new_file) as file:
                file.writelines(self._content(entry))
                os.fchmod(file.fileno(), entry.permissions)
            time = modified(self._infos[entry.index or 0])
            os.utime(place, (time, time), follow_symlinks=False)

    def _content(self, entry: PlannedEntry) -> Iterator[bytes]:
        """An entry's bytes, never more than it declares; its end has been checked when the last one has been taken."""
        if entry.index is None or entry.kind is EntryKind.DIRECTORY:
            return
        target = b""
        length = 0
        with self._archive.open(self._infos[entry.index]) as content:
            while chunk := content.read(_CHUNK):
                length += len(chunk)
                target = target if entry.kind is EntryKind.FILE else (target + chunk)[:_CHUNK]
                yield chunk
        if length != entry.size:
            raise corrupt()
        if entry.kind is EntryKind.LINK:
            check_link(target)


@contextmanager
def opened(content: BinaryIO) -> Iterator[Archive]:
    """The zip in `content`, which is left open. Raises InvalidParameterValue with Lambda's words, also later, when it is read."""
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Guarded(content))) as archive:
            yield Archive(archive)
    except _BROKEN as error:
        raise corrupt() from error


class _Guarded:
    """A file that refuses to be read as an enormous table of contents: zipfile would make an object of every line first."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell = file.tell
        self.seekable = file.seekable

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY_BYTES_AT_MOST:
            raise corrupt("its table of contents is too large")
        data = self._file.read(size)
        if len(data) > _CHUNK and data.count(zipfile.stringCentralDir) > ENTRIES_AT_MOST:  # type: ignore[attr-defined]
            raise corrupt(f"it has more than {ENTRIES_AT_MOST} entries")
        return data


def _declared(info: zipfile.ZipInfo) -> DeclaredEntry:
    return DeclaredEntry(
        name=info.orig_filename,
        size=info.file_size,
        mode=info.external_attr >> 16,
        encrypted=bool(info.flag_bits & 1),
        compression=info.compress_type,
    )


def _refuse_overlaps(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Entries that share bytes make small zips that unpack to enormous ones; no honest zip has them."""
    end = 0
    for info in sorted(infos, key=lambda each: each.header_offset):
        if info.header_offset < 0:
            raise corrupt()
        if info.header_offset < end:
            raise corrupt("its entries overlap")
        end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size


def _new_file(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
