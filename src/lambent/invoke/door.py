"""What the invoker and the doors of a sandbox (Runtime API, frame protocol) say to each other."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from lambent.core.invocation import Invocation

Deliver = Callable[[Invocation, int], None]
"""Hands the invocation and its deadline (epoch ms) to the runtime that asked for the next one. Must not block."""


class Door(StrEnum):
    """By which way a runtime talks to its session."""

    FRAMES = "frames"
    HTTP = "http"


class Refusal(StrEnum):
    """Why the session refused a call of the runtime; nothing has changed."""

    STATE = "InvalidStateTransition"
    REQUEST_ID = "InvalidRequestID"
    INVOCATION_ID = "InvalidInvocationId"
    TIMED_OUT = "InvokeTimeout"
    """The invocation has run out of time, or was ended for another reason, and with it this runtime's use."""


class Doors(Protocol):
    """Every way into one sandbox, opened for one session (implemented by `runtime_api.doors`)."""

    def listen(self) -> None:
        """Open the HTTP Runtime API and the way to the AWS endpoint. Idempotent."""

    def initialise(self, variables: Mapping[str, str], handler: str) -> None:
        """Listen, and tell the runtime client to become the function's: at once, or when it says hello."""

    def close(self) -> None:
        """Forget every connection. Idempotent; called before the sandbox is destroyed."""
