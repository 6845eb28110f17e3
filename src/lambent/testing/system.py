"""A clock that stands still until a test moves it, and chance that comes out the same every time."""

from collections.abc import Sequence


class FakeClock:
    """Time that only `advance` and `set` move. `monotonic` starts at 0 and grows with `advance` alone."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """`now`: epoch seconds."""
        self._now = now
        self._elapsed = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass: zero or more seconds, for both clocks."""
        if seconds < 0:
            raise ValueError(f"time does not run back: {seconds}")
        self._now += seconds
        self._elapsed += seconds

    def set(self, now: float) -> None:
        """Set the wall clock alone, also back, as an administrator may."""
        self._now = now


class FakeChance:
    """Counts where the real one is random: uuids and tokens are distinct and the same in every run."""

    def __init__(self, rolls: Sequence[float] = ()) -> None:
        """`rolls`: what `roll` returns, one by one; 0.5 after the last."""
        self._count = 0
        self._rolls = list(rolls)

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{self._next():012x}"

    def roll(self) -> float:
        return self._rolls.pop(0) if self._rolls else 0.5

    def token(self, length: int) -> str:
        return f"{self._next():0{length}x}"[-length:] if length else ""

    def _next(self) -> int:
        self._count += 1
        return self._count
