"""The host's ways to the outside: which they are, and forwarding on them for as long as a server needs it.

Forwarding is turned on for single interfaces, never for the whole host. Where it was off, the firewall lets it serve sandboxes
only, and the last server that leaves turns it off again. A server that was killed leaves it on until the next one leaves.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lambent.adapters.sandbox.native.firewall import Firewall

_SYSCTL = Path("/proc/sys/net")
_LOCK_SECONDS = 5.0
_LOCK_RETRY_SECONDS = 0.005


class Uplinks:
    """Who opened forwarding is kept in files: one per interface that was closed, with a shared lock per server that uses it."""

    def __init__(self, directory: Path, namespace: int, firewall: Firewall) -> None:
        """`namespace` is the inode number of the network namespace."""
        self._directory = directory
        self._namespace = namespace
        self._firewall = firewall
        self._held: dict[int, tuple[str, int | None]] = {}
        """By interface index: its name, and the record of its having been opened."""

    def follow(self, uplinks: Mapping[int, str]) -> None:
        """These interfaces (index to name) lead outside now."""
        for index in set(self._held) - set(uplinks):
            self._firewall.remove("uplinks", index)
            self._release(index)
        for index in set(uplinks) - set(self._held):
            self._hold(index, uplinks[index])
            self._firewall.add("uplinks", index)

    def close(self) -> None:
        """Turn off what nobody else needs. The firewall must still be there: forwarding is never on without its rules."""
        for index in list(self._held):
            self._release(index)

    def _hold(self, index: int, name: str) -> None:
        with self._alone():
            record = self._record(name)
            opened = record.exists() or read_sysctl(f"ipv4/conf/{name}/forwarding") == "0"
            descriptor = None
            if opened:
                self._firewall.add("opened", index)
                descriptor = os.open(record, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                write_sysctl(f"ipv4/conf/{name}/forwarding", "1")
            self._held[index] = name, descriptor

    def _release(self, index: int) -> None:
        name, descriptor = self._held.pop(index)
        if descriptor is None:
            return
        with self._alone():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # another server still needs it
            else:
                write_sysctl(f"ipv4/conf/{name}/forwarding", "0", missing_ok=True)
                self._record(name).unlink(missing_ok=True)
            os.close(descriptor)
        self._firewall.remove("opened", index)

    def _record(self, name: str) -> Path:
        return self._directory / f"{self._namespace}-uplink-{name}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One server at a time looks at forwarding and decides. Raises OSError when another one does not let go."""
        descriptor = os.open(self._directory / "uplinks.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)


def read_sysctl(name: str) -> str:
    """Such as `ipv4/conf/eth0/forwarding`, of the current network namespace."""
    return (_SYSCTL / name).read_text("ascii").strip()


def write_sysctl(name: str, value: str, *, missing_ok: bool = False) -> None:
    """The reverse. `missing_ok`: the kernel may lack it, or the interface be gone."""
    try:
        (_SYSCTL / name).write_text(value, "ascii")
    except FileNotFoundError:
        if not missing_ok:
            raise


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOCK_RETRY_SECONDS)
        else:
            return
