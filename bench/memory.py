"""Proportional memory of processes, read from /proc: a page shared by n processes counts 1/n in each."""

from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def descendants(root: int) -> list[int]:
    """Ids of the living processes below `root`, without it."""
    parents = {int(each.name): _parent(each) for each in PROC.iterdir() if each.name.isdigit()}
    found: list[int] = []
    generation = [root]
    while generation:
        generation = [process for process, parent in parents.items() if parent in generation]
        found += generation
    return found


def proportional_mb(processes: Iterable[int]) -> float:
    """The sum of their proportional set sizes, in MB of 2**20 bytes. Those that are gone count nothing."""
    return sum(_pss_kb(process) for process in processes) / 1024


def _parent(process: Path) -> int | None:
    try:
        stat = (process / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _pss_kb(process: int) -> int:
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
