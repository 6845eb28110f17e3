"""Outbound network of sandboxes: what is reachable and what is not, in network namespaces made for the test.

A namespace is a thread that has left the machine's own; `world` is the outside, `host` the machine, and each sandbox its own.
"""

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from lambent.adapters.sandbox.native import links, network, uplinks
from lambent.adapters.sandbox.native.netlink import NETLINK_ROUTE, Netlink
from lambent.adapters.sandbox.native.network import NetworkFault, OutboundNetwork

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

WORLD, HOST = "203.0.113.10", "192.0.2.1"
SECONDS = 5.0


class Namespace:
    """A network namespace: what `run` is given, runs in it."""

    def __init__(self, stack: ExitStack) -> None:
        self._thread = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        self.descriptor: int = self.run(self._leave)
        stack.callback(os.close, self.descriptor)

    @staticmethod
    def _leave() -> int:
        if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
            pytest.skip("this machine lets nobody make network namespaces")
        with Netlink(NETLINK_ROUTE) as route:
            route.request(links.link_up(socket.if_nametoindex("lo")))
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return self._thread.submit(call, *arguments).result(timeout=30)

    def listen(self, stack: ExitStack) -> tuple[socket.socket, int]:
        listener = self.run(socket.create_server, ("0.0.0.0", 0))
        stack.callback(listener.close)
        listener.settimeout(SECONDS)
        return listener, listener.getsockname()[1]

    def connect(self, address: str, port: int) -> socket.socket:
        return self.run(lambda: socket.create_connection((address, port), timeout=SECONDS))

    def reaches(self, address: str, port: int) -> bool:
        try:
            self.connect(address, port).close()
        except TimeoutError:
            pytest.fail("it should be refused, not left to time out")
        except OSError:
            return False
        return True


class Internet:
    """The machine of the test, its uplink and the outside world with a listener in it."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.world, self.host = Namespace(stack), Namespace(stack)
        self.join(self.world, "up0", HOST, default=True)
        self.world.run(network._set_up_inside, IPv4Address(WORLD))
        self.listener, self.port = self.world.listen(stack)

    def join(self, outside: Namespace, name: str, address: str, *, default: bool) -> None:
        def work() -> None:
            with Netlink(NETLINK_ROUTE) as route:
                route.request(links.new_pair(name, 0, outside.descriptor))
                index = socket.if_nametoindex(name)
                up = (links.link_up(index), links.new_address(index, IPv4Address(address)))
                route.request(*up, links.new_neighbour(index, links.GATEWAY, links.INSIDE_MAC))
                if default:
                    route.request(links.default_route(index))

        self.host.run(work)

    def open(self) -> OutboundNetwork:
        outbound = OutboundNetwork(state_directory=self.folder)
        self.host.run(outbound.open, "test")
        assert outbound.problem is None
        self.stack.callback(self.host.run, outbound.close)
        return outbound

    def sandbox(self, outbound: OutboundNetwork, slot: int, *, allowed: bool = True) -> Namespace:
        inside = Namespace(self.stack)
        self.host.run(outbound.attach, slot, inside.descriptor)
        if allowed:
            self.host.run(outbound.allow, slot)
        return inside

    def forwarding(self, name: str = "up0") -> str:
        return self.host.run(uplinks.read_sysctl, f"ipv4/conf/{name}/forwarding")

    def interfaces(self) -> set[str]:
        return {name for _, name in self.host.run(socket.if_nameindex)}


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


def test_forwarding_is_turned_on_for_the_uplink_only_and_off_by_the_last_server(internet: Internet) -> None:
    assert internet.forwarding() == "0"
    one, two = internet.open(), internet.open()
    inside = internet.sandbox(two, 0)
    assert (internet.forwarding(), internet.forwarding("all")) == ("1", "0")
    internet.host.run(one.close)
    assert inside.reaches(WORLD, internet.port)
    internet.host.run(two.close)
    assert internet.forwarding() == "0"


def test_forwarding_that_was_on_before_stays_on(internet: Internet) -> None:
    internet.host.run(uplinks.write_sysctl, "ipv4/conf/up0/forwarding", "1")
    outbound = internet.open()
    assert internet.sandbox(outbound, 0).reaches(WORLD, internet.port)
    internet.host.run(outbound.close)
    assert internet.forwarding() == "1"


def test_a_denied_sandbox_stays_denied_when_someone_turns_on_forwarding_for_the_whole_host(internet: Internet) -> None:
    inside = internet.sandbox(internet.open(), 0, allowed=False)
    internet.host.run(uplinks.write_sysctl, "ipv4/ip_forward", "1")
    assert not inside.reaches(WORLD, internet.port)


def test_close_leaves_nothing_behind(internet: Internet) -> None:
    before = internet.interfaces()
    outbound = internet.open()
    for slot in range(3):
        internet.sandbox(outbound, slot)
    assert len(internet.interfaces() - before) == 3
    internet.host.run(outbound.close)
    internet.host.run(outbound.close)
    assert internet.interfaces() == before
    assert not [path for path in internet.folder.iterdir() if "uplink-" in path.name]


def test_a_slot_is_used_again_even_before_the_kernel_has_cleaned_up(internet: Internet) -> None:
    outbound = internet.open()
    last = internet.sandbox(outbound, 3)
    internet.host.run(outbound.detach, 3)
    internet.host.run(outbound.detach, 3)
    assert not last.reaches(WORLD, internet.port)
    again = internet.sandbox(outbound, 3)
    assert again.reaches(WORLD, internet.port)


def test_the_interface_goes_with_the_sandboxs_namespace(internet: Internet) -> None:
    outbound = internet.open()
    with ExitStack() as ends:
        inside = Namespace(ends)
        internet.host.run(outbound.attach, 0, inside.descriptor)
        internet.host.run(outbound.detach, 0)
        assert [name for name in internet.interfaces() if name.startswith("lbt")]
    deadline = time.monotonic() + 10
    while [name for name in internet.interfaces() if name.startswith("lbt")]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_cannot_be_attached_leaves_no_interface(internet: Internet) -> None:
    outbound = internet.open()
    inside = internet.sandbox(outbound, 0)
    before = internet.interfaces()
    for slot, descriptor in ((5000, inside.descriptor), (1, inside.descriptor), (2, internet.listener.fileno())):
        with pytest.raises(NetworkFault):
            internet.host.run(outbound.attach, slot, descriptor)
    assert internet.interfaces() == before
    assert inside.reaches(WORLD, internet.port)


DYING_SERVER = """
import sys, time
from pathlib import Path
from lambent.adapters.sandbox.native.network import OutboundNetwork
outbound = OutboundNetwork(state_directory=Path(sys.argv[1]))
outbound.open("dying")
outbound.attach(0, int(sys.argv[2]))
outbound.allow(0)
print(outbound.problem, flush=True)
time.sleep(60)
"""


def test_what_a_killed_server_left_is_swept_by_the_next(internet: Internet) -> None:
    inside = Namespace(internet.stack)
    command = [sys.executable, "-c", DYING_SERVER, str(internet.folder), str(inside.descriptor)]
    dying = internet.host.run(lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=(inside.descriptor,)))
    assert dying.stdout.readline() == "None\n"
    assert inside.reaches(WORLD, internet.port)
    dying.kill()
    dying.communicate()
    assert "lbt00-1" in internet.interfaces()
    assert internet.forwarding() == "1"
    alive = internet.open()
    assert "lbt00-1" not in internet.interfaces()
    assert internet.sandbox(alive, 0).reaches(WORLD, internet.port)
    internet.host.run(alive.close)
    assert internet.forwarding() == "0"


def test_a_moved_default_route_is_followed(internet: Internet) -> None:
    outbound = internet.open()
    inside = internet.sandbox(outbound, 0)
    elsewhere = Namespace(internet.stack)
    internet.join(elsewhere, "up1", "192.0.2.9", default=False)
    elsewhere.run(network._set_up_inside, IPv4Address(WORLD))
    _, port = elsewhere.listen(internet.stack)

    def move() -> None:
        with Netlink(NETLINK_ROUTE) as route:
            route.request(links.delete_link("up0"))
            route.request(links.default_route(socket.if_nametoindex("up1")))

    internet.host.run(move)
    assert not inside.reaches(WORLD, port)
    outbound._uplinks_read = time.monotonic() - 60
    internet.sandbox(outbound, 1)
    assert inside.reaches(WORLD, port)


def test_ranges_into_which_the_host_has_a_route_are_passed_over(internet: Internet) -> None:
    def add_route() -> None:
        with Netlink(NETLINK_ROUTE) as route:
            route.request(links.host_route(socket.if_nametoindex("up0"), IPv4Address("10.198.3.4")))

    internet.host.run(add_route)
    outbound = internet.open()
    assert outbound._address(0) == IPv4Address("10.198.16.1")


def test_a_host_without_a_way_out_says_so_and_sandboxes_have_no_network(internet: Internet) -> None:
    isolated = Namespace(internet.stack)
    outbound = OutboundNetwork(state_directory=internet.folder)
    isolated.run(outbound.open, "test")
    assert outbound.problem is not None
    assert "default route" in outbound.problem
    isolated.run(outbound.attach, 0, isolated.descriptor)
    for call in (outbound.allow, outbound.deny, outbound.detach):
        isolated.run(call, 0)
    isolated.run(outbound.close)


def test_an_ordinary_user_is_told_what_is_missing(tmp_path: Path) -> None:
    script = (
        "import os; os.setgroups([]); os.setuid(65534); from pathlib import Path; "
        "from lambent.adapters.sandbox.native.network import OutboundNetwork as N; "
        f"n = N(state_directory=Path({str(tmp_path / 'state')!r})); n.open('x'); print(n.problem)"
    )
    code = "import sys; sys.path[:] = " + repr(sys.path) + "; import lambent.adapters.sandbox.native.network; " + script
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert "cannot be set up" in done.stdout, done.stderr
