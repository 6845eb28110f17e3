"""The server's end of the warden: starts it, sends requests, hands out replies; notices at once when it is gone."""

import array
import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.native.zygotes import link_pair, receive
from lambent.core.ports import SandboxFault

log = logging.getLogger(__name__)

_START_SECONDS = 30.0
_END_SECONDS = 20.0
Reply = tuple[Mapping[str, Any], list[int]]


class WardenLink:
    """One warden process. `start` first, `close` at the end; a broken link is not mended, but replaced by its owner."""

    def __init__(self) -> None:
        self.broken = False
        self.configuration: Mapping[str, Any] = {}
        """What the warden said of itself: name (of its control groups)."""
        self._pending: dict[int, asyncio.Future[Reply]] = {}
        self._unsent: list[tuple[bytes, list[int]]] = []
        self._count = 0

    async def start(self, configuration: Mapping[str, Any]) -> None:
        """Raises SandboxFault with the warden's reason."""
        self._loop = asyncio.get_running_loop()
        self._link, inside = link_pair()
        self._link.settimeout(0)
        package = Path(__file__).parents[4]
        command = [
            sys.executable,
            "-S",
            "-P",
            "-m",
            "lambent.adapters.sandbox.native.warden",
            str(inside.fileno()),
            str(os.getpid()),
        ]
        with inside:
            # On the loop's own thread: the warden dies with the thread that started it.
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program
                command,
                pass_fds=[inside.fileno()],
                stdin=subprocess.DEVNULL,
                env={"PYTHONPATH": str(package), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
        self._loop.add_reader(self._link, self._readable)
        try:
            self.configuration, _ = await self.request("configure", configuration, deadline=_START_SECONDS)
        except SandboxFault:
            await self.close()
            raise

    async def request(self, order: str, fields: Mapping[str, Any], descriptors: Sequence[int] = (), *, deadline: float) -> Reply:
        """Send it; the reply and the descriptors that came with it, which become the caller's. Raises SandboxFault."""
        if self.broken:
            raise SandboxFault("the warden has ended; see the log")
        self._count += 1
        number = self._count
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._pending[number] = future
        self._send(json.dumps({"id": number, "order": order, **fields}).encode(), list(descriptors))
        try:
            async with asyncio.timeout(deadline):
                reply, received = await future
        except TimeoutError:
            raise SandboxFault(f"the warden did not answer {order} within {deadline:g} s") from None
        finally:
            self._pending.pop(number, None)
        if reply.get("error"):
            _close_all(received)
            raise SandboxFault(reply["error"])
        return reply, received

    async def close(self) -> None:
        """Let the warden remove everything and end; kill it when that takes too long. Never raises."""
        self._break()
        try:
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("warden_killed")
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        if self._unsent or not self._try_to_send(message, descriptors):
            self._unsent.append((message, [os.dup(each) for each in descriptors]))
            self._loop.add_writer(self._link, self._writable)

    def _try_to_send(self, message: bytes, descriptors: list[int]) -> bool:
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._link.sendmsg([message], beside)
        except BlockingIOError:
            return False
        except OSError:
            self._break()
        return True

    def _writable(self) -> None:
        while self._unsent and self._try_to_send(*self._unsent[0]):
            if self._unsent:
                _close_all(self._unsent.pop(0)[1])
        if not self._unsent and not self.broken:
            self._loop.remove_writer(self._link)

    def _readable(self) -> None:
        try:
            reply, descriptors = receive(self._link)
        except BlockingIOError:
            return
        except OSError:
            reply, descriptors = None, []
        if reply is None:
            if not self.broken:
                log.error("warden_lost")
            self._break()
            return
        future = self._pending.get(reply["id"])
        if future is None or future.done():
            _close_all(descriptors)  # nobody waits any more
        else:
            future.set_result((reply, descriptors))

    def _break(self) -> None:
        if self.broken:
            return
        self.broken = True
        self._loop.remove_reader(self._link)
        self._loop.remove_writer(self._link)
        self._link.close()
        for _, descriptors in self._unsent:
            _close_all(descriptors)
        self._unsent.clear()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(SandboxFault("the warden has ended; see the log"))


def _close_all(descriptors: Sequence[int]) -> None:
    for each in descriptors:
        with suppress(OSError):
            os.close(each)
