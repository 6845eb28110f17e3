"""Which addresses and names one server uses for its sandboxes' network, so that several servers share a host."""

import errno
import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from lambent.adapters.sandbox.native.firewall import EVERY_SERVER

BASES = ("10.198.0.0/16", "172.30.0.0/16", "192.168.192.0/18")
"""Private networks (RFC 1918) that few use; a base that this host has a route into is passed over."""
_GROUPS = 0x6C620000
_PLACE_PREFIX = 20
"""4,096 addresses for each server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What one server uses. Held by the lock on `descriptor`, which the kernel frees when the server dies."""

    number: int
    addresses: IPv4Network
    descriptor: int

    @property
    def interface_prefix(self) -> str:
        """All names of this server's interfaces begin so; a serial number follows."""
        return f"{EVERY_SERVER}{self.number:02x}-"

    @property
    def interface_group(self) -> int:
        """The group of all of this server's interfaces."""
        return _GROUPS + self.number

    @property
    def table(self) -> str:
        """The nftables table."""
        return f"lambent_{self.number:02x}"

    def release(self) -> None:
        """Free it for the next server. The file stays: removing it would race with whoever opens it now."""
        os.close(self.descriptor)


class Places:
    """The places of one network namespace, numbered over all bases. A lock file each, in `directory`."""

    def __init__(self, directory: Path, bases: Iterable[str], namespace: int) -> None:
        """`namespace` is the inode number of the network namespace."""
        self._directory = directory
        self._namespace = namespace
        self._networks = [part for base in bases for part in IPv4Network(base).subnets(new_prefix=_PLACE_PREFIX)]

    def claim(self, identity: str, routes: Iterable[IPv4Network]) -> Place:
        """The first that is free and into which no route leads. Raises OSError when there is none."""
        taken = list(routes)
        for number, network in enumerate(self._networks):
            if any(network.overlaps(each) for each in taken):
                continue
            place = self._lock(number)
            if place is not None:
                os.ftruncate(place.descriptor, 0)
                os.pwrite(place.descriptor, f"{identity} {os.getpid()}\n".encode(), 0)
                return place
        raise OSError(errno.EADDRINUSE, "no range of addresses is free: the host has routes into all, or too many servers run")

    def abandoned(self) -> Iterator[Place]:
        """Places whose server is gone, locked; the caller cleans and releases them."""
        pattern = re.compile(rf"{self._namespace}-([0-9a-f]{{2}})")
        for name in sorted(os.listdir(self._directory)):  # noqa: PTH208 - names are all that is wanted
            match = pattern.fullmatch(name)
            number = int(match[1], 16) if match else len(self._networks)
            place = self._lock(number) if number < len(self._networks) else None
            if place is not None:
                yield place

    def _lock(self, number: int) -> Place | None:
        path = self._directory / f"{self._namespace}-{number:02x}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return Place(number=number, addresses=self._networks[number], descriptor=descriptor)
