"""Where a response goes while its runtime still produces it: what the data plane sees of whoever takes it."""

from collections.abc import Callable
from typing import Protocol


class ResponseSink(Protocol):
    """Handed in with an InvokeRequest by a caller that takes the response in pieces (facts B4).

    Called in the loop of the data plane; no method blocks or raises. A runtime that answers in one piece touches nothing but
    `resolved`: its payload is in the outcome. The outcome of one that streams has no payload but an error document.
    """

    @property
    def limit(self) -> int:
        """The most bytes that it takes; past them the response is an error."""

    def resolved(self, executed_version: str) -> None:
        """Which version runs (`$LATEST` or a number): called once, before anything runs."""

    def begin(self, content_type: str) -> None:
        """The head of the response. Called once, before the first piece. Latin-1 without control characters."""

    def write(self, data: bytes) -> bool:
        """One piece, not empty. False: it would rather have no more until it calls what `when_wanted` was given."""

    def when_wanted(self, resume: Callable[[], None]) -> None:
        """After a `write` that answered False: call `resume` once, in a turn of the loop to come, when more is wanted."""

    def end(self) -> None:
        """The body is whole. What the runtime does after that, until it is done, changes nothing for the caller."""

    def broken_off(self, error_type: str) -> None:
        """The runtime itself ended the response with an error: its name for it, as it was sent (at most 255 characters)."""
