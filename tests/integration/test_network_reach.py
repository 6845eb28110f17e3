"""Outbound network of sandboxes: what is reachable and what is not."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native import links, network, uplinks
from lambent.adapters.sandbox.native.netlink import NETLINK_ROUTE, Netlink
from tests.integration.network_namespaces import HOST, WORLD, Internet, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with ExitStack() as stack:
        yield Internet(stack, tmp_path)


def test_an_allowed_sandbox_reaches_the_outside_as_the_host(internet: Internet) -> None:
    inside = internet.sandbox(internet.open(), 7)
    with inside.connect(WORLD, internet.port) as connection:
        accepted, peer = internet.listener.accept()
        with accepted:
            assert peer[0] == HOST
            accepted.sendall(b"hello")
            assert connection.recv(5) == b"hello"


def test_nothing_is_reachable_before_it_is_allowed(internet: Internet) -> None:
    inside = internet.sandbox(internet.open(), 0, allowed=False)
    assert not inside.reaches(WORLD, internet.port)


def test_deny_closes_the_outside_also_for_connections_that_exist(internet: Internet) -> None:
    outbound = internet.open()
    inside = internet.sandbox(outbound, 0)
    with inside.connect(WORLD, internet.port) as connection, internet.listener.accept()[0] as accepted:
        internet.host.run(outbound.deny, 0)
        assert not inside.reaches(WORLD, internet.port)
        connection.sendall(b"out")
        accepted.settimeout(0.3)
        with pytest.raises(TimeoutError):
            accepted.recv(1)


def test_the_host_itself_is_out_of_reach_at_every_address(internet: Internet) -> None:
    inside = internet.sandbox(internet.open(), 0)
    _, port = internet.host.listen(internet.stack)
    assert not inside.reaches(HOST, port)
    assert not inside.reaches(str(links.GATEWAY), port)
    assert not inside.reaches("127.0.0.1", port)
    assert internet.host.reaches(HOST, port)


def test_another_sandbox_is_out_of_reach_of_this_and_of_another_server(internet: Internet) -> None:
    one, two = internet.open(), internet.open()
    attacker, victim, stranger = internet.sandbox(one, 0), internet.sandbox(one, 1), internet.sandbox(two, 0)
    for slot, target, server in ((1, victim, one), (0, stranger, two)):
        _, port = target.listen(internet.stack)
        address = str(server._address(slot))
        assert target.reaches(address, port)
        assert not attacker.reaches(address, port)


def test_the_outside_cannot_connect_to_a_sandbox(internet: Internet) -> None:
    outbound = internet.open()
    inside = internet.sandbox(outbound, 0)
    listener, port = inside.listen(internet.stack)
    with pytest.raises(TimeoutError):
        internet.world.run(lambda: socket.create_connection((str(outbound._address(0)), port), timeout=0.5))
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_cloud_machines_metadata_service_is_out_of_reach(internet: Internet) -> None:
    inside = internet.sandbox(internet.open(), 0)

    def answer_for_it() -> None:
        index = socket.if_nametoindex("eth0")
        with Netlink(NETLINK_ROUTE) as route:
            route.request(links.new_address(index, IPv4Address("169.254.169.254")))

    internet.world.run(answer_for_it)
    assert internet.host.reaches("169.254.169.254", internet.port)
    assert not inside.reaches("169.254.169.254", internet.port)


def test_networks_that_are_not_the_outside_are_out_of_reach(internet: Internet) -> None:
    bridge = Namespace(internet.stack)
    internet.join(bridge, "bridge0", "198.51.100.1", default=False)
    bridge.run(network._set_up_inside, IPv4Address("198.51.100.2"))

    def add_route() -> None:
        with Netlink(NETLINK_ROUTE) as route:
            index = socket.if_nametoindex("bridge0")
            route.request(links.host_route(index, IPv4Address("198.51.100.2")))

    internet.host.run(add_route)
    _, port = bridge.listen(internet.stack)
    inside = internet.sandbox(internet.open(), 0)
    assert internet.host.reaches("198.51.100.2", port)
    assert not inside.reaches("198.51.100.2", port)

    # and forwarding that was turned on for us serves nobody else
    internet.host.run(uplinks.write_sysctl, "ipv4/conf/bridge0/forwarding", "1")
    with pytest.raises(TimeoutError):
        internet.world.run(lambda: socket.create_connection(("198.51.100.2", port), timeout=0.5))
