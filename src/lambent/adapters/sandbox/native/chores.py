"""Slow work beside the warden's own thread: making and freeing /tmp images, removing control groups. Standard library only."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lambent.adapters.sandbox.native import kernel

Work = Callable[[], Any]
Done = Callable[[Any, OSError | None], None]
_THREADS = 2
_WAIT_SECONDS = 10.0


class Chores:
    """`do` from the warden's thread; `finish`, called there when `fileno` is readable, calls back what is done."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[Work, Done] | None] = queue.SimpleQueue()
        self._finished: deque[tuple[Done, Any, OSError | None]] = deque()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        ready = threading.Barrier(_THREADS + 1)
        self._threads = [threading.Thread(target=self._run, args=(ready,), daemon=True) for _ in range(_THREADS)]
        for each in self._threads:
            each.start()
        ready.wait()

    def fileno(self) -> int:
        """For a selector."""
        return self._woken

    def do(self, work: Work, done: Done) -> None:
        """Run `work` on another thread and then call `done(result, None)` or `done(None, error)` here."""
        self._orders.put((work, done))

    def finish(self) -> None:
        """Call back what is done."""
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while self._finished:
            done, result, error = self._finished.popleft()
            done(result, error)

    def wait(self) -> None:
        """Let the threads end, after all that was ordered, within ten seconds."""
        for _ in self._threads:
            self._orders.put(None)
        for each in self._threads:
            each.join(_WAIT_SECONDS)
        self.finish()

    def _run(self, ready: threading.Barrier) -> None:
        # The warden's thread enters other mount namespaces, which the kernel refuses to a thread that shares its root and folder.
        kernel.unshare(kernel.CLONE_FS)
        ready.wait()
        while (order := self._orders.get()) is not None:
            work, done = order
            try:
                self._finished.append((done, work(), None))
            except OSError as error:
                self._finished.append((done, None, error))
            os.write(self._waker, b".")
