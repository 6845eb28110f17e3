"""A Platform: every part of Lambent connected, its loops running, its resources owned."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lambent.adapters.logs import DiskLogStore
from lambent.adapters.packages import DiskPackageStore
from lambent.adapters.runtimes import HostRuntimes
from lambent.adapters.signatures import known_profiles
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.adapters.sql.store import SqlStore
from lambent.adapters.system import SystemChance, SystemClock
from lambent.control.activation import Activator
from lambent.control.mapping_transitions import MappingTransitions
from lambent.core.environment import IsolationLevel
from lambent.core.ports import SandboxProvider
from lambent.http import HttpServer
from lambent.invoke.data_plane import DataPlane
from lambent.settings import Settings
from lambent.wiring.planes import Adapters, FunctionEndpoint, api, data_plane, function_key

DRAIN_SECONDS = 10.0
"""How long requests in progress may take to end at a stop."""


class Platform:
    """What `server` runs: answers on listeners until told to stop, and notices when one of its own loops dies."""

    def __init__(self, *, level: IsolationLevel, http: HttpServer, plane: DataPlane, loops: "asyncio.Task[None]") -> None:
        self.level = level
        self._http = http
        self._plane = plane
        self._loops = loops

    async def listen(self, listener: socket.socket) -> None:
        """Serve the AWS API on a bound socket."""
        await self._http.listen(listener)

    async def until_stopped(self, stopping: asyncio.Event) -> None:
        """Returns when `stopping` is set. Raises what ended one of the platform's own loops."""
        waiting = asyncio.get_running_loop().create_task(stopping.wait())
        try:
            await asyncio.wait((waiting, self._loops), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._loops.done():
            self._loops.result()

    async def drain(self) -> None:
        """Stop listening, then let requests and invocations in progress end."""
        await self._http.stop(DRAIN_SECONDS)
        await self._plane.drain(DRAIN_SECONDS)


@asynccontextmanager
async def connected(
    settings: Settings, *, database: Database, provider: SandboxProvider, catalog: HostRuntimes, port: int
) -> AsyncIterator[Platform]:
    """Connect everything, sweep what a killed server left, and start the loops. `database` and `provider` are running.

    Raises SettingsError for a file that cannot be used.
    """
    adapters = _adapters(settings, database, provider, catalog)
    await adapters.packages.sweep(await adapters.store.packages_in_use())
    async with adapters.logs.running(), _joined(settings, adapters, f"http://{settings.host}:{port}") as platform:
        yield platform


def _adapters(settings: Settings, database: Database, provider: SandboxProvider, catalog: HostRuntimes) -> Adapters:
    directory, clock = settings.data_directory, SystemClock()
    return Adapters(
        clock=clock,
        chance=SystemChance(),
        store=SqlStore(database),
        queue=SqlEventQueue(database),
        packages=DiskPackageStore(directory / "packages"),
        logs=DiskLogStore(directory / "logs", clock, retention_bytes=settings.log_retention_bytes),
        catalog=catalog,
        provider=provider,
        profiles=known_profiles(settings.signing_profiles),
    )


@asynccontextmanager
async def _joined(settings: Settings, adapters: Adapters, endpoint: str) -> AsyncIterator[Platform]:
    """Both planes and the API over them. Leaving it ends every environment."""
    key = function_key(settings)
    access_keys = {**settings.access_keys, **({key.identifier: key.secret} if key else {})}
    functions = FunctionEndpoint()
    plane = data_plane(settings, adapters, endpoint, functions.serve, key)
    functions.server = http = api(settings, adapters, plane, endpoint, access_keys).server()
    for owner in await adapters.store.owners():
        await plane.warm(owner)
    activator = Activator(adapters.store, adapters.packages, adapters.chance)
    transitions = MappingTransitions(adapters.store, adapters.clock, adapters.chance)
    loops = asyncio.get_running_loop().create_task(_loops(plane, activator, transitions))
    try:
        yield Platform(level=adapters.provider.level, http=http, plane=plane, loops=loops)
    finally:
        await http.stop()
        loops.cancel()
        await asyncio.wait({loops})


async def _loops(plane: DataPlane, activator: Activator, transitions: MappingTransitions) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(plane.run())
        group.create_task(activator.run())
        group.create_task(transitions.run())
