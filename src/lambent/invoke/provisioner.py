"""Keeps initialised environments where provisioned concurrency wants them: makes, makes again, and lets go (facts E2, F3)."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from lambent.core.alias import Alias
from lambent.core.errors import InvalidRuntime, LambdaError, TooManyRequests
from lambent.core.function import FunctionKey, FunctionVersion, State
from lambent.core.invocation import InvocationStatus, Outcome
from lambent.core.ports import Clock, Store
from lambent.core.provisioned_concurrency import INIT_FAILURE, ProvisionedConcurrencyConfig, Standing, wanted
from lambent.core.provisioned_retry import Attempts
from lambent.invoke.admission import Admission
from lambent.invoke.pool import Pool
from lambent.invoke.resolver import Resolver

_log = logging.getLogger(__name__)

_AT_ONCE = 16
"""Environments that are being initialised at the same time..."""
_AT_ONCE_PER_VERSION = 4
"""... and of one version, so that an init that hangs does not keep others waiting."""
_NO_ROOM = "This machine has no room for another execution environment."
_FAULT = "The execution environment could not be started."


@dataclass(slots=True, kw_only=True)
class _Kept:
    """One version that has, or had, provisioned concurrency."""

    key: FunctionKey
    number: str
    target: int = 0
    asked: float = 0.0
    """When the function's provisioned concurrency was last put (epoch seconds)."""
    version: FunctionVersion | None = None
    """None when it cannot run: not there, or not Active yet."""
    making: int = 0
    attempts: Attempts = field(default_factory=Attempts)
    retry_at: float = 0.0
    """Loop time."""
    failure: str | None = None
    failed_at: float = 0.0

    def turn_to(self, version: FunctionVersion | None) -> None:
        """What serves this version now. Another revision starts without the failures of the one before."""
        if (self.version and self.version.revision_id) != (version and version.revision_id):
            self.version, self.attempts, self.failure, self.retry_at = version, Attempts(), None, 0.0


class Provisioner:
    """`run` must be running. Reads the Store again whenever a function changes; so a restart brings everything back."""

    def __init__(self, *, store: Store, resolver: Resolver, pool: Pool, admission: Admission, clock: Clock) -> None:
        """To be made inside a running loop."""
        self._store = store
        self._resolver = resolver
        self._pool = pool
        self._admission = admission
        self._clock = clock
        self._kept: dict[tuple[FunctionKey, str], _Kept] = {}
        self._changed: set[FunctionKey] = set()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        pool.on_provisioned_change = lambda _: self._wake.set()
        store.subscribe(self.on_change)

    def on_change(self, key: FunctionKey) -> None:
        """A write was committed. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._note, key)

    def standing(self, key: FunctionKey, number: str) -> Standing:
        """What there is of this version."""
        kept = self._kept.get((key, number))
        if kept is None:
            return Standing()
        ready = 0 if kept.version is None else self._pool.provisioned(kept.version)
        return Standing(ready=ready, failure=kept.failure, failed_at=kept.failed_at)

    async def run(self) -> None:
        """Until cancelled."""
        for key in await self._store.provisioned_functions():
            self._note(key)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._turn(group)

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        try:
            await self._learn()
            for kept in tuple(self._kept.values()):
                self._settle(kept, group)
        except Exception:  # noqa: BLE001 - the top of the loop: what could not be read is read again at the next change
            _log.exception("provisioner_failed")

    def _note(self, key: FunctionKey) -> None:
        self._changed.add(key)
        self._wake.set()

    # ---------------------------------------------------------------- what is wanted

    async def _learn(self) -> None:
        """Read what changed. A function that could not be read stays in the set."""
        while self._changed:
            key = next(iter(self._changed))
            configs = await self._store.provisioned_concurrency(key)
            targets = await self._targets(key, configs)
            self._changed.discard(key)
            asked = max((config.last_modified for config in configs), default=0.0)
            for number in targets.keys() | {number for of, number in self._kept if of == key}:
                await self._aim(key, number, targets.get(number, 0), asked)

    async def _targets(self, key: FunctionKey, configs: Sequence[ProvisionedConcurrencyConfig]) -> dict[str, int]:
        aliases: dict[str, Alias] = {}
        for config in configs:
            alias = await self._store.alias(key, config.qualifier)
            if alias is not None:
                aliases[alias.name] = alias
        return dict(wanted(configs, aliases))

    async def _aim(self, key: FunctionKey, number: str, target: int, asked: float) -> None:
        kept = self._kept.setdefault((key, number), _Kept(key=key, number=number))
        version = await self._resolver.version(key, number)
        kept.turn_to(version if version is not None and version.state is State.ACTIVE else None)
        if (target, asked) != (kept.target, kept.asked):
            # A new wish, also for as many, is a new start: it is not held up by the failures before.
            kept.target, kept.asked, kept.retry_at, kept.attempts = target, asked, 0.0, Attempts()
        if version is not None and version.state is State.FAILED:
            kept.failure, kept.failed_at = version.state_reason or _FAULT, self._clock.now()

    # ---------------------------------------------------------------- what is done about it

    def _settle(self, kept: _Kept, group: asyncio.TaskGroup) -> None:
        ready = 0 if kept.version is None else self._pool.provisioned(kept.version)
        if kept.version is not None and ready > kept.target:
            self._pool.release(kept.version, ready - kept.target)
            ready = kept.target
        self._admission.provision(kept.key, kept.number, ready)
        if kept.target == 0 and not kept.making:
            del self._kept[kept.key, kept.number]
        for _ in range(self._room(kept, ready)):
            kept.making += 1
            group.create_task(self._make(kept))

    def _room(self, kept: _Kept, ready: int) -> int:
        """How many environments to begin with now."""
        if kept.version is None or self._loop.time() < kept.retry_at:
            return 0
        at_once = _AT_ONCE_PER_VERSION if kept.attempts.failures == 0 else 1
        total = sum(each.making for each in self._kept.values())
        return max(0, min(kept.target - ready - kept.making, at_once - kept.making, _AT_ONCE - total))

    async def _make(self, kept: _Kept) -> None:
        """One environment more, or one failure more."""
        version, before = kept.version, kept.attempts
        try:
            if version is not None:
                await self._initialise(kept, version, before)
        except LambdaError as error:
            reason = _NO_ROOM if isinstance(error, TooManyRequests) else error.message
            self._failed(kept, before.failed(hopeless=isinstance(error, InvalidRuntime)), reason)
        except Exception:  # noqa: BLE001 - the top of a task: nobody else would hear of it
            _log.exception("environment_not_provisioned", extra={"function": kept.key.qualified_arn(kept.number)})
            self._failed(kept, before.failed(), _FAULT)
        finally:
            kept.making -= 1
            self._wake.set()

    async def _initialise(self, kept: _Kept, version: FunctionVersion, before: Attempts) -> None:
        made = await self._pool.initialise(version)
        current = kept.version is not None and kept.version.revision_id == version.revision_id
        if isinstance(made, Outcome):
            if current:
                # Init may hang as long as two minutes: three of those are not awaited.
                self._failed(kept, before.failed(hopeless=made.status is InvocationStatus.TIMEOUT), INIT_FAILURE)
        elif current and self._pool.provisioned(version) < kept.target:
            self._pool.adopt(version, made)
            self._admission.provision(kept.key, kept.number, self._pool.provisioned(version))
            kept.attempts, kept.failure = Attempts(), None
        else:
            self._pool.discard(made)

    def _failed(self, kept: _Kept, attempts: Attempts, reason: str) -> None:
        """Environments that were begun together and failed together count as one failure."""
        if attempts.failures <= kept.attempts.failures:
            return
        kept.attempts = attempts
        kept.retry_at = self._loop.time() + attempts.pause
        self._loop.call_at(kept.retry_at, self._wake.set)
        if attempts.exhausted:
            kept.failure, kept.failed_at = reason, self._clock.now()
            _log.warning("provisioning_failed", extra={"function": kept.key.qualified_arn(kept.number), "reason": reason})
