"""One execution environment: an identity and a /tmp that last, and the sandbox that serves them until it has to be replaced."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence

from lambent.core.environment import InitializationType, Phase
from lambent.core.errors import ServiceFault
from lambent.core.extension import ShutdownReason, extended_function
from lambent.core.function import FunctionVersion
from lambent.core.function_errors import OUT_OF_MEMORY, timed_out
from lambent.core.invocation import Invocation, InvocationStatus, InvokeResult, Outcome
from lambent.core.limits import INIT_SECONDS, PROVISIONED_INIT_SECONDS
from lambent.core.ports import SandboxFault, TemporaryStorage, Workload
from lambent.core.report import Report
from lambent.core.runtime import RuntimeInstallation
from lambent.invoke.equipment import Origin, variables_of, workload_of
from lambent.invoke.extended_run import Launch, all_back, all_ready, launch, reason_of, shut_down
from lambent.invoke.extensions import ExtensionHost
from lambent.invoke.host import Host
from lambent.invoke.journal import Journal, log_stream_name
from lambent.invoke.live_sandbox import LiveSandbox

_log = logging.getLogger(__name__)


class Environment:
    """Runs one invocation at a time. A reset replaces the sandbox and keeps /tmp, identity and log stream (facts E2).

    The caller calls `wake` before `run` and `rest` when it puts the environment aside.
    """

    __slots__ = (
        "_ended",
        "_external",
        "_host",
        "_init_seconds",
        "_initialised",
        "_journal",
        "_kind",
        "_live",
        "_log_stream",
        "_runtime",
        "_storage",
        "unfinished",
        "version",
    )

    def __init__(
        self,
        version: FunctionVersion,
        runtime: RuntimeInstallation,
        host: Host,
        kind: InitializationType = InitializationType.ON_DEMAND,
    ) -> None:
        self.version = version
        self._runtime = runtime
        self._host = host
        self._kind = kind
        self._log_stream = log_stream_name(version, host.clock, host.chance)
        stream = host.logs.open_stream(version.key.owner, version.configuration.log_group, self._log_stream)
        self._journal = Journal(version, stream, host.clock, kind)
        self._storage: TemporaryStorage | None = None
        self._live: LiveSandbox | None = None
        self._initialised = False
        """Whether the init phase has been tried: afterwards init is run within an invocation, without lines of its own."""
        self._init_seconds: float | None = None
        """How long the init phase took, until it has been reported."""
        self._external: Sequence[str] = ()
        """Names of the external extensions in the layers."""
        self.unfinished: Coroutine[None, None, InvokeResult] | None = None
        """What is left of an invocation whose caller went away, or was answered before its extensions were done: then `see_out`
        has to be awaited before anything else."""
        self._ended = False

    async def provision(self, on_exit: Callable[[], None]) -> Outcome | None:
        """Initialise ahead of any invocation, and rest: None, or why init failed, and the environment is then of no more use.

        `on_exit` is called when the runtime process has ended, for whatever reason. Raises ServiceFault, as `run` does.
        """
        live = await self._renew()
        failure = await self._init_phase(live, "", max(PROVISIONED_INIT_SECONDS, float(self.version.configuration.timeout)))
        if failure is None:
            live.sandbox.exited.add_done_callback(lambda _: on_exit())
            live.rest()
        return failure

    @property
    def ready(self) -> bool:
        """Whether an invocation can be handed over at once."""
        return self._live is not None and self._live.session.usable

    async def run(self, invocation: Invocation, *, log_tail: bool = False) -> InvokeResult:
        """Run it to its end, with log lines; every function error is in the outcome.

        Raises ServiceFault when no sandbox can be had: the environment is then of no more use.
        """
        live = self._live
        if live is None or not live.session.usable:
            live = await self._prepare_for(invocation, log_tail)
        return await self._execute(live, invocation, log_tail)

    async def _execute(self, live: LiveSandbox, invocation: Invocation, log_tail: bool) -> InvokeResult:  # noqa: FBT001 - ours alone
        clock, configuration = self._host.clock, self.version.configuration
        self._journal.start(invocation.request_id, tail=log_tail)
        started = clock.monotonic()
        seconds = float(configuration.timeout)
        deadline_ms = int((clock.now() + seconds) * 1000)
        outcome: Outcome | None = None
        if live.session.phase is Phase.BLANK:
            outcome = await self._initialise(live, invocation.request_id, seconds)
            seconds -= clock.monotonic() - started
        if outcome is None:
            try:
                if live.extensions.any:
                    live.extensions.invoke(invocation, deadline_ms)
                outcome = await live.session.run(invocation, deadline_ms, seconds)
            except asyncio.CancelledError:
                self.unfinished = self._finish_late(live, invocation, started)
                raise
        return await self._finish(live, invocation, outcome, clock.monotonic() - started)

    async def see_out(self) -> None:
        """Bring the invocation to its end without its caller: in Lambda too, it goes on (facts B1, E2). Raises as `run`."""
        while self.unfinished is not None:
            rest, self.unfinished = self.unfinished, None
            await rest

    async def _prepare_for(self, invocation: Invocation, log_tail: bool) -> LiveSandbox:  # noqa: FBT001 - ours alone
        preparing = asyncio.get_running_loop().create_task(self._prepare(invocation.request_id))
        try:
            return await asyncio.shield(preparing)
        except asyncio.CancelledError:
            self.unfinished = self._execute_late(preparing, invocation, log_tail)
            raise

    async def _execute_late(self, preparing: "asyncio.Task[LiveSandbox]", invocation: Invocation, log_tail: bool) -> InvokeResult:  # noqa: FBT001 - ours alone
        return await self._execute(await preparing, invocation, log_tail)

    async def _finish_late(self, live: LiveSandbox, invocation: Invocation, started: float) -> InvokeResult:
        outcome = await live.session.outcome()
        return await self._finish(live, invocation, outcome, self._host.clock.monotonic() - started)

    def wake(self) -> None:
        """About to run."""
        if self._live is not None:
            self._live.wake()

    def rest(self) -> None:
        """Idle from now on."""
        if self._live is not None:
            self._live.rest()

    async def destroy(self) -> None:
        """The end of the environment, /tmp included. Never raises."""
        self._ended = True
        live, self._live = self._live, None
        storage, self._storage = self._storage, None
        if live is not None:
            await self._end(live, ShutdownReason.SPINDOWN)
        if storage is not None:
            await self._host.provider.release(storage)
        self._journal.close()

    # ---------------------------------------------------------------- sandbox and init

    async def _prepare(self, request_id: str) -> LiveSandbox:
        """A sandbox that is ready; or one that is still blank, for init within the invocation."""
        live = await self._renew()
        if self._initialised:
            return live
        failure = await self._init_phase(live, request_id, INIT_SECONDS)
        return live if failure is None else await self._renew()

    async def _init_phase(self, live: LiveSandbox, request_id: str, seconds: float) -> Outcome | None:
        """The init phase, once in the life of an environment, with its log lines (facts B3): None, or why it failed."""
        self._initialised = True
        self._journal.init_start(self._runtime)
        began = self._host.clock.monotonic()
        failure = await self._initialise(live, request_id, seconds)
        took = self._host.clock.monotonic() - began
        if failure is None:
            live.sandbox.end_burst()
            self._init_seconds = took
        if failure is not None or self._kind is not InitializationType.ON_DEMAND:
            await live.drain()
            self._journal.init_report(took, failure)
        if failure is not None:
            await self._reset(reason_of(failure))
        return failure

    async def _renew(self) -> LiveSandbox:
        """Replace the sandbox by a blank one with this version's code."""
        await self._reset()
        try:
            return await self._assigned()
        except SandboxFault as fault:
            # A blank may have died while it waited; a second failure is not its fault.
            _log.warning("sandbox_not_assigned", extra={"function": self.version.qualified_arn, "reason": str(fault)})
        await self._reset()
        try:
            return await self._assigned()
        except SandboxFault as fault:
            raise ServiceFault("The execution environment could not be started.") from fault

    async def _assigned(self) -> LiveSandbox:
        live = self._live = await self._host.blanks.take(self._runtime)
        workload = await self._workload()
        if self._ended:
            # Destroyed while this waited: what came since is freed here, as nobody else will.
            await self.destroy()
            raise ServiceFault("The execution environment was shut down.")
        host = ExtensionHost(
            function=extended_function(self.version), new_identifier=self._host.chance.uuid, now=self._host.clock.now
        )
        await live.assign(workload, self._journal.output, host)
        return live

    async def _reset(self, reason: ShutdownReason = ShutdownReason.FAILURE) -> None:
        live, self._live = self._live, None
        if live is not None:
            await self._end(live, reason)

    async def _end(self, live: LiveSandbox, reason: ShutdownReason) -> None:
        if live.extensions.any:
            await shut_down(live, reason)
        await live.destroy()

    async def _workload(self) -> Workload:
        if self._storage is None:
            self._storage = await self._host.provider.temporary_storage(self.version.configuration.ephemeral_storage)
        workload, self._external = await workload_of(self.version, self._storage, self._host)
        return workload

    async def _initialise(self, live: LiveSandbox, request_id: str, seconds: float) -> Outcome | None:
        loop, variables, failure = live.session.loop, self._variables(live), None
        deadline = loop.time() + seconds
        if self._external:
            plan = Launch(names=self._external, variables=variables, write=self._journal.output)
            failure = await launch(live, plan, request_id, seconds)
        if failure is None:
            live.initialise(variables, self.version.configuration.handler or "")
            failure = await live.session.initialise(request_id, deadline - loop.time())
        if live.extensions.any:
            failure = await all_ready(live, failure, request_id, deadline - loop.time())
            self._journal.extensions(live.extensions)
        return failure

    def _variables(self, live: LiveSandbox) -> dict[str, str]:
        origin = Origin(runtime=self._runtime, log_stream=self._log_stream, initialization_type=self._kind)
        return variables_of(self.version, live.sandbox, origin, self._host)

    # ---------------------------------------------------------------- the end of an invocation

    async def _finish(self, live: LiveSandbox, invocation: Invocation, outcome: Outcome, seconds: float) -> InvokeResult:
        if outcome.status is InvocationStatus.TIMEOUT:
            outcome = timed_out(invocation.request_id, self.version.configuration.timeout)
            seconds = float(self.version.configuration.timeout)
        if not live.drain_now(answered=outcome.answered):
            await live.drain()
        if live.extensions.any:
            return self._answer(live, invocation, outcome, seconds)
        report = self._report(live, invocation, outcome, seconds)
        if not outcome.answered:
            await self._reset()
        return InvokeResult(outcome=outcome, executed_version=self.version.version, log_tail=self._journal.finish(report))

    def _report(self, live: LiveSandbox, invocation: Invocation, outcome: Outcome, seconds: float) -> Report:
        configuration = self.version.configuration
        memory = min(live.memory_peak_mib(seconds, exact=not outcome.answered), configuration.memory_size)
        init_seconds, self._init_seconds = self._init_seconds, None
        return Report(
            request_id=invocation.request_id,
            duration_ms=seconds * 1000,
            init_ms=None if init_seconds is None else init_seconds * 1000,
            memory_mib=configuration.memory_size,
            memory_used_mib=configuration.memory_size if outcome.error_type == OUT_OF_MEMORY else memory,
            status=outcome.status,
            error_type=outcome.error_type,
            ahead=init_seconds is not None and self._kind is InitializationType.PROVISIONED_CONCURRENCY,
        )

    def _answer(self, live: LiveSandbox, invocation: Invocation, outcome: Outcome, seconds: float) -> InvokeResult:
        """The caller has its answer now; the invocation ends when the extensions are done, too (facts E2)."""
        self.unfinished = self._await_extensions(live, invocation, outcome, self._host.clock.monotonic() - seconds)
        return InvokeResult(outcome=outcome, executed_version=self.version.version, log_tail=self._journal.tail())

    async def _await_extensions(
        self, live: LiveSandbox, invocation: Invocation, outcome: Outcome, started: float
    ) -> InvokeResult:
        clock, timeout = self._host.clock, float(self.version.configuration.timeout)
        outcome = await all_back(live, outcome, invocation.request_id, started + timeout - clock.monotonic())
        seconds = timeout if outcome.status is InvocationStatus.TIMEOUT else clock.monotonic() - started
        live.drain_extensions()
        self._journal.finish(self._report(live, invocation, outcome, seconds))
        if not outcome.answered:
            await self._reset(reason_of(outcome))
        return InvokeResult(outcome=outcome, executed_version=self.version.version, log_tail=b"")
