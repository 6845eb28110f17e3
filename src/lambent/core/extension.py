"""Extensions: their states, the legal moves between them, what they register for, and the events they are handed (facts E3).

States, error types and words are those of AWS's own runtime interface emulator (`lambda/core`, `lambda/rapi/handler`).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lambent.core.environment import Exit
from lambent.core.function import FunctionVersion
from lambent.core.function_errors import signal_name
from lambent.core.invocation import Invocation

EXTENSIONS_AT_MOST = 10
"""External and internal together (Developer Guide, runtimes-extensions-api)."""
EXTERNAL_SHUTDOWN_SECONDS = 2.0
INTERNAL_SHUTDOWN_SECONDS = 0.5
"""Budgets of the shutdown phase (Developer Guide, lambda-runtime-environment)."""
RUNTIME_SHARE = 0.3
"""What of the budget the runtime has after its SIGTERM, where external extensions wait for the rest."""

INIT_ERROR = "Extension.InitError"
EXIT_ERROR = "Extension.ExitError"
CRASH = "Extension.Crash"
LAUNCH_ERROR = "Extension.LaunchError"
TOO_MANY = "ErrTooManyExtensions"


class ExtensionState(StrEnum):
    """As the EXTENSION line names it."""

    STARTED = "Started"
    """An external one whose process runs, not yet registered."""
    REGISTERED = "Registered"
    READY = "Ready"
    """Waits for its next event."""
    RUNNING = "Running"
    """Has an event."""
    INIT_ERROR = "InitError"
    EXIT_ERROR = "ExitError"
    LAUNCH_ERROR = "LaunchError"
    EXITED = "Exited"


_S = ExtensionState
LEGAL_EXTENSION_MOVES: frozenset[tuple[ExtensionState, ExtensionState]] = frozenset(
    {
        (_S.STARTED, _S.REGISTERED),
        (_S.STARTED, _S.LAUNCH_ERROR),
        (_S.REGISTERED, _S.READY),
        (_S.REGISTERED, _S.INIT_ERROR),
        (_S.REGISTERED, _S.EXIT_ERROR),
        (_S.READY, _S.RUNNING),
        (_S.READY, _S.EXIT_ERROR),
        (_S.RUNNING, _S.READY),
        (_S.RUNNING, _S.EXIT_ERROR),
        # Said again it is accepted, and the first error counts.
        (_S.INIT_ERROR, _S.INIT_ERROR),
        (_S.EXIT_ERROR, _S.EXIT_ERROR),
        *((state, _S.EXITED) for state in (_S.STARTED, _S.REGISTERED, _S.READY, _S.RUNNING, _S.INIT_ERROR, _S.EXIT_ERROR)),
    }
)
"""Every other move is refused."""


class ExtensionEvent(StrEnum):
    """What an extension may register for."""

    INVOKE = "INVOKE"
    SHUTDOWN = "SHUTDOWN"


class ShutdownReason(StrEnum):
    """Why an environment shuts down."""

    SPINDOWN = "spindown"
    TIMEOUT = "timeout"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionRefusal:
    """A call that changed nothing, and what it is answered."""

    error_type: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendedFunction:
    """What an extension learns when it registers."""

    account: str
    name: str
    version: str
    handler: str


def extended_function(version: FunctionVersion) -> ExtendedFunction:
    """What extensions of this version learn."""
    key = version.key
    return ExtendedFunction(
        account=key.owner.account, name=key.name, version=version.version, handler=version.configuration.handler or ""
    )


def illegal_move(here: ExtensionState, there: ExtensionState, name: str) -> ExtensionRefusal:
    """The refusal of a move that is not in the table."""
    return ExtensionRefusal(
        error_type="Extension.InvalidExtensionState",
        message=f"State transition from {here.value} to {there.value} failed for extension {name}. "
        "Error: State transition is not allowed",
    )


def unknown_extension(identifier: str) -> ExtensionRefusal:
    """No extension of this sandbox has this identifier."""
    return ExtensionRefusal(error_type="Extension.UnknownExtensionIdentifier", message=f"Unknown extension {identifier}")


REGISTRATION_CLOSED = ExtensionRefusal(error_type="Extension.RegistrationClosed", message="Extension registration closed already")
ALREADY_REGISTERED = ExtensionRefusal(
    error_type="Extension.InvalidExtensionState", message="Extension with this name already registered"
)
LIMIT_REACHED = ExtensionRefusal(
    error_type="Extension.TooManyExtensions", message=f"Extension limit ({EXTENSIONS_AT_MOST}) reached"
)


def registered_events(body: bytes, *, external: bool) -> frozenset[ExtensionEvent] | ExtensionRefusal:
    """The events of a register request. SHUTDOWN is for external extensions only; none at all is legal."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _malformed(str(error))
    named = (document.get("events") or []) if isinstance(document, dict) else None
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        return _malformed("an object with an array of strings, events, is expected")
    if document.get("configurationKeys"):
        return _malformed("configurationKeys are deprecated; use environment variables instead")
    allowed = {ExtensionEvent.INVOKE.value, *([ExtensionEvent.SHUTDOWN.value] if external else [])}
    for each in named:
        if each not in allowed:
            return ExtensionRefusal(error_type="Extension.InvalidEventType", message=f"{each[:100]}: Invalid event type")
    return frozenset(ExtensionEvent(each) for each in named)


def _malformed(message: str) -> ExtensionRefusal:
    return ExtensionRefusal(error_type="InvalidRequestFormat", message=message)


def registration(function: ExtendedFunction, *, with_account: bool) -> bytes:
    """The answer to a register request; the account id for who accepts the feature `accountId`."""
    document = {"functionName": function.name, "functionVersion": function.version, "handler": function.handler}
    if with_account:
        document["accountId"] = function.account
    return json.dumps(document, separators=(",", ":")).encode()


def invoke_event(invocation: Invocation, deadline_ms: int) -> bytes:
    """The INVOKE event; the deadline is epoch ms."""
    event: dict[str, object] = {
        "eventType": ExtensionEvent.INVOKE.value,
        "deadlineMs": deadline_ms,
        "requestId": invocation.request_id,
        "invokedFunctionArn": invocation.function_arn,
    }
    if invocation.trace_id:
        event["tracing"] = {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id}
    return json.dumps(event, separators=(",", ":")).encode()


def shutdown_event(reason: ShutdownReason, deadline_ms: int) -> bytes:
    """The SHUTDOWN event; the deadline is epoch ms."""
    event = {"eventType": ExtensionEvent.SHUTDOWN.value, "shutdownReason": reason.value, "deadlineMs": deadline_ms}
    return json.dumps(event, separators=(",", ":")).encode()


def shutdown_seconds(*, external: int, internal: int) -> float:
    """The budget of the shutdown phase for this many extensions of each kind."""
    if external:
        return EXTERNAL_SHUTDOWN_SECONDS
    return INTERNAL_SHUTDOWN_SECONDS if internal else 0.0


def exit_words(how: Exit) -> str:
    """How an extension's process ended."""
    if how.signal is not None:
        return f"signal: {signal_name(how.signal)}"
    return f"exit status {how.code}" if how.code else "exit code 0"


def launch_error_type(number: int) -> str:
    """What the EXTENSION line calls an errno of execve."""
    return "PermissionDenied" if number in (1, 13) else "UnknownError"


def platform_extension_record(
    name: str, state: ExtensionState, events: Collection[ExtensionEvent], error_type: str | None
) -> Mapping[str, object]:
    """The record of `platform.extension` (Telemetry API schema)."""
    record: dict[str, object] = {"name": name, "state": state.value, "events": event_names(events)}
    return record if error_type is None else {**record, "errorType": error_type}


def extension_line(name: str, state: ExtensionState, events: Collection[ExtensionEvent], error_type: str | None) -> str:
    """The EXTENSION line of the text format (facts B3)."""
    line = f"EXTENSION\tName: {name}\tState: {state.value}\tEvents: [{', '.join(event_names(events))}]"
    return line if error_type is None else f"{line}\tError Type: {error_type}"


def event_names(events: Collection[ExtensionEvent]) -> list[str]:
    """In Lambda's order."""
    return [each.value for each in ExtensionEvent if each in events]
