"""Asynchronous events: what the durable queue holds, and what happens next to one that has been tried."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncEvent:
    """One accepted `Event` invocation."""

    event_id: str
    """The request id: the same for every attempt."""
    account: str
    region: str
    function: str
    """The function's name."""
    qualifier: str | None
    """As invoked; None when the caller gave none."""
    payload: bytes
    accepted: float
    """Epoch seconds."""
    due: float
    """Epoch seconds: not to be tried before."""
    attempts: int = 0
    """Finished attempts."""
    trace_id: str = ""
    tenant_id: str | None = None
