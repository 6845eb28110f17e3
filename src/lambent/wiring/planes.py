"""Joins adapters to the two planes and the API over them: which part gets which setting is said here and nowhere else."""

import asyncio
import platform
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.image_source import RegistryImageSource
from lambent.adapters.logs import DiskLogStore
from lambent.adapters.object_source import S3ObjectSource
from lambent.adapters.packages import DiskPackageStore
from lambent.adapters.runtimes import HostRuntimes, missing_runtime_message
from lambent.adapters.signatures import ZipSignatures
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.adapters.sql.store import SqlStore
from lambent.adapters.system import SystemChance, SystemClock
from lambent.api.app import App, AppParts, build_app
from lambent.api.downloads import DownloadLinks
from lambent.api.handlers import ControlPorts, control_handlers
from lambent.control.code import Signers
from lambent.control.invoke_policy import InvokePolicy
from lambent.core.code_signature import SigningProfiles
from lambent.core.environment_variables import Credentials
from lambent.core.function import Owner
from lambent.core.ports import SandboxProvider
from lambent.http import HttpServer
from lambent.invoke.data_plane import DataPlane, DataPlaneSettings, Parts
from lambent.runtime_api.doors import ServeEndpoint, open_doors
from lambent.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """Everything that both planes stand on."""

    clock: SystemClock
    chance: SystemChance
    store: SqlStore
    queue: SqlEventQueue
    packages: DiskPackageStore
    logs: DiskLogStore
    catalog: HostRuntimes
    provider: SandboxProvider
    profiles: SigningProfiles


@dataclass(frozen=True, kw_only=True)
class FunctionKey:
    """Where authentication is on: what functions sign with. Made anew at each start, so that a leaked one is soon worthless."""

    identifier: str
    secret: str

    def credentials(self, _: Owner) -> Credentials:
        """The same for every function."""
        return Credentials(access_key_id=self.identifier, secret_access_key=self.secret, session_token=None)


def function_key(settings: Settings) -> FunctionKey | None:
    """None: authentication is off, and the data plane makes what functions sign with."""
    if not settings.access_keys:
        return None
    return FunctionKey(identifier="ASIA" + secrets.token_hex(8).upper(), secret=secrets.token_hex(20))


class FunctionEndpoint:
    """Gives connections of functions to the API, which stands on the data plane and so comes later."""

    def __init__(self) -> None:
        self.server: HttpServer | None = None
        self._adopting: set[asyncio.Task[None]] = set()

    def serve(self, connection: socket.socket) -> None:
        """Take over an accepted connection."""
        task = asyncio.get_running_loop().create_task(self._adopt(connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        if self.server is None:
            connection.close()
            return
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self.server.protocol, connection)
        except OSError:
            connection.close()


def data_plane(settings: Settings, adapters: Adapters, endpoint: str, serve: ServeEndpoint, key: FunctionKey | None) -> DataPlane:
    """`endpoint` is the platform's own URL, for sandboxes that have no listener for it."""
    parts = Parts(
        store=adapters.store,
        queue=adapters.queue,
        packages=adapters.packages,
        logs=adapters.logs,
        catalog=adapters.catalog,
        provider=adapters.provider,
        open_doors=open_doors(serve),
        clock=adapters.clock,
        chance=adapters.chance,
    )
    limits = DataPlaneSettings(
        account_concurrency=settings.account_concurrency,
        blank_environments=settings.blank_environments,
        idle_seconds=settings.idle_seconds,
        maximum_environments=settings.maximum_environments,
        network=settings.network,
        platform_url=endpoint,
        credentials=None if key is None else key.credentials,
        architecture="arm64" if platform.machine() == "aarch64" else platform.machine(),
        missing_runtime=missing_runtime_message,
    )
    return DataPlane(parts, limits)


def api(settings: Settings, adapters: Adapters, plane: DataPlane, endpoint: str, access_keys: Mapping[str, str]) -> App:
    """The AWS API over both planes."""
    links = DownloadLinks(_link_secret(settings.data_directory), adapters.clock)
    ports = ControlPorts(
        store=adapters.store,
        packages=adapters.packages,
        objects=S3ObjectSource(settings.s3_endpoint, region=settings.region),
        images=RegistryImageSource(settings.image_registry),
        signers=Signers(signatures=ZipSignatures(), profiles=adapters.profiles),
        clock=adapters.clock,
        chance=adapters.chance,
        standings=plane.standing,
    )
    parts = AppParts(
        handlers=control_handlers(ports, link=links.link, account_concurrency=settings.account_concurrency),
        invoker=plane.invoker,
        authorize_invoke=InvokePolicy(adapters.store).check,
        logs=adapters.logs,
        packages=adapters.packages,
        links=links,
        clock=adapters.clock,
        chance=adapters.chance,
        account=settings.account,
        region=settings.region,
        access_keys=access_keys,
        isolation=adapters.provider.level.value,
        runtimes=tuple(each.identifier for each in adapters.catalog.installations()),
        endpoint=endpoint,
    )
    return build_app(parts)


def _link_secret(directory: Path) -> bytes:
    """Kept in the data directory, so that download links outlive a restart."""
    path = directory / "link-secret"
    if not path.exists():
        half = path.with_name("link-secret.half")
        half.touch(mode=0o600)
        half.write_bytes(secrets.token_bytes(32))
        half.replace(path)
    return path.read_bytes()
