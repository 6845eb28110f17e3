"""Network namespaces for tests: a namespace is a thread that has left the machine's own.

`world` is the outside, `host` the machine with its uplink, and each sandbox has its own.
"""

import ctypes
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from lambent.adapters.sandbox.native import links, network, uplinks
from lambent.adapters.sandbox.native.netlink import NETLINK_ROUTE, Netlink
from lambent.adapters.sandbox.native.network import OutboundNetwork

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
