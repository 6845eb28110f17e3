"""The data plane put together: one object that wiring makes, starts, warms and ends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from lambent.core.environment import InitializationType
from lambent.core.environment_variables import Credentials
from lambent.core.errors import InvalidRuntime
from lambent.core.function import FunctionVersion, Owner
from lambent.core.ports import Chance, Clock, EventQueue, LogStore, PackageStore, RuntimeCatalog, SandboxProvider, Store
from lambent.invoke.admission import Admission
from lambent.invoke.blanks import Blanks
from lambent.invoke.environment import Environment
from lambent.invoke.event_worker import Deliver, EventWorker, deliver_nowhere
from lambent.invoke.host import Host
from lambent.invoke.invoker import Invoker
from lambent.invoke.live_sandbox import OpenDoors
from lambent.invoke.pool import Pool
from lambent.invoke.provisioner import Provisioner
from lambent.invoke.resolver import Resolver
from lambent.invoke.watch import Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What the data plane stands on."""

    store: Store
    queue: EventQueue
    packages: PackageStore
    logs: LogStore
    catalog: RuntimeCatalog
    provider: SandboxProvider
    open_doors: OpenDoors
    """`runtime_api.doors.open_doors(...)`."""
    clock: Clock
    chance: Chance
    deliver: Deliver = deliver_nowhere


@dataclass(frozen=True, kw_only=True, slots=True)
class DataPlaneSettings:
    """How much of it, and how functions see their surroundings."""

    account_concurrency: int = 1000
    blank_environments: int = 4
    idle_seconds: float = 600.0
    maximum_environments: int = 1000
    network: bool = True
    platform_url: str | None = None
    """AWS endpoint for functions whose sandbox has no listener for it (level `process`)."""
    credentials: Callable[[Owner], Credentials] | None = None
    """None: the account as access key id, so that calls come back to the right account, with a random secret."""
    architecture: str = "x86_64"
    """Of this host, in Lambda's words: `x86_64` or `arm64`."""
    missing_runtime: Callable[[str], str] = lambda identifier: f"This host has no interpreter for the runtime {identifier}."
    """The message when a function's runtime is not on this host."""


class DataPlane:
    """`run` in a task (inside the provider's `running()`), `warm` the owners known at start, then use `invoker`."""

    def __init__(self, parts: Parts, settings: DataPlaneSettings) -> None:
        """To be made inside a running loop."""
        self._parts = parts
        self._settings = settings
        self._admission = Admission(account_limit=settings.account_concurrency)
        self._blanks = Blanks(parts.provider, parts.open_doors, keep=settings.blank_environments)
        self._host = Host(
            provider=parts.provider,
            blanks=self._blanks,
            packages=parts.packages,
            logs=parts.logs,
            clock=parts.clock,
            chance=parts.chance,
            credentials=settings.credentials or self._account_credentials,
            network=settings.network,
            platform_url=settings.platform_url,
        )
        self._pool = Pool(self._environment, maximum=settings.maximum_environments, idle_seconds=settings.idle_seconds)
        resolver = Resolver(parts.store, self._admission)
        self.invoker = Invoker(resolver=resolver, pool=self._pool, queue=parts.queue, clock=parts.clock, chance=parts.chance)
        self._watch = Watch(
            store=parts.store,
            resolver=resolver,
            pool=self._pool,
            blanks=self._blanks,
            admission=self._admission,
            catalog=parts.catalog,
        )
        self._provisioner = Provisioner(
            store=parts.store, resolver=resolver, pool=self._pool, admission=self._admission, clock=parts.clock
        )
        self.standing = self._provisioner.standing
        """What there is of provisioned environments."""
        self._events = EventWorker(
            queue=parts.queue, store=parts.store, invoker=self.invoker, clock=parts.clock, deliver=parts.deliver
        )
        self.invoker.on_accepted = self._events.wake

    async def warm(self, owner: Owner) -> None:
        """Keep blanks for the runtimes of this owner's functions."""
        await self._watch.warm(owner)

    async def drain(self, seconds: float) -> None:
        """Let running invocations end, also those whose caller went away; what runs after `seconds` ends with ServiceFault."""
        await self._pool.drain(seconds)

    async def run(self) -> None:
        """Until cancelled: then every environment and blank is destroyed before this returns.

        What is still being invoked ends with ServiceFault.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch.run())
            group.create_task(self._provisioner.run())
            group.create_task(self._events.run())
            group.create_task(self._pool.run())
            group.create_task(self._blanks.run())

    @property
    def environments(self) -> int:
        """Execution environments, idle and busy."""
        return self._pool.size

    def blanks(self, identifier: str) -> int:
        """Blank sandboxes that wait for this runtime."""
        return self._blanks.ready(identifier)

    def _environment(self, version: FunctionVersion, kind: InitializationType) -> Environment:
        identifier, architectures = version.configuration.runtime, version.configuration.architectures
        if self._settings.architecture not in architectures:
            raise InvalidRuntime(
                f"The function is for {', '.join(architectures)}, and this host is {self._settings.architecture}: "
                "deploy it for this architecture, or run Lambent on a host of the other."
            )
        runtime = None if identifier is None else self._parts.catalog.find(identifier)
        if runtime is None:
            raise InvalidRuntime(self._settings.missing_runtime(identifier or "of container images"))
        return Environment(version, runtime, self._host, kind)

    def _account_credentials(self, owner: Owner) -> Credentials:
        chance = self._parts.chance
        return Credentials(access_key_id=owner.account, secret_access_key=chance.token(40), session_token=chance.token(64))
