"""A sandbox's network interface as netlink messages (linux/rtnetlink.h, linux/if_link.h): the pair, addresses, routes."""

import socket
import struct
from ipaddress import IPv4Address, IPv4Network

from lambent.adapters.sandbox.native.netlink import CREATE, EXCLUSIVE, Message, Netlink, attribute, attributes, nested

INSIDE_NAME = "eth0"
GATEWAY = IPv4Address("169.254.1.1")
"""The next hop of every sandbox. No interface has this address: the neighbour entry is made by hand, so nobody is ever asked."""
HOST_MAC, INSIDE_MAC = b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"
"""The same in every pair: a pair is a wire of its own."""

_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _NEWROUTE, _GETROUTE, _NEWNEIGH = 16, 17, 18, 20, 24, 26, 28
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBi")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_GROUP, _IFLA_NET_NS_FD = 1, 3, 18, 27, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_UP = 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH = 1, 4, 5, 9
_TABLE_MAIN, _PROTOCOL_STATIC, _SCOPE_UNIVERSE, _SCOPE_LINK, _UNICAST, _ONLINK = 254, 4, 0, 253, 1, 4
_PERMANENT = 0x80


def new_pair(name: str, group: int, namespace: int) -> Message:
    """A veth pair: `name` here, INSIDE_NAME in the namespace behind this descriptor. Both ends are down."""
    peer = _LINK.pack(0, 0, 0, 0, 0) + attribute(_IFLA_IFNAME, INSIDE_NAME)
    peer += attribute(_IFLA_ADDRESS, INSIDE_MAC) + attribute(_IFLA_NET_NS_FD, namespace)
    information = nested(_IFLA_LINKINFO, attribute(_INFO_KIND, "veth"), nested(_INFO_DATA, attribute(_VETH_PEER, peer)))
    here = attribute(_IFLA_IFNAME, name) + attribute(_IFLA_ADDRESS, HOST_MAC) + attribute(_IFLA_GROUP, group)
    return Message(kind=_NEWLINK, flags=CREATE | EXCLUSIVE, body=_LINK.pack(0, 0, 0, 0, 0) + here + information)


def delete_link(name: str) -> Message:
    """Its other end goes with it. Takes tens of milliseconds, as does delete_group for any number."""
    return Message(kind=_DELLINK, flags=0, body=_LINK.pack(0, 0, 0, 0, 0) + attribute(_IFLA_IFNAME, name))


def delete_group(group: int) -> Message:
    """Every interface of a group."""
    return Message(kind=_DELLINK, flags=0, body=_LINK.pack(0, 0, 0, 0, 0) + attribute(_IFLA_GROUP, group))


def link_up(index: int) -> Message:
    """Set the interface up."""
    return Message(kind=_NEWLINK, flags=0, body=_LINK.pack(0, 0, index, _UP, _UP))


def new_address(index: int, address: IPv4Address) -> Message:
    """A /32: whoever else there is, is behind the gateway."""
    body = _ADDRESS.pack(socket.AF_INET, 32, 0, _SCOPE_UNIVERSE, index)
    body += attribute(1, address.packed) + attribute(2, address.packed)
    return Message(kind=_NEWADDR, flags=CREATE | EXCLUSIVE, body=body)


def new_neighbour(index: int, address: IPv4Address, mac: bytes) -> Message:
    """Who has `address`: for ever, without asking."""
    body = _NEIGHBOUR.pack(socket.AF_INET, index, _PERMANENT, 0, 0) + attribute(1, address.packed) + attribute(2, mac)
    return Message(kind=_NEWNEIGH, flags=CREATE, body=body)


def host_route(index: int, address: IPv4Address) -> Message:
    """This address is on this link: before any older route to it, whose link may be about to go."""
    body = _ROUTE.pack(socket.AF_INET, 32, 0, 0, _TABLE_MAIN, _PROTOCOL_STATIC, _SCOPE_LINK, _UNICAST, 0)
    body += attribute(_RTA_DST, address.packed) + attribute(_RTA_OIF, index)
    return Message(kind=_NEWROUTE, flags=CREATE, body=body)


def default_route(index: int) -> Message:
    """Everything else is behind the gateway, which is on this link."""
    body = _ROUTE.pack(socket.AF_INET, 0, 0, 0, _TABLE_MAIN, _PROTOCOL_STATIC, _SCOPE_UNIVERSE, _UNICAST, _ONLINK)
    body += attribute(_RTA_OIF, index) + attribute(_RTA_GATEWAY, GATEWAY.packed)
    return Message(kind=_NEWROUTE, flags=CREATE, body=body)


def link_names(route: Netlink) -> dict[int, str]:
    """The interfaces of this namespace, by index."""
    found = {}
    for body in route.dump(Message(kind=_GETLINK, flags=0, body=_LINK.pack(0, 0, 0, 0, 0))):
        name = attributes(body[_LINK.size :])[_IFLA_IFNAME]
        found[_LINK.unpack_from(body)[2]] = name.rstrip(b"\0").decode()
    return found


def read_routes(route: Netlink) -> tuple[set[int], list[IPv4Network]]:
    """Indexes of the interfaces with a default route, and every other IPv4 network that this namespace has a route to."""
    uplinks: set[int] = set()
    networks = []
    request = Message(kind=_GETROUTE, flags=0, body=_ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0))
    for body in route.dump(request):
        length, table, kind = body[1], body[4], body[7]
        found = attributes(body[_ROUTE.size :])
        if length:
            networks.append(IPv4Network((found[_RTA_DST], length)))
        elif kind == _UNICAST and table == _TABLE_MAIN:
            uplinks |= _interfaces(found)
    return uplinks, networks


def _interfaces(route: dict[int, bytes]) -> set[int]:
    """Of one route; of several next hops each has an interface."""
    if _RTA_OIF in route:
        return {struct.unpack("=I", route[_RTA_OIF])[0]}
    found, at, hops = set(), 0, route.get(_RTA_MULTIPATH, b"")
    while at + 8 <= len(hops):
        length, index = struct.unpack_from("=HxxI", hops, at)
        found.add(index)
        at += max(length, 8)
    return found
