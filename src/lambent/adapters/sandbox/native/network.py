"""Outbound network for sandboxes that have a network namespace of their own: a veth pair each, and masquerading to the outside.

Blocking and single-threaded: for the process that makes sandboxes. Needs root, but not the programs `ip`, `nft` or `iptables`.
docs/adr/0002-outbound-network.md says what may reach what, and why it is made so.
"""

import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path

from lambent.adapters.sandbox.native import links
from lambent.adapters.sandbox.native.firewall import EVERY_SERVER, Firewall
from lambent.adapters.sandbox.native.netlink import NETLINK_ROUTE, Netlink
from lambent.adapters.sandbox.native.network_place import BASES, Place, Places
from lambent.adapters.sandbox.native.uplinks import Uplinks, write_sysctl

log = logging.getLogger(__name__)

STATE_DIRECTORY = Path("/run/lambent/network")
_REFRESH_SECONDS = 5.0
_CLONE_NEWNET = 0x40000000


class NetworkFault(Exception):
    """The network of one sandbox could not be made; the message says why."""


class OutboundNetwork:
    """The interfaces, rules and forwarding of one server. A slot is any number that the caller has free, from 0 to 4,092.

    When the host cannot do it, `problem` says why, and every method does nothing: sandboxes then have no network.
    """

    def __init__(self, *, state_directory: Path = STATE_DIRECTORY, bases: tuple[str, ...] = BASES) -> None:
        """Sandboxes' addresses are taken from the first of `bases` (IPv4 networks) that the host has no route into."""
        self._state_directory = state_directory
        self._bases = bases
        self._place: Place
        self._serial = 0
        self._indexes: dict[int, int] = {}
        """By slot, the interface on our side."""
        self._allowed: set[int] = set()
        """Slots whose outside is open: what is not in the kernel's set costs it a grace period to remove."""
        self._uplinks_read = 0.0
        self.problem: str | None = "the network has not been opened"
        """Why there is no network; None while there is one."""
        self.warning: str | None = None
        """Why the network may not work although everything could be set up."""

    def open(self, identity: str) -> None:
        """Claim a place among the servers of this host, clean up after dead ones, set up rules. `identity` is for people."""
        try:
            with ExitStack() as undo:
                self._set_up(identity, undo)
                self._undo = undo.pop_all()
        except OSError as error:
            self.problem = f"outbound network cannot be set up: {error}"
            log.warning("no_outbound_network", extra={"reason": self.problem})
        else:
            self.problem = None

    def attach(self, slot: int, namespace: int) -> None:
        """Give the namespace behind this descriptor its interface, address and default route; the outside stays closed.

        Raises NetworkFault; the slot is then as it was.
        """
        if self.problem is not None:
            return
        try:
            self._refresh_uplinks()
            self._attach(slot, namespace)
        except OSError as error:
            raise NetworkFault(f"network slot {slot}: {error}") from error

    def allow(self, slot: int) -> None:
        """Open the outside to the sandbox in this slot. One message to the kernel."""
        if slot in self._indexes and slot not in self._allowed:
            self._firewall.add("allowed", self._indexes[slot])
            self._allowed.add(slot)

    def deny(self, slot: int) -> None:
        """Close it, also for connections that exist. What is sent is refused at once."""
        if slot in self._allowed:
            self._allowed.remove(slot)
            self._firewall.remove("allowed", self._indexes[slot])

    def detach(self, slot: int) -> None:
        """The sandbox in this slot has ended: close the outside and free the slot. Idempotent, never raises.

        The interfaces go with the sandbox's namespace, without anybody waiting for it.
        """
        with suppress(OSError):
            self.deny(slot)
        self._indexes.pop(slot, None)

    def sweep(self) -> None:
        """Remove what servers that are dead have left in this network namespace. `open` does it too."""
        for place in self._places().abandoned():
            Firewall(place.table, place.interface_prefix, place.addresses).close()
            self._delete_all(place)
            place.release()

    def close(self) -> None:
        """Remove everything. Idempotent, never raises."""
        if self.problem is None:
            self.problem = "the network is closed"
            self._indexes.clear()
            self._allowed.clear()
            try:
                self._undo.close()
            except OSError as error:
                log.warning("network_not_removed", extra={"reason": str(error)})

    # ---------------------------------------------------------------- setting up

    def _set_up(self, identity: str, undo: ExitStack) -> None:
        self._route = undo.enter_context(Netlink(NETLINK_ROUTE))
        self._own_namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        undo.callback(os.close, self._own_namespace)
        self._state_directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        self.sweep()
        uplinks, networks = links.read_routes(self._route)
        if not uplinks:
            raise OSError(errno.ENETUNREACH, "this host has no default route")
        self._place = place = self._places().claim(identity, networks)
        undo.callback(place.release)
        undo.callback(self._delete_all, place)
        self._firewall = Firewall(place.table, place.interface_prefix, place.addresses)
        undo.callback(self._firewall.close)
        self._firewall.install()
        self._uplinks = Uplinks(self._state_directory, os.fstat(self._own_namespace).st_ino, self._firewall)
        undo.callback(self._uplinks.close)
        self._refresh_uplinks()
        closed = self._firewall.foreign_drops()
        if closed:
            tables = ", ".join(closed)
            self.warning = f"the host's firewall drops what is forwarded ({tables}): allow it from and to {EVERY_SERVER}* there"

    def _places(self) -> Places:
        return Places(self._state_directory, self._bases, os.fstat(self._own_namespace).st_ino)

    def _refresh_uplinks(self) -> None:
        """The default route may move to another interface, as on a laptop."""
        now = time.monotonic()
        if now - self._uplinks_read < _REFRESH_SECONDS:
            return
        self._uplinks_read = now
        indexes, _ = links.read_routes(self._route)
        names = links.link_names(self._route)
        self._uplinks.follow({index: names[index] for index in indexes if index in names})

    # ---------------------------------------------------------------- one sandbox

    def _attach(self, slot: int, namespace: int) -> None:
        address = self._address(slot)
        self._serial += 1  # not the slot: the name of its last sandbox's interface may not be free yet
        name = f"{self._place.interface_prefix}{self._serial:x}"
        self._route.request(links.new_pair(name, self._place.interface_group, namespace))
        try:
            self._set_up_pair(name, address, namespace)
        except OSError:
            self._route.request(links.delete_link(name))
            raise
        self._indexes[slot] = socket.if_nametoindex(name)

    def _set_up_pair(self, name: str, address: IPv4Address, namespace: int) -> None:
        # Before it is up: nothing that arrives here may claim another sender, and there is no IPv6 to filter.
        write_sysctl(f"ipv6/conf/{name}/disable_ipv6", "1", missing_ok=True)
        write_sysctl(f"ipv4/conf/{name}/rp_filter", "1")
        write_sysctl(f"ipv4/conf/{name}/forwarding", "1")
        index = socket.if_nametoindex(name)
        here = (links.new_neighbour(index, address, links.INSIDE_MAC), links.host_route(index, address))
        self._route.request(links.link_up(index), *here)
        with self._inside(namespace):
            _set_up_inside(address)

    def _address(self, slot: int) -> IPv4Address:
        if not 0 <= slot < self._place.addresses.num_addresses - 3:
            raise OSError(errno.EADDRNOTAVAIL, "there is no address for this slot")
        return self._place.addresses[slot + 1]

    def _delete_all(self, place: Place) -> None:
        with suppress(OSError):  # there are none
            self._route.request(links.delete_group(place.interface_group))

    @contextmanager
    def _inside(self, namespace: int) -> Iterator[None]:
        _enter(namespace)
        try:
            yield
        finally:
            _enter(self._own_namespace)


def _set_up_inside(address: IPv4Address) -> None:
    """The inner end, from within its namespace."""
    index = socket.if_nametoindex(links.INSIDE_NAME)
    write_sysctl(f"ipv6/conf/{links.INSIDE_NAME}/disable_ipv6", "1", missing_ok=True)
    with Netlink(NETLINK_ROUTE) as route:
        route.request(
            links.link_up(index),
            links.new_address(index, address),
            links.new_neighbour(index, links.GATEWAY, links.HOST_MAC),
            links.default_route(index),
        )


def _enter(namespace: int) -> None:
    # os.setns came with Python 3.12
    import ctypes  # noqa: PLC0415 - only the process that makes sandboxes needs it

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")
