"""Function errors that the platform itself writes: time-outs, exits, oversized responses, in Lambda's exact words (facts B2)."""

import json
import re
import signal
from dataclasses import replace

from lambent.core.environment import Exit
from lambent.core.invocation import InvocationStatus, Outcome
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES

_TIMED_OUT = "Sandbox.Timedout"
EXITED = "Runtime.ExitError"
OUT_OF_MEMORY = "Runtime.OutOfMemory"
TOO_LARGE = "Function.ResponseSizeTooLarge"
INVALID_ENTRYPOINT = "Runtime.InvalidEntrypoint"
TRUNCATED = "Runtime.TruncatedResponse"
BAD_RESPONSE_MODE = "Runtime.InvalidResponseModeHeader"
UNKNOWN = "Runtime.Unknown"

OUT_OF_TIME = Outcome(status=InvocationStatus.TIMEOUT, payload=b"", error_type=_TIMED_OUT)
"""A time-out whose words are not known yet: they depend on whose time it was (see `timed_out`)."""

_KEPT = re.compile(r"(?:Runtime|Function|Sandbox|Extension)\.[A-Z][a-zA-Z]+")


def normalise_error_type(text: str) -> str:
    """The error type as REPORT and telemetry show it; the payload is never touched.

    A type that a runtime sends is kept when it has Lambda's form, else it becomes `Function.Unknown` or `Runtime.Unknown`
    (runtime interface emulator, fatalerror; Developer Guide, runtimes-api).
    """
    if _KEPT.fullmatch(text):
        return text
    return "Function.Unknown" if text.startswith("Function.") else UNKNOWN


def document(error_type: str, message: str) -> bytes:
    """The error document that the caller gets."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def broken(error_type: str, request_id: str, reason: str) -> Outcome:
    """The runtime died or broke the contract: `RequestId: <id> Error: <reason>`."""
    payload = document(error_type, f"RequestId: {request_id} Error: {reason}")
    return Outcome(status=InvocationStatus.ERROR, payload=payload, error_type=error_type)


def entrypoint_refused(payload: bytes, request_id: str) -> bytes:
    """The launcher's document with the request that met it: it runs before any request is known to it."""
    try:
        reason = json.loads(payload)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return payload
    return document(INVALID_ENTRYPOINT, f"RequestId: {request_id} {reason}")


def timed_out(request_id: str, seconds: float) -> Outcome:
    """The function timeout (seconds) passed."""
    payload = document(_TIMED_OUT, f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")
    return Outcome(status=InvocationStatus.TIMEOUT, payload=payload, error_type=_TIMED_OUT)


def exit_reason(ended: Exit) -> str:
    """How the runtime ended, in the words of the runtime interface emulator."""
    if ended.signal is not None:
        return f"Runtime exited with error: signal: {signal_name(ended.signal)}"
    if ended.code:
        return f"Runtime exited with error: exit status {ended.code}"
    return "Runtime exited without providing a reason"


def exited(request_id: str, ended: Exit) -> Outcome:
    """The runtime process ended during init or invoke."""
    if ended.out_of_memory:
        reason = exit_reason(ended) if ended.signal is not None else "Runtime exited with error: signal: killed"
        return broken(OUT_OF_MEMORY, request_id, reason)
    return broken(EXITED, request_id, exit_reason(ended))


def failed(error_type: str, payload: bytes) -> Outcome:
    """The handler raised, or the runtime reported an error of its own: the payload reaches the caller verbatim."""
    return Outcome(status=InvocationStatus.FAILURE, payload=payload, error_type=normalise_error_type(error_type))


def init_failure(failure: Outcome, request_id: str, ended: Exit | None) -> Outcome:
    """Why init failed, for the request that met it: what the runtime reported, else how it ended."""
    if failure.error_type == INVALID_ENTRYPOINT:
        return replace(failure, payload=entrypoint_refused(failure.payload, request_id))
    if failure.status is InvocationStatus.TIMEOUT or failure.payload:
        return failure
    if ended is not None:
        return exited(request_id, ended)
    return broken(failure.error_type or UNKNOWN, request_id, exit_reason(Exit()))


def response_too_large(limit: int = RESPONSE_PAYLOAD_BYTES) -> Outcome:
    """The response is over 6 MiB + 100 bytes, or over the limit of a stream: refused, and the environment lives on."""
    message = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
    return Outcome(status=InvocationStatus.FAILURE, payload=document(TOO_LARGE, message), error_type=TOO_LARGE)


def signal_name(number: int) -> str:
    """The emulator is written in Go: its names are the C library's in lower case, `signal 35` for one without a name."""
    try:
        return (signal.strsignal(number) or f"signal {number}").lower()
    except ValueError:
        return f"signal {number}"
