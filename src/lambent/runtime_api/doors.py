"""Every way into one sandbox, opened for one session: frames, the HTTP Runtime API, and the way out to the AWS endpoint."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping

from lambent.core.ports import Sandbox
from lambent.invoke.extensions import Extensions
from lambent.invoke.session import Session
from lambent.runtime_api.acceptor import Acceptor
from lambent.runtime_api.frame_door import FrameDoor
from lambent.runtime_api.http_door import HttpDoor

_log = logging.getLogger(__name__)

ServeEndpoint = Callable[[socket.socket], None]
"""Takes over a connection that a function made to its AWS endpoint. Must not block."""


class SandboxDoors:
    """Implements `invoke.door.Doors`. The frame door is open from the start; the listeners from initialise on."""

    def __init__(self, sandbox: Sandbox, session: Session, extensions: Extensions, serve_endpoint: ServeEndpoint | None) -> None:
        self._sandbox = sandbox
        self._serve_endpoint = serve_endpoint
        self._frames = FrameDoor(sandbox.channel, session)
        self._http = HttpDoor(session, extensions)
        self._acceptors: list[Acceptor] = []
        self._adoptions: set[asyncio.Task[None]] = set()
        self._accepted: set[socket.socket] = set()
        """Those whose adoption has not begun."""

    def listen(self) -> None:
        if self._acceptors:
            return
        self._acceptors.append(Acceptor(self._sandbox.runtime_api, self._adopt))
        if self._sandbox.endpoint is not None and self._serve_endpoint is not None:
            self._acceptors.append(Acceptor(self._sandbox.endpoint, self._serve_endpoint))

    def initialise(self, variables: Mapping[str, str], handler: str) -> None:
        self.listen()
        self._frames.initialise(variables, handler)

    def close(self) -> None:
        self._frames.close()
        for acceptor in self._acceptors:
            acceptor.close()
        for task in self._adoptions:
            task.cancel()
        for connection in self._accepted:
            connection.close()
        self._accepted.clear()
        self._http.close()

    def _adopt(self, connection: socket.socket) -> None:
        """Give an accepted connection its protocol; asyncio only offers that as a coroutine."""
        if self._http.full:
            connection.close()
            return
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted.add(connection)
        task = asyncio.get_running_loop().create_task(self._attach(connection))
        self._adoptions.add(task)
        task.add_done_callback(self._adoptions.discard)

    async def _attach(self, connection: socket.socket) -> None:
        self._accepted.discard(connection)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._http.connection, connection)
        except OSError as error:
            _log.debug("runtime_connection_lost", extra={"reason": str(error)})
            connection.close()


def open_doors(serve_endpoint: ServeEndpoint | None) -> Callable[[Sandbox, Session, Extensions], SandboxDoors]:
    """What the invoke plane calls for each new sandbox (`invoke.blanks.OpenDoors`)."""
    return lambda sandbox, session, extensions: SandboxDoors(sandbox, session, extensions, serve_endpoint)
