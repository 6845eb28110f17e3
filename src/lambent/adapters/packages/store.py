"""The PackageStore on disk: checks and stores zips, unpacks each once, merges layers, sweeps what nobody uses."""

import asyncio
import base64
import hashlib
import io
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from weakref import WeakValueDictionary

from lambent.adapters.packages.archive import opened
from lambent.adapters.packages.folders import Folders, publish_file, publish_folder, remove
from lambent.adapters.packages.merging import merge
from lambent.core.errors import InvalidParameterValue, ServiceFault
from lambent.core.function import CodePackage
from lambent.core.package_rules import EMPTY_ZIP, unpacked_size

Result = TypeVar("Result")

_CHUNK = 256 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class DiskPackageStore:
    """Packages below one folder, which every parent must let the sandboxes' users pass through."""

    def __init__(self, folder: Path) -> None:
        """`folder`: ours alone, such as `packages` in the data directory; made at first use."""
        self._folders = Folders(folder)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ready: dict[str, Path] = {}
        self._touched: set[str] = set()
        self._extensions: dict[Path, Sequence[str]] = {}

    async def add_zip(self, content: bytes | Path) -> CodePackage:
        package = await _in_thread(self._add, content)
        self._touched.add(package.digest)
        return package

    async def examine_zip(self, content: bytes | Path) -> CodePackage:
        return await _in_thread(_examine, content)

    async def unpacked(self, digest: str) -> Path:
        self._touched.add(digest)
        return await self._once(digest, self._unpack, digest)

    async def merged(self, digests: Sequence[str]) -> Path | None:
        if not digests:
            return None
        trees = [await self.unpacked(digest) for digest in digests]
        if len(trees) == 1:
            return trees[0]
        name = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        return await self._once(f"merged {name}", self._merge, name, tuple(digests), trees)

    async def external_extensions(self, layers: Path) -> Sequence[str]:
        if layers not in self._extensions:
            self._extensions[layers] = await _in_thread(_files_in, layers / "extensions")
        return self._extensions[layers]

    async def read_zip(self, digest: str) -> AsyncIterator[bytes]:
        path = self._zip(digest)
        file = await asyncio.to_thread(path.open, "rb")

        async def chunks() -> AsyncIterator[bytes]:
            with file:
                while chunk := await asyncio.to_thread(file.read, _CHUNK):
                    yield chunk

        return chunks()

    async def sweep(self, in_use: frozenset[str]) -> int:
        """Packages that this process has added or unpacked stay: their functions may not be stored yet."""
        return await _in_thread(self._sweep, in_use | self._touched)

    async def _once(self, name: str, make: Callable[..., Path], *arguments: Any) -> Path:  # noqa: ANN401 - passed on
        """Make a folder unless it is known; callers at the same time share the work."""
        if name not in self._ready:
            async with self._locks.setdefault(name, asyncio.Lock()):
                if name not in self._ready:
                    self._ready[name] = await _in_thread(make, *arguments)
        return self._ready[name]

    def _zip(self, digest: str) -> Path:
        path = self._folders.zips / f"{digest}.zip"
        if not _DIGEST.fullmatch(digest) or not path.exists():
            raise KeyError(digest)
        return path

    def _add(self, content: bytes | Path) -> CodePackage:
        with self._folders.writing() as place:
            made = place / "zip"
            _copy(content, made)
            package = _examine(made)
            stored = self._folders.zips / f"{package.digest}.zip"
            if not stored.exists():
                publish_file(made, stored)
        return package

    def _unpack(self, digest: str) -> Path:
        tree = self._folders.trees / digest
        if not tree.is_dir():
            with self._zip(digest).open("rb") as content, self._folders.writing() as place, opened(content) as archive:
                (made := place / "tree").mkdir()
                archive.write(made)
                publish_folder(made, tree)
        return tree

    def _merge(self, name: str, digests: Sequence[str], trees: Sequence[Path]) -> Path:
        target = self._folders.merged / name
        if not target.is_dir():
            with self._folders.writing() as place:
                (made := place / "tree").mkdir()
                merge(trees, made)
                (place / "layers").write_text("\n".join(digests), "ascii")
                (place / "layers").replace(_layers_of(target))
                publish_folder(made, target)
        return target

    def _sweep(self, in_use: frozenset[str]) -> int:
        doomed = [*self._folders.leftovers(), *self._unused(in_use)]
        for place in doomed:
            remove(place)
        return len({place.stem for place in doomed})

    def _unused(self, in_use: frozenset[str]) -> Iterator[Path]:
        for folder in (self._folders.zips, self._folders.trees):
            yield from (each for each in folder.iterdir() if each.stem not in in_use)
        for layers in self._folders.merged.glob("*.layers"):
            if not in_use.issuperset(layers.read_text("ascii").split("\n")):
                yield layers.with_suffix("")
                yield layers


def _files_in(folder: Path) -> Sequence[str]:
    """As the runtime interface emulator lists them (agents.ListExternalAgentPaths): links are taken for files."""
    if not folder.is_dir():
        return ()
    with os.scandir(folder) as entries:
        return tuple(sorted(each.name for each in entries if not each.is_dir(follow_symlinks=False)))


def _layers_of(merged: Path) -> Path:
    return merged.with_name(f"{merged.name}.layers")


def _examine(content: bytes | Path) -> CodePackage:
    with _open(content) as file:
        hashed = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
        if (size := file.tell()) == 0:
            raise InvalidParameterValue(EMPTY_ZIP)
        with opened(file) as archive:
            archive.verify()
    return CodePackage(
        digest=hashed.hexdigest(),
        sha256=base64.b64encode(hashed.digest()).decode("ascii"),
        size=size,
        unpacked_size=unpacked_size(archive.entries),
    )


@contextmanager
def _open(content: bytes | Path) -> Iterator[BinaryIO]:
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        yield file


def _copy(content: bytes | Path, place: Path) -> None:
    with _open(content) as source, place.open("xb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)


async def _in_thread(work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401 - passed on
    """Run blocking work; a disk that fails is a fault of the service, told here once."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        raise ServiceFault("The code package could not be read or stored.") from error
