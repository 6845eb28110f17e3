"""One sandbox with everything attached to it: its session, its doors, its output pipes. Blank at first, then a function's."""

import asyncio
import select
from collections.abc import Callable, Mapping

from lambent.core.environment import Phase
from lambent.core.ports import Sandbox, Workload
from lambent.invoke.door import Doors
from lambent.invoke.output import LineSplitter, OutputPipe, RecordSplitter
from lambent.invoke.session import Session

FREEZE_AFTER_SECONDS = 0.005
"""Idle this long, a sandbox is frozen; the next invocation of a busy function comes sooner, and pays for no freezing."""

OpenDoors = Callable[[Sandbox, Session], Doors]


class LiveSandbox:
    """Owns what it attaches; `destroy` frees all of it and the sandbox."""

    __slots__ = ("_doors", "_freeze_timer", "_frozen", "_pipes", "_poll", "sandbox", "session")

    def __init__(self, sandbox: Sandbox, open_doors: OpenDoors) -> None:
        self.sandbox = sandbox
        self.session = Session(sandbox.exited, sandbox.was_out_of_memory)
        self._doors = open_doors(sandbox, self.session)
        self._pipes: tuple[OutputPipe, ...] = ()
        self._poll = select.poll()
        self._freeze_timer: asyncio.TimerHandle | None = None
        self._frozen = False

    @property
    def blank(self) -> bool:
        """Whether it can still become a function's."""
        return self.session.phase is Phase.BLANK and self.session.ended is None

    async def assign(self, workload: Workload, write: Callable[[bytes], None]) -> None:
        """Make it one function version's; `write` takes each log event. Raises SandboxFault."""
        await self.sandbox.assign(workload)
        self._pipes = (
            OutputPipe(self.sandbox.output, LineSplitter(), write),
            OutputPipe(self.sandbox.telemetry, RecordSplitter(), write),
        )
        self._poll.register(self.sandbox.output, select.POLLIN)
        self._poll.register(self.sandbox.telemetry, select.POLLIN)

    def initialise(self, variables: Mapping[str, str], handler: str) -> None:
        """Start the init phase; to be followed at once by `session.initialise`."""
        self._doors.initialise(variables, handler)

    def rest(self) -> None:
        """Idle from now on."""
        self._freeze_timer = self.session.loop.call_later(FREEZE_AFTER_SECONDS, self._freeze)

    def wake(self) -> None:
        """The reverse; before anything is sent."""
        if self._freeze_timer is not None:
            self._freeze_timer.cancel()
            self._freeze_timer = None
        if self._frozen:
            self._frozen = False
            self.sandbox.thaw()

    def drain_now(self) -> bool:
        """Log what was written so far; False when there is so much that `drain` is needed."""
        pipes = self._pipes
        if not self._poll.poll(0):  # one system call for both, and the usual answer
            for pipe in pipes:
                pipe.end_line()
            return True
        done = True
        for pipe in pipes:
            done = pipe.drain_now() and done
        return done

    async def drain(self) -> None:
        """The same, however long it takes, letting others run."""
        for pipe in self._pipes:
            await pipe.drain()

    async def destroy(self) -> None:
        """Idempotent, never raises."""
        self._forget()
        await self.sandbox.destroy()

    def _forget(self) -> None:
        # Before the sandbox closes its descriptors: a number that is watched and then used again would be someone else's.
        if self._freeze_timer is not None:
            self._freeze_timer.cancel()
        self.session.shut_down()
        self._doors.close()
        for pipe in self._pipes:
            pipe.close()

    def _freeze(self) -> None:
        self._freeze_timer = None
        self._frozen = True
        self.sandbox.freeze()
