"""Arithmetic of the benchmark: percentiles, medians of ratios, and the value that a measurement hands to the report."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of `values` (not empty, any order); `share` in (0, 1]."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median_of_ratios(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over rounds of ours / theirs, both measured in the same round: drift of the machine cancels."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def median_of_differences(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over rounds of ours - theirs."""
    return statistics.median(a - b for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What one run of the load generator saw. Every reply in it was checked."""

    latencies: Sequence[float]
    """Seconds, request sent to reply complete, one for each invocation."""
    elapsed: float

    @property
    def rate(self) -> float:
        """Invocations per second."""
        return len(self.latencies) / self.elapsed

    def summary(self) -> dict[str, float]:
        return {
            "count": len(self.latencies),
            "rps": round(self.rate, 1),
            **{f"p{share}_ms": round(1000 * percentile(self.latencies, share / 100), 4) for share in (50, 95, 99)},
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured key, or why it could not be measured."""

    key: str
    value: float | None = None
    rounds: Sequence[float] = ()
    """The value of each round, of which `value` is the median (single measurements for a p50)."""
    over: str = ""
    """What it was measured against in the same run."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """The numbers behind it."""
    absent: str = ""
    """Why there is no value: the peer is not here."""
    failed: str = ""
    """Why there is no value: something went wrong, and the run is not to be trusted."""
