"""The rules between sandboxes, host and outside, in one nftables table per server (linux/netfilter/nf_tables.h).

Written as netlink messages: the `nft` program need not be there. The table belongs to the socket that made it where the kernel
can do that (5.12 and later), so it goes when the server dies, however it dies.
"""

import errno
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network

from lambent.adapters.sandbox.native.netlink import (
    APPEND,
    CREATE,
    NETLINK_NETFILTER,
    Message,
    Netlink,
    attribute,
    attributes,
    nested,
)

EVERY_SERVER = "lbt"
"""The names of all our interfaces, of whichever server, begin so."""
_LINK_LOCAL = IPv4Network("169.254.0.0/16")

_SUBSYSTEM = 10
_NEWTABLE, _DELTABLE, _NEWCHAIN, _GETCHAIN, _NEWRULE, _NEWSET, _NEWSETELEM, _DELSETELEM = 0, 2, 3, 4, 6, 9, 12, 14
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_FAMILY_IPV4 = 2
_FAMILIES_WITH_IPV4 = (1, 2)
_OWNED = 0x2
_INPUT, _FORWARD, _POSTROUTING = 1, 2, 4
_FILTER_PRIORITY, _SOURCE_NAT_PRIORITY = 0, 100
_REGISTER = 1
_META_IIF, _META_OIF, _META_IIFNAME, _META_OIFNAME = 4, 5, 6, 7
_EQUAL, _DIFFERENT = 0, 1
_SOURCE, _DESTINATION = 12, 16
_DROP, _ACCEPT = 0, 1
_ESTABLISHED_OR_RELATED = 2 | 4
_ICMP_UNREACHABLE, _ADMINISTRATIVELY_PROHIBITED = 0, 13


class Firewall:
    """The table of one server. Interfaces are given to it by index."""

    def __init__(self, table: str, own: str, addresses: IPv4Network) -> None:
        """`own` begins the names of this server's interfaces and of no others; `addresses` are those of its sandboxes."""
        self._table = table
        self._own = own
        self._addresses = addresses
        self._netlink = Netlink(NETLINK_NETFILTER)

    def close(self) -> None:
        """Remove the table. Idempotent."""
        with suppress(OSError):  # never made; an owned one goes with the socket in any case
            self._commit([self._message(_DELTABLE, 0, attribute(1, self._table))])
        self._netlink.close()

    def install(self) -> None:
        """Make the table, afresh. Raises OSError when the kernel cannot."""
        for owned in (_OWNED, 0):
            # Adding first makes the deletion of one that may not exist succeed; an owned one of a dead server is gone already.
            new_table = attribute(1, self._table) + attribute(2, struct.pack(">I", owned))
            fresh = [
                self._message(_NEWTABLE, CREATE, new_table),
                self._message(_DELTABLE, 0, attribute(1, self._table)),
                self._message(_NEWTABLE, CREATE, new_table),
            ]
            try:
                self._commit([*fresh, *self._content()])
            except OSError as error:
                if not owned or error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                    raise
            else:
                return

    def add(self, name: str, index: int) -> None:
        """Put an interface into the set `allowed`, `uplinks` or `opened`."""
        self._commit([self._message(_NEWSETELEM, CREATE, self._element(name, index))])

    def remove(self, name: str, index: int) -> None:
        """Take it out again. Nothing happens when it is not in it."""
        with suppress(FileNotFoundError):
            self._commit([self._message(_DELSETELEM, 0, self._element(name, index))])

    def foreign_drops(self) -> list[str]:
        """Tables of others whose policy is to drop what is forwarded: an accept of ours does not overrule them."""
        found = []
        for body in self._netlink.dump(Message(kind=_SUBSYSTEM << 8 | _GETCHAIN, flags=0, body=bytes(4))):
            chain = attributes(body[4:])
            hook = attributes(chain.get(4, b"")).get(1)
            forwards_ipv4 = body[0] in _FAMILIES_WITH_IPV4 and hook == struct.pack(">I", _FORWARD)
            if forwards_ipv4 and chain.get(5) == struct.pack(">I", _DROP):
                found.append(chain[1].rstrip(b"\0").decode())
        return found

    # ---------------------------------------------------------------- the rules

    def _content(self) -> Iterator[Message]:
        yield self._set("allowed", 1)
        yield self._set("uplinks", 2)
        yield self._set("opened", 3)
        yield self._chain("input", "filter", _INPUT, _FILTER_PRIORITY)
        yield self._chain("forward", "filter", _FORWARD, _FILTER_PRIORITY)
        yield self._chain("postrouting", "nat", _POSTROUTING, _SOURCE_NAT_PRIORITY)
        # No address of the host itself is for sandboxes, whatever listens there: Lambent's own port, databases, sshd.
        yield self._rule("input", _begins(_META_IIFNAME, self._own), _reject())
        # Here and not only below: the table of another server may drop it before ours can refuse it.
        yield self._rule("forward", _begins(_META_IIFNAME, EVERY_SERVER), _begins(_META_OIFNAME, self._own), _reject())
        # The credentials of a cloud machine are at a link-local address.
        yield self._rule("forward", _begins(_META_IIFNAME, self._own), _within(_DESTINATION, _LINK_LOCAL), _reject())
        outside = (_in_set(_META_IIF, "allowed"), _in_set(_META_OIF, "uplinks"), _within(_SOURCE, self._addresses))
        yield self._rule("forward", _begins(_META_IIFNAME, self._own), *outside, _verdict(_ACCEPT))
        # Neither other sandboxes, of this or another server, nor what else the host is connected to (bridges, tunnels).
        yield self._rule("forward", _begins(_META_IIFNAME, self._own), _reject())
        yield self._rule("forward", _begins(_META_OIFNAME, self._own), _answers(), _verdict(_ACCEPT))
        yield self._rule("forward", _begins(_META_OIFNAME, self._own), _verdict(_DROP))
        # Where forwarding was turned on for us, the host still forwards for nobody else.
        yield self._rule(
            "forward", _in_set(_META_IIF, "opened"), _begins(_META_OIFNAME, EVERY_SERVER, _DIFFERENT), _verdict(_DROP)
        )
        masquerade = (_in_set(_META_OIF, "uplinks"), _expression("masq"))
        yield self._rule("postrouting", _within(_SOURCE, self._addresses), *masquerade)

    def _set(self, name: str, number: int) -> Message:
        key = attribute(4, struct.pack(">I", 0)) + attribute(5, struct.pack(">I", 4))
        body = attribute(1, self._table) + attribute(2, name) + attribute(3, struct.pack(">I", 0)) + key
        return self._message(_NEWSET, CREATE, body + attribute(10, struct.pack(">I", number)))

    def _chain(self, name: str, kind: str, hook: int, priority: int) -> Message:
        place = nested(4, attribute(1, struct.pack(">I", hook)), attribute(2, struct.pack(">i", priority)))
        return self._message(_NEWCHAIN, CREATE, attribute(1, self._table) + attribute(3, name) + place + attribute(7, kind))

    def _rule(self, chain: str, *parts: bytes) -> Message:
        body = attribute(1, self._table) + attribute(2, chain) + nested(4, *parts)
        return self._message(_NEWRULE, CREATE | APPEND, body)

    def _element(self, name: str, index: int) -> bytes:
        element = nested(1, nested(1, attribute(1, struct.pack("=I", index))))
        return attribute(1, self._table) + attribute(2, name) + nested(3, element)

    def _message(self, kind: int, flags: int, body: bytes) -> Message:
        return Message(kind=_SUBSYSTEM << 8 | kind, flags=flags, body=struct.pack(">BBH", _FAMILY_IPV4, 0, 0) + body)

    def _commit(self, messages: list[Message]) -> None:
        mark = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
        begin = Message(kind=_BATCH_BEGIN, flags=0, body=mark)
        self._netlink.transaction(begin, messages, Message(kind=_BATCH_END, flags=0, body=mark))


def _expression(name: str, *parameters: bytes) -> bytes:
    return nested(1, attribute(1, name), nested(2, *parameters))


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack(">I", value))


def _meta(key: int) -> bytes:
    return _expression("meta", _number(1, _REGISTER), _number(2, key))


def _compare(value: bytes, operation: int = _EQUAL) -> bytes:
    return _expression("cmp", _number(1, _REGISTER), _number(2, operation), nested(3, attribute(1, value)))


def _masked(mask: bytes) -> bytes:
    zeroes = nested(5, attribute(1, bytes(len(mask))))
    sizes = _number(1, _REGISTER) + _number(2, _REGISTER) + _number(3, len(mask))
    return _expression("bitwise", sizes, nested(4, attribute(1, mask)), zeroes)


def _begins(key: int, prefix: str, operation: int = _EQUAL) -> bytes:
    """The name of the interface begins so: as many bytes are compared as there are."""
    return _meta(key) + _compare(prefix.encode(), operation)


def _in_set(key: int, name: str) -> bytes:
    return _meta(key) + _expression("lookup", attribute(1, name), _number(2, _REGISTER))


def _within(offset: int, network: IPv4Network) -> bytes:
    """The address at this offset of the IPv4 header is in the network."""
    payload = _expression("payload", _number(1, _REGISTER), _number(2, 1), _number(3, offset), _number(4, 4))
    return payload + _masked(network.netmask.packed) + _compare(network.network_address.packed)


def _answers() -> bytes:
    """Packets of connections that began inside, and the errors that concern them."""
    state = _expression("ct", _number(1, _REGISTER), _number(2, 0))
    return state + _masked(struct.pack("=I", _ESTABLISHED_OR_RELATED)) + _compare(bytes(4), _DIFFERENT)


def _verdict(code: int) -> bytes:
    return _expression("immediate", _number(1, 0), nested(2, nested(2, _number(1, code))))


def _reject() -> bytes:
    """Refused at once, not left to time out: "administratively prohibited"."""
    return _expression("reject", _number(1, _ICMP_UNREACHABLE), attribute(2, bytes((_ADMINISTRATIVELY_PROHIBITED,))))
