"""A server's identity among the servers of this host, held by a lock, and the removal of what dead servers left behind.

Under the registry folder (on /run: what it tells of does not outlive a boot) each server has a numbered folder with a lock, and a
record of the control groups it made. Standard library only (the warden imports it).
"""

import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

REGISTRY = Path("/run/lambent/native")
SLOTS = 4096
"""Sandboxes that one server may have at once."""
_FIRST_USER = 0x70000000
"""Host users from here on are nobody's but sandboxes': far from real users and from the ranges of /etc/subuid."""
_SERVERS = 256
_SWEEP_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Held for as long as `descriptor` is open."""

    number: int
    folder: Path
    descriptor: int
    token: str
    """Of this start alone: servers that do not share a registry (containers) may share control groups."""

    @property
    def name(self) -> str:
        """Names this server's control groups."""
        return f"{_prefix(self.number)}{self.token}"

    def user(self, slot: int) -> int:
        """The host user and group of the sandbox in this slot, which no other living sandbox has."""
        return _FIRST_USER + self.number * SLOTS + slot

    def record(self, groups: list[Path]) -> None:
        """What a later server has to remove if this one is killed."""
        (self.folder / "record.json").write_text(json.dumps([str(each) for each in groups]))

    def leave(self) -> None:
        """Everything has been removed by its owners."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.descriptor)


def _prefix(number: int) -> str:
    return f"lambent-{number}-"


def claim(registry: Path = REGISTRY) -> Identity:
    """The first identity that is free, swept clean, as are all others that are free. Raises OSError."""
    registry.mkdir(parents=True, exist_ok=True, mode=0o755)
    claimed: Identity | None = None
    known = {int(each.name) for each in registry.iterdir() if each.name.isdecimal()}
    for number in range(_SERVERS):
        if claimed is not None and number > max(known, default=0):
            break
        identity = _lock(registry, number) if claimed is None or number in known else None
        if identity is None:
            continue
        _sweep(identity)
        if claimed is None:
            claimed = identity
        else:
            identity.leave()
    if claimed is None:
        raise OSError("too many servers run on this host")
    (claimed.folder / "tmp").mkdir(exist_ok=True)
    (claimed.folder / "root").mkdir(exist_ok=True)
    return claimed


def _lock(registry: Path, number: int) -> Identity | None:
    folder = registry / str(number)
    while True:
        folder.mkdir(exist_ok=True, mode=0o755)
        try:
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # its last owner removed it just now
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if (folder / "lock").stat().st_ino == os.fstat(descriptor).st_ino:
                return Identity(number=number, folder=folder, descriptor=descriptor, token=os.urandom(4).hex())
        os.close(descriptor)  # locked a file that is no longer there


def _sweep(identity: Identity) -> None:
    """Remove the groups of a dead server, killing what still runs in them. Its mounts and loop devices ended with it."""
    try:
        groups = [Path(each) for each in json.loads((identity.folder / "record.json").read_text())]
    except (OSError, ValueError):
        groups = []
    deadline = time.monotonic() + _SWEEP_SECONDS
    groups = [each for each in groups if each.name.startswith(_prefix(identity.number))]
    while not all([_remove_tree(each) for each in groups]):  # noqa: C419 - each must be tried
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    for each in ("tmp", "root"):
        shutil.rmtree(identity.folder / each, ignore_errors=True)


def _remove_tree(group: Path) -> bool:
    """Whether the control group and its children are gone."""
    if not group.is_dir():
        return True
    for child in [*group.iterdir(), group]:
        if child.is_dir():
            _kill(child)
            with suppress(OSError):
                child.rmdir()
    return not group.is_dir()


def _kill(group: Path) -> None:
    with suppress(OSError):
        _write(group / "freezer.state", b"THAWED")
    with suppress(OSError):
        _write(group / "cgroup.kill", b"1")
        return
    with suppress(OSError):
        for process in (group / "cgroup.procs").read_text().split():
            os.kill(int(process), signal.SIGKILL)


def _write(path: Path, content: bytes) -> None:
    """Into a file of the kernel's; never makes one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
