"""Several servers under the same load in alternating rounds, those that cannot be had left out visibly."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from bench.figures import Figure, Load, median_of_ratios, percentile
from bench.peers.install import Absent
from bench.peers.process import StartFailed
from bench.replies import WrongReply
from bench.run import Run

Opened = TypeVar("Opened")


@dataclass(kw_only=True, slots=True)
class Contest:
    """The servers of one measurement: opened one by one, loaded in turn."""

    run: Run
    stack: ExitStack
    loads: dict[str, Callable[[], Load]] = field(default_factory=dict)
    """By contestant: how to load it once."""
    seen: dict[str, list[Load]] = field(default_factory=dict)
    reasons: dict[str, Figure] = field(default_factory=dict)
    """Contestants that are not here, each with an example of why."""

    def enter(self, name: str, opening: Callable[[], AbstractContextManager[Opened]]) -> Opened | None:
        """Start a server for contestant `name`. None, and remembered, when it is absent or does not start."""
        self.run.say(f"starting {name}")
        try:
            return self.stack.enter_context(opening())
        except Absent as error:
            self.reasons[name] = Figure(key=name, absent=str(error))
        except StartFailed as error:
            self.reasons[name] = Figure(key=name, failed=str(error))
        return None

    def play(self, rounds: int) -> None:
        """Load every contestant once a round."""
        for number in range(rounds):
            self.run.say(f"round {number + 1} of {rounds}: {', '.join(self.loads)}")
            for name in list(self.loads):
                self._play_once(name)

    def _play_once(self, name: str) -> None:
        """A contestant that answers wrongly is out: its rates would mean nothing."""
        try:
            self.seen.setdefault(name, []).append(self.loads[name]())
        except (WrongReply, OSError) as error:
            self.reasons[name] = Figure(key=name, failed=f"{name}: {type(error).__name__}: {error}")
            del self.loads[name]

    def ratio(self, key: str, ours: str, theirs: str, measure: Callable[[Load], float]) -> Figure:
        """`measure` of `ours` over `measure` of `theirs`: the median over the rounds."""
        for name in (ours, theirs):
            if name in self.reasons:
                reason = self.reasons[name]
                return Figure(
                    key=key, over=theirs, absent=f"{name}: {reason.absent}" if reason.absent else "", failed=reason.failed
                )
        above, below = ([measure(load) for load in self.seen[name]] for name in (ours, theirs))
        rounds = [round(a / b, 4) for a, b in zip(above, below, strict=True)]
        # Not the figure, but steadier than a rate on a machine that also does other work: tells noise from slowness.
        p50 = median_of_ratios(*([percentile(load.latencies, 0.5) for load in self.seen[name]] for name in (ours, theirs)))
        detail = {**self.details(ours, theirs), "p50_over_p50": round(p50, 4)}
        return Figure(key=key, value=median_of_ratios(above, below), rounds=rounds, over=theirs, detail=detail)

    def details(self, *names: str) -> Mapping[str, object]:
        return {name: [load.summary() for load in self.seen[name]] for name in names}
