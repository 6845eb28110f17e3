"""Owns the listeners and connections of one HTTP handler: opens, counts, drains and closes them."""

import asyncio
import socket

from lambent.core.limits import MEBIBYTE
from lambent.http.message import Admit, BodyBudget, HttpHandler, HttpLimits
from lambent.http.protocol import HttpProtocol

BODIES_IN_MEMORY_BYTES = 1024 * MEBIBYTE
"""Large request bodies in memory at once; past it further ones are answered 503."""
CANCELLATION_SECONDS = 5.0
"""How long `stop` waits for handlers that it has cancelled."""


class _Connection(HttpProtocol):
    """Is in its server's set from the moment that it is connected until its task has ended."""

    def __init__(
        self,
        connections: "set[HttpProtocol]",
        handler: HttpHandler,
        limits: HttpLimits,
        *,
        admit: Admit | None,
        budget: BodyBudget,
    ) -> None:
        super().__init__(handler, limits, admit=admit, budget=budget, on_close=connections.discard)
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)


class HttpServer:
    """One handler behind any number of listening sockets. `stop` must be awaited by whoever made it."""

    def __init__(self, handler: HttpHandler, limits: HttpLimits | None = None, *, admit: Admit | None = None) -> None:
        self._handler = handler
        self._limits = limits or HttpLimits()
        self._admit = admit
        self._budget = BodyBudget(BODIES_IN_MEMORY_BYTES)
        self._connections: set[HttpProtocol] = set()
        self._listeners: list[asyncio.Server] = []

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def protocol(self) -> HttpProtocol:
        """A new connection's protocol: the factory for `create_server` and `connect_accepted_socket`."""
        return _Connection(self._connections, self._handler, self._limits, admit=self._admit, budget=self._budget)

    async def listen(self, listener: socket.socket) -> None:
        """Serve a bound TCP or unix stream socket, also one made in another network namespace. Closes it on `stop`."""
        loop = asyncio.get_running_loop()
        if listener.family == socket.AF_UNIX:
            self._listeners.append(await loop.create_unix_server(self.protocol, sock=listener))
        else:
            self._listeners.append(await loop.create_server(self.protocol, sock=listener, backlog=1024))

    async def stop(self, grace: float = 0.0) -> None:
        """Stop listening; let requests in progress end within `grace` seconds; drop the rest. Idempotent."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for connection in tuple(self._connections):
            connection.drain()
        tasks = [connection.task for connection in self._connections]
        if tasks and grace > 0:
            await asyncio.wait(tasks, timeout=grace)
        for connection in tuple(self._connections):
            connection.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCELLATION_SECONDS)
