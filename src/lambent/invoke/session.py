"""Where invoker and runtime meet: hand an invocation over, await its outcome; the only place that moves the phase."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from lambent.core.environment import LEGAL_MOVES, Exit, Phase
from lambent.core.errors import ServiceFault
from lambent.core.function_errors import (
    OUT_OF_TIME,
    UNKNOWN,
    broken,
    exited,
    failed,
    init_failure,
    normalise_error_type,
    response_too_large,
)
from lambent.core.invocation import Invocation, InvocationStatus, Outcome
from lambent.invoke.door import Deliver, Door, Refusal

_log = logging.getLogger(__name__)

EXIT_GRACE_SECONDS = 0.5
"""How long a runtime whose channel closed may take to be seen exiting, so that the caller learns its exit status."""

_LEGAL = frozenset((id(here), id(there)) for here, there in LEGAL_MOVES)
"""By identity: hashing an enum member is a Python call, and this is asked twice per invocation."""
_SHUT_DOWN = "The execution environment was shut down."


class Session:
    """One runtime process's dealings with the invoker, from blank to shutdown. Belongs to one sandbox; never reused."""

    __slots__ = (
        "_answered",
        "_deadline_ms",
        "_deliver",
        "_delivered",
        "_grace",
        "_outcome",
        "_ready",
        "_timer",
        "_unclaimed",
        "_was_out_of_memory",
        "door",
        "ended",
        "invocation",
        "is_streaming",
        "loop",
        "phase",
    )

    def __init__(self, exits: "asyncio.Future[Exit]", was_out_of_memory: Callable[[], bool]) -> None:
        """`exits` is the sandbox's `exited`: raced against everything that is awaited here."""
        self.loop = asyncio.get_running_loop()
        self._was_out_of_memory = was_out_of_memory
        self.phase = Phase.BLANK
        self.door: Door | None = None
        """By which door the runtime became ready; the other one is then refused."""
        self.ended: Exit | None = None
        self._ready: asyncio.Future[Outcome | None] | None = None
        self._outcome: asyncio.Future[Outcome] | None = None
        self._unclaimed: Outcome | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.invocation: Invocation | None = None
        self.is_streaming = False
        """The response to the invocation in progress has begun and not ended: nothing else may answer."""
        self._deadline_ms = 0
        self._deliver: Deliver | None = None
        self._delivered = False
        self._answered = ""
        self._grace: asyncio.TimerHandle | None = None
        exits.add_done_callback(self._on_exit)

    # ---------------------------------------------------------------- the environment's side

    async def initialise(self, request_id: str, seconds: float) -> Outcome | None:
        """Wait until the runtime is ready: None, or why init failed (`request_id` is for the error's text).

        To be called right after `Doors.initialise` in the same turn of the loop. A time-out has status TIMEOUT and no payload:
        its words depend on whose time it was.
        """
        if self.phase is Phase.SHUTDOWN:
            return exited(request_id, self.ended or Exit())
        self._move(Phase.INIT)
        self._ready = ready = self.loop.create_future()
        timer = self.loop.call_later(seconds, self._init_timed_out)
        if self.ended is not None:
            self._init_over(None)
        try:
            failure = await ready
        finally:
            timer.cancel()
            self._ready = None
        if failure is None:
            self._move(Phase.READY)
            return None
        self.shut_down()
        return init_failure(failure, request_id, self.ended)

    async def run(self, invocation: Invocation, deadline_ms: int, seconds: float) -> Outcome:
        """Hand over and await the outcome, at most `seconds` of the function's timeout.

        After ERROR and TIMEOUT the session is shut down and its sandbox of no more use. A time-out has no payload, as in
        `initialise`. `deadline_ms` is epoch ms. Cancelling this ends the wait and not the invocation: see `outcome`.
        """
        self._move(Phase.INVOKE)
        self.invocation, self._deadline_ms = invocation, deadline_ms
        outcome: asyncio.Future[Outcome] = self.loop.create_future()
        self._outcome = outcome
        self._timer = self.loop.call_later(seconds, self._invoke_over, OUT_OF_TIME)
        deliver = self._deliver
        if self.ended is not None:
            self._invoke_over(exited(invocation.request_id, self.ended))
        elif deliver is not None:
            self._deliver = None
            self._delivered = True
            deliver(invocation, deadline_ms)
        return await outcome

    async def outcome(self) -> Outcome:
        """How the invocation ends whose `run` was cancelled. Raises ServiceFault when the session is shut down meanwhile."""
        unclaimed, self._unclaimed = self._unclaimed, None
        if unclaimed is not None:
            return unclaimed
        if self.invocation is None:
            raise ServiceFault(_SHUT_DOWN)
        waiting: asyncio.Future[Outcome] = self.loop.create_future()
        self._outcome = waiting
        return await waiting

    @property
    def usable(self) -> bool:
        """Whether another invocation can be run."""
        return self.phase is Phase.READY and self.ended is None

    def shut_down(self) -> None:
        """The end: whatever the runtime still says is refused, whoever still waits gets ServiceFault. Idempotent."""
        if self.phase is not Phase.SHUTDOWN:
            self._move(Phase.SHUTDOWN)
        for waiting in (self._outcome, self._ready):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ServiceFault(_SHUT_DOWN))
        self._deliver = self._outcome = self.invocation = None
        for timer in (self._grace, self._timer):
            if timer is not None:
                timer.cancel()

    # ---------------------------------------------------------------- the runtime's side: called by the doors, never blocks

    def next(self, deliver: Deliver, door: Door) -> Refusal | None:
        """The runtime waits for the next invocation: during init this says that it is ready."""
        if self.door is not None and self.door is not door:
            return Refusal.STATE
        if self.phase is Phase.INIT and self._ready is not None:
            self.door = door
            self._deliver = deliver
            if not self._ready.done():
                self._ready.set_result(None)
            return None
        if self.phase is Phase.INVOKE and not self._delivered and self.invocation is not None:
            self._delivered = True
            deliver(self.invocation, self._deadline_ms)
            return None
        if self.phase is not Phase.READY:
            return Refusal.STATE
        self._deliver = deliver
        return None

    def withdraw(self, deliver: Deliver) -> None:
        """The waiting connection went away: nothing may be delivered to it."""
        if self._deliver == deliver:
            self._deliver = None

    def respond(self, request_id: str, payload: bytes, invocation_id: str | None = None) -> Refusal | None:
        """The handler returned."""
        refusal = self.refusal(request_id, invocation_id)
        if refusal is None:
            self._invoke_over(Outcome(status=InvocationStatus.SUCCESS, payload=payload))
        return refusal

    def fail(self, request_id: str, error_type: str, payload: bytes, invocation_id: str | None = None) -> Refusal | None:
        """The handler raised. The payload reaches the caller verbatim."""
        refusal = self.refusal(request_id, invocation_id)
        if refusal is None:
            self._invoke_over(failed(error_type, payload))
        return refusal

    def overflow(self, request_id: str) -> Refusal | None:
        """The response was too large and has been thrown away."""
        refusal = self.refusal(request_id)
        if refusal is None:
            self._invoke_over(response_too_large())
        return refusal

    def refusal(self, request_id: str, invocation_id: str | None = None) -> Refusal | None:
        """Whether an answer to this request would be refused now: only the invocation in progress can be answered, once."""
        invocation = self.invocation
        if invocation is None or not self._delivered or self.is_streaming:
            late = Refusal.TIMED_OUT if self.phase is Phase.SHUTDOWN else Refusal.STATE
            return late if request_id == self._answered else Refusal.REQUEST_ID
        if invocation.request_id != request_id:
            return Refusal.REQUEST_ID
        if invocation_id is not None and invocation_id != invocation.invocation_id:
            return Refusal.INVOCATION_ID
        return None

    def begin_stream(self, request_id: str, invocation_id: str | None) -> Refusal | None:
        """The answer comes in pieces from now on; its door calls `end_stream` (see `invoke.streamed_response`)."""
        refusal = self.refusal(request_id, invocation_id)
        if refusal is None:
            self._answered, self.is_streaming = request_id, True
        return refusal

    def end_stream(self, outcome: Outcome) -> None:
        """The last piece has come, or none will. Nothing happens when the invocation is over already."""
        if self.is_streaming:
            self._invoke_over(outcome)

    def init_failed(self, error_type: str, payload: bytes) -> Refusal | None:
        """Loading failed; the runtime exits next."""
        if self.phase is not Phase.INIT:
            return Refusal.STATE
        self._init_over((normalise_error_type(error_type), payload))
        return None

    def breach(self, reason: str, error_type: str = UNKNOWN) -> None:
        """The runtime broke the contract, or an extension failed: this environment's end, and nobody else's trouble."""
        _log.warning("runtime_breach", extra={"reason": reason, "phase": self.phase.value})
        if self.invocation is not None:
            self._invoke_over(broken(error_type, self.invocation.request_id, reason))
        elif self.phase is Phase.INIT:
            self._init_over((error_type, b""))
        else:
            self.shut_down()

    def channel_closed(self) -> None:
        """The frame channel ended: harmless when the runtime speaks HTTP, else the process is exiting, or as good as dead."""
        if self.phase is Phase.SHUTDOWN or self.ended is not None or self._grace is not None:
            return
        if self.phase is Phase.BLANK or self.door is Door.FRAMES:
            self._grace = self.loop.call_later(EXIT_GRACE_SECONDS, self._give_up)

    # ---------------------------------------------------------------- endings

    def _move(self, to: Phase) -> None:
        if (id(self.phase), id(to)) not in _LEGAL:
            raise RuntimeError(f"illegal move from {self.phase} to {to}")  # a defect of ours, not of the runtime
        self.phase = to

    def _invoke_over(self, outcome: Outcome) -> None:
        """The caller may go on at once; the phase moves here so that an early `next` of the runtime is understood."""
        invocation, future, timer = self.invocation, self._outcome, self._timer
        if invocation is None or future is None:
            return
        if timer is not None:
            timer.cancel()
        self._answered = invocation.request_id
        self._outcome = self.invocation = None
        self._delivered = self.is_streaming = False
        if outcome.answered:
            self._move(Phase.READY)
        else:
            self.shut_down()
        if future.done():
            self._unclaimed = outcome
        else:
            future.set_result(outcome)

    def _init_over(self, failure: tuple[str, bytes] | None) -> None:
        """`failure` is what the runtime reported; None when it exited silently."""
        if self._ready is not None and not self._ready.done():
            kind, payload = failure or ("", b"")
            self._ready.set_result(Outcome(status=InvocationStatus.ERROR, payload=payload, error_type=kind))

    def _init_timed_out(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(OUT_OF_TIME)

    def _on_exit(self, future: "asyncio.Future[Exit]") -> None:
        self._over_by_exit(Exit() if future.cancelled() else future.result())

    def _give_up(self) -> None:
        self._over_by_exit(Exit())

    def _over_by_exit(self, ended: Exit) -> None:
        if not ended.out_of_memory and ended.code is None and self._was_out_of_memory():
            ended = replace(ended, out_of_memory=True)
        self.ended = ended
        if self.invocation is not None:
            self._invoke_over(exited(self.invocation.request_id, ended))
        elif self.phase is Phase.INIT:
            self._init_over(None)
        elif self.phase is not Phase.SHUTDOWN:
            self.shut_down()
