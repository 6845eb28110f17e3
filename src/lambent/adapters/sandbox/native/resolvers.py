"""Which name servers a sandbox can ask: those of the host, but for the ones that only the host itself reaches."""

import socket
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

RESOLV_CONFS = (
    Path("/etc/resolv.conf"),
    Path("/run/systemd/resolve/resolv.conf"),
    Path("/run/NetworkManager/no-stub-resolv.conf"),
)
"""Where systemd-resolved or NetworkManager runs, the first names a stub on the host's loopback, the others the real ones."""


def nameservers(files: Iterable[Path] = RESOLV_CONFS) -> list[str]:
    """IPv4 addresses, in the order of the first file that names one which is not the host's own; at most three, as in libc."""
    for file in files:
        found = [str(each) for each in _read(file) if not _is_own(each)]
        if found:
            return found[:3]
    return []


def _read(file: Path) -> list[IPv4Address]:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    named = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    found = []
    for each in named:
        try:
            found.append(IPv4Address(each))
        except AddressValueError:  # IPv6, which sandboxes do not have
            continue
    return found


def _is_own(address: IPv4Address) -> bool:
    """Sandboxes cannot reach any address of the host."""
    if address.is_loopback or address.is_unspecified:
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
