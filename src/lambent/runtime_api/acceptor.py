"""Accepts connections on a listening socket that a sandbox owns, without ever blocking or taking it over."""

import asyncio
import logging
import socket
from collections.abc import Callable

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.1


class Acceptor:
    """Calls `on_connection` for each accepted connection, one per turn of the loop. `close` only forgets the listener."""

    __slots__ = ("_listener", "_loop", "_on_connection", "_open", "_paused")

    def __init__(self, listener: socket.socket, on_connection: Callable[[socket.socket], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._on_connection = on_connection
        self._open = True
        self._paused: asyncio.TimerHandle | None = None
        self._loop.add_reader(listener, self._acceptable)

    def close(self) -> None:
        """Idempotent."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._listener)
            if self._paused is not None:
                self._paused.cancel()

    def _acceptable(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            # Out of descriptors: the listener stays readable, so look away for a moment instead of spinning.
            _log.warning("accept_failed", extra={"reason": str(error)})
            self._loop.remove_reader(self._listener)
            self._paused = self._loop.call_later(_RETRY_SECONDS, self._resume)
            return
        connection.settimeout(0)
        self._on_connection(connection)

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._listener, self._acceptable)
