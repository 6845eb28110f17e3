"""One request to run a function, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum

from lambent.core.names import FunctionReference
from lambent.core.response_sink import ResponseSink


class InvocationStatus(StrEnum):
    """How an invocation ended (Telemetry API, platform.runtimeDone `status`)."""

    SUCCESS = "success"
    FAILURE = "failure"
    """The handler raised, or the runtime reported an error of its own: the environment lives on."""
    ERROR = "error"
    """The runtime died or broke the contract: the environment is reset."""
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvokeRequest:
    """What the front door is asked: run this function on this event, now or later."""

    reference: FunctionReference
    payload: bytes
    """The event: JSON, already held to the payload limit of its invocation type by the API."""
    request_id: str
    """UUID: the reply's x-amzn-RequestId and the function's `aws_request_id`."""
    trace_id: str = ""
    """As the caller sent it in X-Amzn-Trace-Id, or made by the API; empty for none."""
    client_context: str | None = None
    """Decoded JSON text; not delivered for asynchronous invocations (facts C1)."""
    cognito_identity: str | None = None
    """JSON text."""
    tenant_id: str | None = None
    log_tail: bool = False
    """Whether the result shall carry the log tail (`LogType=Tail`)."""
    response_sink: ResponseSink | None = None
    """Takes a response that the runtime streams; None: it is collected, and held to the limit of one in one piece."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What the runtime is handed (headers of `GET /runtime/invocation/next`, facts E1)."""

    request_id: str
    """UUID: `context.aws_request_id`, the same for every attempt of an asynchronous event."""
    invocation_id: str
    """UUID, unique per attempt: header Lambda-Runtime-Invocation-Id."""
    function_arn: str
    """Exactly as invoked: with the qualifier if the caller gave one."""
    payload: bytes
    """The event, passed through unparsed. JSON; `{}` when the caller sent no body."""
    trace_id: str
    """`Root=1-...;Parent=...;Sampled=0`."""
    client_context: str | None = None
    """Decoded JSON text."""
    cognito_identity: str | None = None
    tenant_id: str | None = None
    response_sink: ResponseSink | None = None
    """As in the request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How an invocation ended. A function error is this value, never an exception."""

    status: InvocationStatus
    payload: bytes
    """The handler's result, or the error document, as bytes for the caller. Empty for a result that went to a ResponseSink."""
    error_type: str | None = None
    """Such as `Runtime.ExitError`; None on success. Normalised (`core.function_errors`) for REPORT and telemetry."""

    @property
    def answered(self) -> bool:
        """Whether the runtime's answer ended it, and not its death or a deadline: then its environment can go on."""
        return self.status is InvocationStatus.SUCCESS or self.status is InvocationStatus.FAILURE

    @property
    def function_error(self) -> str | None:
        """The X-Amz-Function-Error header: `Unhandled` for every error of today's Lambda (facts B1)."""
        return None if self.status is InvocationStatus.SUCCESS else "Unhandled"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvokeResult:
    """What the front door answers for a synchronous invocation."""

    outcome: Outcome
    executed_version: str
    """`$LATEST` or a number, never an alias."""
    log_tail: bytes
    """The last 4 KiB of this invocation's log, START to REPORT; empty unless the request asked for it."""
