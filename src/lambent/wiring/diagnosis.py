"""What `lambent doctor` shows: isolation levels, runtimes, and what to do about what is missing."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lambent.adapters.sandbox.probe import LevelReport, probe
from lambent.core.environment import IsolationLevel
from lambent.core.runtime import RuntimeInstallation
from lambent.settings import Settings
from lambent.wiring.levels import choose
from lambent.wiring.runtimes import host_runtimes


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The state of this machine."""

    chosen: IsolationLevel | None
    """What `lambent start` would run at; None: it would refuse."""
    levels: Sequence[LevelReport]
    runtimes: Sequence[RuntimeInstallation]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "chosen": None if self.chosen is None else self.chosen.value,
            "isolation": [
                {"level": each.level.value, "available": each.available, "reason": each.reason, "notes": list(each.notes)}
                for each in self.levels
            ],
            "runtimes": [each.identifier for each in self.runtimes],
            "interpreters": {
                each.identifier: {"version": each.version, "path": str(each.executable or "")} for each in self.runtimes
            },
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield "Isolation"
        for each in self.levels:
            mark = "->" if each.level is self.chosen else "  "
            yield f"  {mark} {each.level.value:<8} {'available' if each.available else 'not here: ' + each.reason}"
            yield from (f"              {note}" for note in each.notes)
        if self.chosen is None:
            yield "  Nothing would hold a function, so `lambent start` refuses, but with --isolation process."
        yield ""
        yield "Runtimes"
        for runtime in self.runtimes:
            yield f"     {runtime.identifier:<18} {runtime.version or 'your bootstrap':<15} {runtime.executable or ''}".rstrip()
        yield "  Others answer InvalidRuntimeException, with how to get them. A function never runs on another interpreter."


def diagnose(settings: Settings) -> Diagnosis:
    """Probe this machine; takes up to a few seconds."""
    levels = asyncio.run(probe(None))
    found = host_runtimes(settings.data_directory, remember=False).installations()
    return Diagnosis(chosen=choose(levels, settings.isolation), levels=levels, runtimes=found)
