"""Which processes descend from one, read from /proc: to stop, to go on, to measure all that a sandbox runs."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> Iterator[int]:
    """Process ids of children, their children and so on, parents first. What ends meanwhile is left out."""
    try:
        tasks = [path / "children" for path in Path(f"/proc/{process}/task").iterdir()]
    except OSError:
        return
    for listed in tasks:
        with suppress(OSError):
            for child in map(int, listed.read_text("ascii").split()):
                yield child
                yield from descendants(child)


class ProcessTree:
    """All that descends from `root`, but not `root` itself, which keeps the others and must go on."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._stopped: list[int] = []

    def stop(self) -> None:
        """Idempotent."""
        # Twice, for what was started meanwhile; a process that is stopped starts no other.
        for _ in range(2):
            for process in set(descendants(self._root)) - set(self._stopped):
                _signal(process, signal.SIGSTOP)
                self._stopped.append(process)

    def go_on(self) -> None:
        """The reverse."""
        while self._stopped:
            _signal(self._stopped.pop(), signal.SIGCONT)

    def peak_mib(self) -> int:
        """The sum of the peaks of those that live, MiB rounded up; pages that they share count for each."""
        peaks = []
        for process in descendants(self._root):
            with suppress(OSError, ValueError, IndexError):
                status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
                peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
        return -(-sum(peaks) // 1024)


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(OSError):
        os.kill(process, number)
