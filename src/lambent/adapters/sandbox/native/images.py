"""Disk-backed /tmp folders of a limited size: each an ext4 file system in a sparse file behind a loop device.

A tmpfs would be charged to the function's memory. The file is unlinked as soon as the loop device holds it, so a crash leaves
nothing. Standard library only (the warden imports it); methods block for milliseconds and may be called from any one thread.
"""

import errno
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.sandbox.native import kernel

_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_FLAGS_AT = 8 + 8 * 5 + 4 * 3
"""lo_flags within struct loop_config: after fd, block_size, five u64 and three u32 (linux/loop.h)."""
_CONFIG_BYTES = 4 + 4 + 232 + 64
_AUTOCLEAR, _DIRECT_IO = 4, 16
_EXT4_IOC_SHUTDOWN, _NO_FLUSH = 0x8004587D, 2
_OWNER = "993:990"
_MEBIBYTE = 1024 * 1024
_EXTENT_SIZE = 4096
_ATTEMPTS = 64
_MKFS_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A new file system: its few written blocks."""

    size: int
    extents: tuple[tuple[int, bytes], ...]


class Images:
    """Makes and frees them. `folder` must be on a disk; mounts are made under `mounts`, in the warden's own mount namespace."""

    def __init__(self, folder: Path, mounts: Path) -> None:
        self._folder = folder
        self._mounts = mounts
        self._templates: dict[int, Template] = {}
        self._lock = threading.Lock()

    def make(self, name: str, size_mib: int) -> str:
        """A new, empty file system of this size; returns where it is mounted. Raises OSError."""
        with self._lock:
            template = self._templates.get(size_mib) or self._templates.setdefault(size_mib, self._format(size_mib))
        place = str(self._mounts / name)
        image = self._nameless_file()
        try:
            os.ftruncate(image, template.size)
            for offset, content in template.extents:
                os.pwrite(image, content, offset)
            loop, device = _attach(image)
        finally:
            os.close(image)
        try:
            Path(place).mkdir()
            # JUSTIFICATION: the function writes here, so no set-user-id programs, no devices; programs may be run, as on Lambda.
            kernel.mount(device, place, "ext4", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOATIME)
        except OSError:
            Path(place).rmdir()
            raise
        finally:
            os.close(loop)  # the mount holds the device from now on; without it the device frees itself
        return place

    def free(self, place: str) -> None:
        """Throw the content away. Never raises; what a sandbox still sees of it gives I/O errors."""
        with suppress(OSError):
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            try:
                # Else unmounting would first write to the disk what nobody will read.
                fcntl.ioctl(descriptor, _EXT4_IOC_SHUTDOWN, struct.pack("=I", _NO_FLUSH))
            finally:
                os.close(descriptor)
        with suppress(OSError):
            kernel.unmount(place)
        with suppress(OSError):
            Path(place).rmdir()

    def _nameless_file(self) -> int:
        """Gone with its last descriptor, and with a crash."""
        try:
            return os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
        # An overlay file system before Linux 6.3, as in containers.
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        Path(name).unlink()
        return descriptor

    def _format(self, size_mib: int) -> Template:
        """Run mkfs once per size. The function sees `size_mib`; ext4's own needs come on top."""
        program = shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if program is None:
            raise OSError(errno.ENOENT, "mkfs.ext4 is not installed (package e2fsprogs)")
        size = (size_mib + size_mib // 64 + min(size_mib // 50, 16) + 4) * _MEBIBYTE
        path = self._folder / f"template-{size_mib}"
        with path.open("wb") as file:
            file.truncate(size)
        features = ["-O", "^has_journal,^resize_inode", "-E", f"lazy_itable_init=1,nodiscard,root_owner={_OWNER}"]
        try:
            subprocess.run(  # noqa: S603 - found in the system's own folders
                [program, "-q", "-F", "-m", "0", *features, str(path)],
                check=True,
                capture_output=True,
                timeout=_MKFS_SECONDS,
                env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
            )
            self._empty(path)
            with path.open("rb") as file:
                return Template(size=size, extents=tuple(_extents(file.fileno(), size)))
        except subprocess.SubprocessError as failure:
            raise OSError(errno.EIO, f"mkfs.ext4: {failure}") from failure
        finally:
            path.unlink()

    def _empty(self, path: Path) -> None:
        """Take away `lost+found`: Lambda's /tmp is empty."""
        place = self._mounts / path.name
        place.mkdir(exist_ok=True)
        image = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            loop, device = _attach(image, direct=False)
            kernel.mount(device, str(place), "ext4", kernel.MS_NOSUID | kernel.MS_NODEV)
            os.close(loop)
            (place / "lost+found").rmdir()
            place.chmod(0o1777)
            kernel.unmount(str(place))
            os.fsync(image)
        finally:
            os.close(image)
            place.rmdir()


def _extents(descriptor: int, size: int) -> list[tuple[int, bytes]]:
    """What is not zero."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError:
            break
        at = os.lseek(descriptor, start, os.SEEK_HOLE)
        found += [
            (offset, content)
            for offset in range(start, at, _EXTENT_SIZE)
            if (content := os.pread(descriptor, min(_EXTENT_SIZE, at - offset), offset)).strip(b"\0")
        ]
    return found


def _attach(image: int, *, direct: bool = True) -> tuple[int, str]:
    """A free loop device that shows this file and frees itself after its last user."""
    flags = _AUTOCLEAR | (_DIRECT_IO if direct else 0)
    for _ in range(_ATTEMPTS):
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        try:
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
        finally:
            os.close(control)
        device = f"/dev/loop{number}"
        loop = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(loop, _LOOP_CONFIGURE, _configuration(image, flags))
        except OSError as error:
            os.close(loop)
            if error.errno == errno.EBUSY:
                continue  # somebody else was faster
            if error.errno == errno.EINVAL and flags & _DIRECT_IO:
                flags &= ~_DIRECT_IO  # the disk's file system cannot do it
                continue
            raise
        return loop, device
    raise OSError(errno.EBUSY, "no free loop device")


def _configuration(image: int, flags: int) -> bytes:
    content = bytearray(_CONFIG_BYTES)
    struct.pack_into("=I", content, 0, image)
    struct.pack_into("=I", content, _FLAGS_AT, flags)
    return bytes(content)
