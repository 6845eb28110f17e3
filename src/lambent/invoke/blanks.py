"""Blank sandboxes kept ready for each runtime in use, filled in the background, never in the way of a cold start."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from lambent.core.ports import SandboxFault, SandboxProvider
from lambent.core.runtime import RuntimeInstallation
from lambent.invoke.live_sandbox import LiveSandbox, OpenDoors

_log = logging.getLogger(__name__)

QUIET_SECONDS = 0.02
"""Filling waits until no blank was taken for this long, so that it does not compete with cold starts..."""
QUIET_AT_MOST_SECONDS = 1.0
"""... but not longer than this after it was asked for."""
_BACK_OFF_SECONDS = (1.0, 30.0)
"""After a blank that could not be made or died by itself: the first wait, doubled each time, and the longest."""


@dataclass(slots=True, kw_only=True)
class _Shelf:
    """The blanks of one runtime."""

    runtime: RuntimeInstallation
    ready: deque[LiveSandbox] = field(default_factory=deque)
    failures: int = 0
    retry_at: float = 0.0


class Blanks:
    """`run` must be running for anything to be kept ready; without it every blank is made on demand."""

    def __init__(self, provider: SandboxProvider, open_doors: OpenDoors, *, keep: int) -> None:
        """`keep` blanks per runtime in use."""
        self._provider = provider
        self._open_doors = open_doors
        self._keep = keep
        self._shelves: dict[str, _Shelf] = {}
        self._wanting = asyncio.Event()
        self._last_taken = 0.0
        self._ending: set[asyncio.Task[None]] = set()

    def want(self, runtime: RuntimeInstallation) -> None:
        """Keep blanks of this runtime from now on. A function with it was created, or is served."""
        if runtime.identifier not in self._shelves:
            self._shelves[runtime.identifier] = _Shelf(runtime=runtime)
            self._wanting.set()

    def ready(self, identifier: str) -> int:
        """How many wait for this runtime."""
        shelf = self._shelves.get(identifier)
        return 0 if shelf is None else sum(live.blank for live in shelf.ready)

    async def take(self, runtime: RuntimeInstallation) -> LiveSandbox:
        """A blank one, the caller's from now on: one that is ready, else a new one. Raises SandboxFault."""
        self.want(runtime)
        self._last_taken = asyncio.get_running_loop().time()
        self._wanting.set()
        shelf = self._shelves[runtime.identifier]
        while shelf.ready:
            live = shelf.ready.popleft()
            if live.blank:
                return live
            self._discard(live)
        return await self._create(runtime)

    async def run(self) -> None:
        """Keep the shelves full until cancelled, then destroy what is on them."""
        try:
            while True:
                await self._wanting.wait()
                self._wanting.clear()
                await self._quiet()
                await self._fill()
        finally:
            for shelf in self._shelves.values():
                while shelf.ready:
                    self._discard(shelf.ready.pop())
            await asyncio.gather(*self._ending)

    async def _create(self, runtime: RuntimeInstallation) -> LiveSandbox:
        live = LiveSandbox(await self._provider.create(runtime), self._open_doors)
        # A blank that dies by itself is noticed when the shelves are next looked over.
        live.sandbox.exited.add_done_callback(lambda _: self._wanting.set())
        return live

    async def _quiet(self) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + QUIET_AT_MOST_SECONDS
        while (now := loop.time()) < min(self._last_taken + QUIET_SECONDS, latest):  # noqa: ASYNC110 - it is a deadline that moves, not a condition
            await asyncio.sleep(min(self._last_taken + QUIET_SECONDS, latest) - now)

    async def _fill(self) -> None:
        for shelf in tuple(self._shelves.values()):
            self._sweep(shelf)
            while len(shelf.ready) < self._keep and self._may_try(shelf):
                await self._add(shelf)

    async def _add(self, shelf: _Shelf) -> None:
        try:
            shelf.ready.append(await self._create(shelf.runtime))
        except SandboxFault as fault:
            _log.warning("blank_not_made", extra={"runtime": shelf.runtime.identifier, "reason": str(fault)})
            self._failed(shelf)
        else:
            await self._quiet()

    def _sweep(self, shelf: _Shelf) -> None:
        for live in [each for each in shelf.ready if not each.blank]:
            _log.warning("blank_died", extra={"runtime": shelf.runtime.identifier})
            shelf.ready.remove(live)
            self._discard(live)
            self._failed(shelf)
        if shelf.ready:
            shelf.failures = 0

    def _may_try(self, shelf: _Shelf) -> bool:
        return asyncio.get_running_loop().time() >= shelf.retry_at

    def _failed(self, shelf: _Shelf) -> None:
        first, longest = _BACK_OFF_SECONDS
        loop = asyncio.get_running_loop()
        wait = min(first * 2**shelf.failures, longest)
        shelf.failures = min(shelf.failures + 1, 10)
        shelf.retry_at = loop.time() + wait
        loop.call_later(wait, self._wanting.set)

    def _discard(self, live: LiveSandbox) -> None:
        task = asyncio.get_running_loop().create_task(live.destroy())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
