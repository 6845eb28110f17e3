"""Outbound network: what it changes on the host, and that nothing of it stays, whatever happens."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native import links, network, uplinks
from lambent.adapters.sandbox.native.netlink import NETLINK_ROUTE, Netlink
from lambent.adapters.sandbox.native.network import NetworkFault, OutboundNetwork
from tests.integration.network_namespaces import WORLD, Internet, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with ExitStack() as stack:
        yield Internet(stack, tmp_path)


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
