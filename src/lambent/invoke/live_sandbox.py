"""One sandbox with everything attached to it: its session, its doors, its output pipes. Blank at first, then a function's."""

import asyncio
import select
from collections.abc import Callable, Mapping

from lambent.core.environment import Phase
from lambent.core.ports import ExtensionProcess, Sandbox, Workload
from lambent.invoke.door import Door, Doors
from lambent.invoke.extensions import ExtensionHost, Extensions
from lambent.invoke.output import LineSplitter, OutputPipe, RecordSplitter
from lambent.invoke.session import Session

FREEZE_AFTER_SECONDS = 0.005
"""Idle this long, a sandbox is frozen; the next invocation of a busy function comes sooner, and pays for no freezing."""
_PEAK_SECONDS = 0.025
"""How old the memory peak may be that an invocation of a busy function reports."""
_BRIEF_SECONDS = 0.005
"""An invocation longer than this has the peak read anew in any case."""

OpenDoors = Callable[[Sandbox, Session, Extensions], Doors]


class LiveSandbox:
    """Owns what it attaches; `destroy` frees all of it and the sandbox."""

    __slots__ = (
        "_doors",
        "_extension_pipes",
        "_freeze_timer",
        "_frozen",
        "_peak",
        "_peak_until",
        "_pipes",
        "_poll",
        "_resting",
        "extensions",
        "sandbox",
        "session",
    )

    def __init__(self, sandbox: Sandbox, open_doors: OpenDoors) -> None:
        self.sandbox = sandbox
        self.session = Session(sandbox.exited, sandbox.was_out_of_memory)
        self.extensions = Extensions(self.session)
        self._doors = open_doors(sandbox, self.session, self.extensions)
        self._extension_pipes: list[OutputPipe] = []
        self._pipes: tuple[OutputPipe, ...] = ()
        self._poll = select.poll()
        self._freeze_timer: asyncio.TimerHandle | None = None
        self._resting: float | None = None
        """Idle since (loop time); None while it runs."""
        self._frozen = False
        self._peak = 0
        self._peak_until = 0.0
        """Until when (loop time) the peak that was read last will do."""

    @property
    def blank(self) -> bool:
        """Whether it can still become a function's."""
        return self.session.phase is Phase.BLANK and self.session.ended is None

    async def assign(self, workload: Workload, write: Callable[[bytes], None], host: ExtensionHost) -> None:
        """Make it one function version's; `write` takes each log event. Raises SandboxFault."""
        await self.sandbox.assign(workload)
        self.extensions.host = host
        self._pipes = (
            OutputPipe(self.sandbox.output, LineSplitter(), write),
            OutputPipe(self.sandbox.telemetry, RecordSplitter(), write),
        )
        self._poll.register(self.sandbox.output, select.POLLIN)
        self._poll.register(self.sandbox.telemetry, select.POLLIN)

    def listen(self) -> None:
        """Open what extensions talk to, before the init phase of the runtime."""
        self._doors.listen()

    def follow(self, process: ExtensionProcess, write: Callable[[bytes], None]) -> None:
        """Log what an extension writes."""
        self._extension_pipes.append(OutputPipe(process.output, LineSplitter(), write))

    def drain_extensions(self) -> None:
        """Log what extensions have written so far, or as much of it as is soon read."""
        for pipe in self._extension_pipes:
            pipe.drain_now()

    def initialise(self, variables: Mapping[str, str], handler: str) -> None:
        """Start the init phase; to be followed at once by `session.initialise`."""
        self._doors.initialise(variables, handler)

    def rest(self) -> None:
        """Idle from now on."""
        loop = self.session.loop
        self._resting = loop.time()
        if self._freeze_timer is None:
            self._freeze_timer = loop.call_later(FREEZE_AFTER_SECONDS, self._freeze_if_idle)

    def wake(self) -> None:
        """The reverse; before anything is sent."""
        self._resting = None  # the timer runs on and finds out: one per 5 ms costs less than one per invocation
        if self._frozen:
            self._frozen = False
            self.sandbox.thaw()

    def memory_peak_mib(self, seconds: float, *, exact: bool) -> int:
        """The peak of memory since the sandbox began, for the report of an invocation that took `seconds`.

        A peak only grows, and reading it costs a system call. So it is read after the first invocation, after every one of
        more than 5 ms, when it has to be `exact`, and otherwise when it was last read more than 25 ms ago: what a burst of
        brief invocations adds is reported at most 25 ms late, and never more than was used.
        """
        now = self.session.loop.time()
        if exact or seconds > _BRIEF_SECONDS or now >= self._peak_until:
            self._peak = self.sandbox.memory_peak_mib()
            self._peak_until = now + _PEAK_SECONDS
        return self._peak

    def drain_now(self, *, answered: bool) -> bool:
        """Log what was written so far; False when there is so much that `drain` is needed.

        `answered`: the runtime's answer ended the invocation, not its death or a deadline. When it came as a frame, nothing
        needs to be asked: what was written before the answer made its pipe ready before the channel, so the turn of the loop
        that reads the answer also calls the readers of the pipes, and all before the task that the answer wakes. A reader that
        did not empty its pipe in that turn is `behind`. (An HTTP connection is read by its transport before other readers are
        called, so there the order is another.)
        """
        pipes = self._pipes
        told = answered and self.session.door is Door.FRAMES and not any(pipe.behind for pipe in pipes)
        if told or not self._poll.poll(0):  # one system call for both, and the usual answer
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
        for pipe in (*self._pipes, *self._extension_pipes):
            pipe.close()

    def _freeze_if_idle(self) -> None:
        self._freeze_timer = None
        if self._resting is None:
            return  # the next rest starts another
        loop = self.session.loop
        due = self._resting + FREEZE_AFTER_SECONDS
        if due > loop.time():
            self._freeze_timer = loop.call_at(due, self._freeze_if_idle)
            return
        self._frozen = True
        self.sandbox.freeze()
