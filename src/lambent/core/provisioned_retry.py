"""What follows when an environment could not be initialised ahead: try again, and when to call the allocation failed."""

from dataclasses import dataclass

ATTEMPTS = 3
"""Failures in a row after which the allocation shows as FAILED. An init that fails now and then does not get there."""
_PAUSE_SECONDS = (0.5, 60.0)
"""Before the second attempt, doubled each time, and the longest: a function that recovers is provisioned again by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempts:
    """The failures in a row of one version."""

    failures: int = 0

    def failed(self, *, hopeless: bool = False) -> "Attempts":
        """One more; `hopeless` when another attempt would end alike."""
        return Attempts(failures=max(self.failures + 1, ATTEMPTS if hopeless else 0))

    @property
    def exhausted(self) -> bool:
        """Whether the allocation shows as FAILED."""
        return self.failures >= ATTEMPTS

    @property
    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        first, longest = _PAUSE_SECONDS
        return 0.0 if self.failures == 0 else min(first * 2.0 ** min(self.failures - 1, 16), longest)
