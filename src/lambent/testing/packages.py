"""A PackageStore for tests: zips in memory, unpacked below a folder that the test owns."""

import base64
import hashlib
import io
import shutil
import zipfile
import zlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import CodePackage
from lambent.core.package_rules import (
    EMPTY_ZIP,
    DeclaredEntry,
    EntryKind,
    PlannedEntry,
    check_link,
    corrupt,
    plan,
    unpacked_size,
)


class FakePackageStore:
    """Code packages by digest. `folder` receives what is unpacked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._zips: dict[str, bytes] = {}

    async def add_zip(self, content: bytes | Path) -> CodePackage:
        package = await self.examine_zip(content)
        self._zips[package.digest] = _bytes(content)
        return package

    async def examine_zip(self, content: bytes | Path) -> CodePackage:
        content = _bytes(content)
        hashed = hashlib.sha256(content)
        return CodePackage(
            digest=hashed.hexdigest(),
            sha256=base64.b64encode(hashed.digest()).decode(),
            size=len(content),
            unpacked_size=unpacked_size(entry for entry, _ in _read(content)),
        )

    async def unpacked(self, digest: str) -> Path:
        content, target = self._zips[digest], self._folder / digest
        if not target.exists():
            _write(content, target)
        return target

    async def merged(self, digests: Sequence[str]) -> Path | None:
        if not digests:
            return None
        zips, target = [self._zips[digest] for digest in digests], self._folder / "-".join(each[:12] for each in digests)
        for content in zips if not target.exists() else ():
            _write(content, target)
        return target

    async def external_extensions(self, layers: Path) -> Sequence[str]:
        folder = layers / "extensions"
        return sorted(each.name for each in folder.iterdir() if each.is_symlink() or not each.is_dir()) if folder.is_dir() else []

    async def read_zip(self, digest: str) -> AsyncIterator[bytes]:
        content = self._zips[digest]

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        return chunks()

    async def sweep(self, in_use: frozenset[str]) -> int:
        unused = self._zips.keys() - in_use
        for digest in unused:
            del self._zips[digest]
            shutil.rmtree(self._folder / digest, ignore_errors=True)
        return len(unused)


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _read(content: bytes) -> list[tuple[PlannedEntry, bytes]]:
    if not content:
        raise InvalidParameterValue(EMPTY_ZIP)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_archive(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise corrupt() from error


def _read_archive(archive: zipfile.ZipFile) -> list[tuple[PlannedEntry, bytes]]:
    infos = archive.infolist()
    planned = plan(_declared(each) for each in infos)
    read = [(each, b"" if each.index is None else archive.read(infos[each.index])) for each in planned]
    for each, data in read:
        if each.kind is not EntryKind.DIRECTORY and len(data) != each.size:
            raise corrupt()
        if each.kind is EntryKind.LINK:
            check_link(data)
    return read


def _declared(info: zipfile.ZipInfo) -> DeclaredEntry:
    return DeclaredEntry(
        name=info.orig_filename,
        size=info.file_size,
        mode=info.external_attr >> 16,
        encrypted=bool(info.flag_bits & 1),
        compression=info.compress_type,
    )


def _write(content: bytes, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for entry, data in _read(content):
        _write_entry(entry, data, target / entry.path)


def _write_entry(entry: PlannedEntry, data: bytes, place: Path) -> None:
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir() and entry.kind is not EntryKind.DIRECTORY:
        shutil.rmtree(place)
    if entry.kind is EntryKind.LINK:
        place.symlink_to(data.decode("utf-8", "surrogateescape"))
        return
    if entry.kind is EntryKind.DIRECTORY:
        place.mkdir(exist_ok=True)
    else:
        place.write_bytes(data)
    place.chmod(entry.permissions)
