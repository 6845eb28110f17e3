"""What a sandbox with extensions does beyond others: starts them, waits for them after init and invocation, shuts them down."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lambent.core.environment import Exit
from lambent.core.environment_variables import extension_variables
from lambent.core.errors import ServiceFault
from lambent.core.extension import (
    EXTENSIONS_AT_MOST,
    RUNTIME_SHARE,
    TOO_MANY,
    ExtensionEvent,
    ShutdownReason,
    launch_error_type,
    shutdown_event,
    shutdown_seconds,
)
from lambent.core.function_errors import OUT_OF_TIME, broken
from lambent.core.invocation import InvocationStatus, Outcome
from lambent.core.ports import NotExecutable, SandboxFault
from lambent.invoke.extensions import Extensions
from lambent.invoke.live_sandbox import LiveSandbox


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """The external extensions of a function."""

    names: Sequence[str]
    variables: Mapping[str, str]
    """The function's, complete."""
    write: Callable[[bytes], None]
    """Takes each log event of an extension."""


async def launch(live: LiveSandbox, plan: Launch, request_id: str, seconds: float) -> Outcome | None:
    """Start all, and wait until all have registered, at most `seconds`: the runtime starts after that (facts E2).

    None, or why that failed, as `all_ready`. Raises ServiceFault when the sandbox fails.
    """
    live.listen()
    try:
        async with asyncio.timeout(seconds):
            await _start(live, plan)
            await live.extensions.registered()
    except TimeoutError:
        return OUT_OF_TIME
    except SandboxFault as fault:
        raise ServiceFault("The execution environment could not be started.") from fault
    failure = live.extensions.failure
    return None if failure is None else broken(failure[0], request_id, failure[1])


async def _start(live: LiveSandbox, plan: Launch) -> None:
    extensions, variables = live.extensions, extension_variables(plan.variables)
    for name in plan.names:
        path = extension_path(live, name)
        extensions.launched(name)
        if extensions.count(external=True) > EXTENSIONS_AT_MOST:
            extensions.not_launched(name, "TooManyExtensions", TOO_MANY)
            return
        try:
            process = await live.sandbox.supervisor.start_extension(path, variables)
        except NotExecutable as refused:
            words = os.strerror(refused.errno or 0).lower()
            extensions.not_launched(name, launch_error_type(refused.errno or 0), f"fork/exec {path}: {words}")
            return
        live.follow(process, plan.write)
        process.exited.add_done_callback(partial(_exited, extensions, name))


def _exited(extensions: Extensions, name: str, ended: "asyncio.Future[Exit]") -> None:
    extensions.exited(name, ended.result())


def extension_path(live: LiveSandbox, name: str) -> str:
    """Inside."""
    return f"{live.sandbox.paths.layers}/extensions/{name}"


async def all_ready(live: LiveSandbox, failure: Outcome | None, request_id: str, seconds: float) -> Outcome | None:
    """Init is complete when the runtime and all extensions wait for their next event (facts E2): None, or why it failed.

    `failure` is the runtime's; `seconds` are left. A time-out has no payload: its words depend on whose time it was.
    """
    extensions = live.extensions
    if failure is None:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await extensions.back()
        except TimeoutError:
            return OUT_OF_TIME
    if extensions.failure is not None:
        return broken(extensions.failure[0], request_id, extensions.failure[1])
    return failure


async def all_back(live: LiveSandbox, outcome: Outcome, request_id: str, seconds: float) -> Outcome:
    """The invocation ends when the runtime and all extensions wait again, at most `seconds` from now: how it ended.

    The caller has had its answer before this. Raises ServiceFault when the sandbox is shut down meanwhile.
    """
    if not outcome.answered:
        return outcome
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await live.extensions.back()
    except TimeoutError:
        return OUT_OF_TIME
    failure = live.extensions.failure
    return outcome if failure is None else broken(failure[0], request_id, failure[1])


def reason_of(outcome: Outcome) -> ShutdownReason:
    """Why an environment is reset after this."""
    return ShutdownReason.TIMEOUT if outcome.status is InvocationStatus.TIMEOUT else ShutdownReason.FAILURE


async def shut_down(live: LiveSandbox, reason: ShutdownReason) -> None:
    """The shutdown phase: SIGTERM for the runtime, SHUTDOWN for the extensions, SIGKILL for who does not end in time.

    Budgets are Lambda's: 2,000 ms with an external extension, 500 ms with internal ones only (facts E2; how the runtime's part is
    cut out of it: the emulator, rapid/shutdown.go). Never raises. The sandbox is destroyed next.
    """
    extensions, loop = live.extensions, live.session.loop
    external = extensions.count(external=True)
    seconds = shutdown_seconds(external=external, internal=extensions.count(external=False))
    live.wake()
    live.session.shut_down()
    deadline = loop.time() + seconds
    now = extensions.host.now() if extensions.host is not None else 0.0
    event = shutdown_event(reason, int((now + seconds) * 1000))
    extensions.shutting_down()
    await _end_runtime(live, seconds * RUNTIME_SHARE if external else seconds)
    for extension in extensions:
        if extension.external and ExtensionEvent.SHUTDOWN not in extension.events:
            live.sandbox.supervisor.kill_extension(extension_path(live, extension.name))
    extensions.shut_down(event)
    try:
        async with asyncio.timeout_at(deadline):
            await extensions.gone()
    except TimeoutError:
        pass
    live.drain_extensions()


async def _end_runtime(live: LiveSandbox, seconds: float) -> None:
    exited, supervisor = live.sandbox.exited, live.sandbox.supervisor
    if exited.done() or not supervisor.signal_runtime(signal.SIGTERM):
        return
    await asyncio.wait((exited,), timeout=seconds)
    if not exited.done():
        supervisor.signal_runtime(signal.SIGKILL)
