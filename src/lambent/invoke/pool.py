"""Execution environments by function version: borrow the warmest, return it, evict and reap the idle, retire the outdated."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from types import TracebackType

from lambent.core.environment import InitializationType
from lambent.core.errors import LambdaError, ThrottleReason, TooManyRequests
from lambent.core.function import FunctionKey, FunctionVersion
from lambent.core.invocation import Outcome
from lambent.invoke.environment import Environment
from lambent.invoke.lane import Lane, LaneKey, lane_key

_log = logging.getLogger(__name__)


class Borrowed:
    """`with` one environment. An exception inside destroys it; a normal exit returns it. No other place decides this.

    What goes on after the caller was answered (extensions), or went away (a cancellation), is seen out in the background, and the
    environment then returned.
    """

    __slots__ = ("_environment", "_lane", "_pool", "seeing_out")

    def __init__(self, pool: "Pool", lane: Lane) -> None:
        self._pool = pool
        self._lane = lane
        self._environment: Environment | None = None
        self.seeing_out: asyncio.Task[None] | None = None
        """Set when the invocation goes on without its caller."""

    def __enter__(self) -> Environment:
        lane = self._lane
        environment = lane.idle.pop()[1] if lane.idle else self._pool.add(lane)
        environment.wake()
        lane.busy += 1
        self._environment = environment
        return environment

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        environment = self._environment
        if environment is None:
            return
        if environment.unfinished is not None and (kind is None or kind is asyncio.CancelledError):
            self.seeing_out = self._pool.see_out(self._lane, environment)
        else:
            self._pool.give_back(self._lane, environment, keep=kind is None)


Make = Callable[[FunctionVersion, InitializationType], Environment]


class Pool:
    """All environments of this process. `run` reaps; leaving it destroys everything."""

    def __init__(self, make: Make, *, maximum: int, idle_seconds: float) -> None:
        self._make = make
        self._maximum = maximum
        self._idle_seconds = idle_seconds
        self._lanes: dict[LaneKey, Lane] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._environments: set[Environment] = set()
        """Idle, busy, and being provisioned."""
        self._provisioned: dict[Environment, Lane] = {}
        self.on_provisioned_change: Callable[[FunctionVersion], None] = lambda _: None
        """Called when a provisioned environment of this version ended, or its runtime did."""
        self._returned = asyncio.Event()
        """Set when an environment comes back."""
        self._now: Callable[[], float] = asyncio.get_running_loop().time

    def borrow(self, version: FunctionVersion, tenant_id: str | None = None) -> Borrowed:
        """The most recently used idle environment, else a new one; entering raises TooManyRequests when the machine is full."""
        key = version.key
        owner = key.owner  # `lane_key` written out: every invocation comes by here
        place = (owner.account, owner.region, key.name, version.version, version.revision_id, tenant_id)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(place, version)
        return Borrowed(self, lane)

    def add(self, lane: Lane, kind: InitializationType = InitializationType.ON_DEMAND) -> Environment:
        """A new environment in this lane, to be filled by its first run. Called by Borrowed."""
        try:
            if self.size >= self._maximum and not self._evict():
                raise TooManyRequests(ThrottleReason.ACCOUNT_CONCURRENCY)
            environment = self._make(lane.version, kind)
        except LambdaError:
            self._forget_if_empty(lane)
            raise
        self._environments.add(environment)
        return environment

    def give_back(self, lane: Lane, environment: Environment, *, keep: bool) -> None:
        """The end of a borrowing. Called by Borrowed."""
        lane.busy -= 1
        self._returned.set()
        if not keep or lane.retired:
            self._discard(lane, environment)
        elif lane.provisioned is None:
            environment.rest()
            lane.idle.append((self._now(), environment))
        elif lane.may_stay(environment):
            environment.rest()
            lane.keep(self._now(), environment)
        else:
            self._discard(lane, environment)

    def see_out(self, lane: Lane, environment: Environment) -> "asyncio.Task[None]":
        """Let the environment finish without its caller, then take it back. Called by Borrowed."""
        task = asyncio.get_running_loop().create_task(self._see_out(lane, environment))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _see_out(self, lane: Lane, environment: Environment) -> None:
        try:
            await environment.see_out()
        except LambdaError as error:
            _log.warning("invocation_not_seen_out", extra={"function": lane.version.qualified_arn, "reason": error.message})
            self.give_back(lane, environment, keep=False)
        else:
            self.give_back(lane, environment, keep=True)

    def _discard(self, lane: Lane, environment: Environment) -> None:
        """Destroy in the background: nobody waits for it but the end of `run`. Idempotent."""
        self._forget_if_empty(lane)
        self._end(environment)

    def versions_held(self, key: FunctionKey) -> list[FunctionVersion]:
        """The versions of this function that have a lane."""
        return [lane.version for lane in self._lanes_of(key)]

    def retire(self, version: FunctionVersion) -> None:
        """This revision is no longer served: destroy what is idle, and what is busy when it comes back."""
        for lane in list(self._lanes_of(version.key)):
            if lane.version.version == version.version and lane.version.revision_id == version.revision_id:
                self._retire(lane)

    async def initialise(self, version: FunctionVersion) -> Environment | Outcome:
        """A new environment, initialised ahead and nobody's yet; or why its init failed.

        To be followed by `adopt` or `discard` in the same turn of the loop. Raises TooManyRequests when the machine is full,
        and InvalidRuntime and ServiceFault as an invocation would.
        """
        environment = self.add(Lane(lane_key(version, None), version), InitializationType.PROVISIONED_CONCURRENCY)
        initialised = False
        try:
            failure = await environment.provision(lambda: self.on_provisioned_change(version))
            initialised = failure is None
        finally:
            if not initialised:
                self._end(environment)
        return environment if failure is None else failure

    def adopt(self, version: FunctionVersion, environment: Environment) -> None:
        """Let invocations of this version have it first; it is neither reaped nor evicted, and ends when its runtime does."""
        key = lane_key(version, None)
        lane = self._lanes.setdefault(key, Lane(key, version))
        lane.adopt(self._now(), environment)
        self._provisioned[environment] = lane

    def discard(self, environment: Environment) -> None:
        """Destroy what `initialise` made and nobody wants any more."""
        self._end(environment)

    def provisioned(self, version: FunctionVersion) -> int:
        """How many of this version there are, idle and busy; those that died idle are ended first."""
        lane = self._lanes.get(lane_key(version, None))
        if lane is None or lane.provisioned is None:
            return 0
        for environment in lane.take_dead():
            self._discard(lane, environment)
        return len(lane.provisioned)

    def release(self, version: FunctionVersion, count: int) -> None:
        """So many provisioned environments of this version are no longer wanted."""
        lane = self._lanes.get(lane_key(version, None))
        for environment in [] if lane is None else lane.release(count):
            self._end(environment)
        if lane is not None:
            self._forget_if_empty(lane)

    async def drain(self, seconds: float) -> None:
        """Wait until nothing runs, at most this long; then end what still runs: its callers get ServiceFault."""
        try:
            async with asyncio.timeout(seconds):
                while any(lane.busy for lane in self._lanes.values()):
                    self._returned.clear()
                    await self._returned.wait()
        except TimeoutError:
            idle = {each for lane in self._lanes.values() for _, each in lane.idle}
            for environment in self._environments - idle:
                self._end(environment)

    async def run(self) -> None:
        """Reap idle environments until cancelled; then destroy all, and wait for it."""
        try:
            while True:
                await asyncio.sleep(max(min(self._idle_seconds / 4, 30.0), 0.05))
                self._reap()
        finally:
            for lane in list(self._lanes.values()):
                self._retire(lane)
            for environment in tuple(self._environments):
                self._end(environment)
            while self._ending:
                await asyncio.wait(self._ending)

    @property
    def size(self) -> int:
        """Environments, idle and busy."""
        return len(self._environments)

    def _end(self, environment: Environment) -> None:
        if environment not in self._environments:
            return
        self._environments.discard(environment)
        lane = self._provisioned.pop(environment, None)
        if lane is not None and lane.provisioned is not None:
            lane.provisioned.discard(environment)
            self.on_provisioned_change(lane.version)
        task = asyncio.get_running_loop().create_task(environment.destroy())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _forget_if_empty(self, lane: Lane) -> None:
        if not lane.idle and not lane.busy and self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]

    def _lanes_of(self, key: FunctionKey) -> Iterator[Lane]:
        name = (key.owner.account, key.owner.region, key.name)
        return (lane for lane in tuple(self._lanes.values()) if lane.key[:3] == name)

    def _retire(self, lane: Lane) -> None:
        lane.retired = True
        if self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]
        while lane.idle:
            self._discard(lane, lane.idle.pop()[1])

    def _evict(self) -> bool:
        """Make room: the environment that was idle the longest goes. False when all are busy."""
        spare = [(since, lane) for lane in self._lanes.values() if (since := lane.spare_since) is not None]
        if not spare:
            return False
        _, lane = min(spare, key=lambda each: each[0])
        self._discard(lane, lane.idle.pop(0)[1])
        return True

    def _reap(self) -> None:
        oldest = self._now() - self._idle_seconds
        for lane in list(self._lanes.values()):
            while (since := lane.spare_since) is not None and since <= oldest:
                self._discard(lane, lane.idle.pop(0)[1])
