"""The server's end of a sandbox's first process (runtimes/sandbox/sandbox_supervisor.py): orders in, ends and sockets out.

What it says is not trusted: at the weaker levels the function could speak in its place, and would harm itself alone.
"""

import array
import asyncio
import json
import os
import signal
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lambent.core.environment import Exit
from lambent.core.ports import ExtensionProcess, NotExecutable, SandboxFault

_REPLY_SECONDS = 10.0
_MESSAGE = 64 * 1024
_DESCRIPTORS = 4
STATUS = struct.Struct("=i")


@dataclass(slots=True)
class _Started:
    """One extension process, its end of the output pipe included."""

    process: ExtensionProcess
    answered: "asyncio.Future[int]"
    """0 once it is executed, else why it cannot be (errno)."""


class SupervisorLink:
    """Implements `core.ports.Supervisor`. `close` frees everything; the control socket is its own."""

    def __init__(self, control: socket.socket | None, on_runtime_exit: Callable[[Exit], None]) -> None:
        """`control` None: this sandbox has no supervisor, and every order is refused."""
        self._control = control
        self._on_runtime_exit = on_runtime_exit
        self._loop = asyncio.get_running_loop()
        self._extensions: dict[str, _Started] = {}
        self._sockets: deque[asyncio.Future[socket.socket]] = deque()
        if control is not None:
            control.settimeout(0)
            self._loop.add_reader(control, self._readable)

    async def start_extension(self, path: str, variables: Mapping[str, str]) -> ExtensionProcess:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        process = ExtensionProcess(output=reading, exited=self._loop.create_future())
        started = self._extensions[path] = _Started(process, self._loop.create_future())
        try:
            self._order({"order": "start", "path": path, "environment": dict(variables)}, [writing])
            async with asyncio.timeout(_REPLY_SECONDS):
                failure = await started.answered
        except TimeoutError:
            raise SandboxFault("an extension was not started in time") from None
        finally:
            os.close(writing)
        if failure:
            raise NotExecutable(failure, os.strerror(failure))
        return process

    async def tcp_socket(self) -> socket.socket:
        waiting: asyncio.Future[socket.socket] = self._loop.create_future()
        self._order({"order": "socket"})
        self._sockets.append(waiting)
        try:
            async with asyncio.timeout(_REPLY_SECONDS):
                return await waiting
        except TimeoutError:
            raise SandboxFault("the sandbox made no socket in time") from None

    def signal_runtime(self, number: int) -> bool:
        return self._tell({"order": "signal", "number": number})

    def kill_extension(self, path: str) -> bool:
        return self._tell({"order": "kill", "path": path})

    def close(self) -> None:
        """Idempotent."""
        self._lost()
        for started in self._extensions.values():
            if started.process.output >= 0:
                os.close(started.process.output)
                started.process.output = -1

    # ---------------------------------------------------------------- orders

    def _tell(self, order: Mapping[str, Any]) -> bool:
        with suppress(SandboxFault):
            self._order(order)
            return True
        return False

    def _order(self, order: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        if self._control is None:
            raise SandboxFault("this sandbox has no supervisor: it has ended, or the function has no layers (level bwrap)")
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._control.sendmsg([json.dumps(order).encode()], beside)
        except OSError as error:
            raise SandboxFault(f"the sandbox does not take orders: {error}") from error

    # ---------------------------------------------------------------- what it says

    def _readable(self) -> None:
        if self._control is None:
            return
        space = socket.CMSG_SPACE(4 * _DESCRIPTORS)
        try:
            data, ancillary, _, _ = self._control.recvmsg(_MESSAGE, space, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, ancillary = b"", []
        descriptors = _descriptors(ancillary)
        try:
            if not data:
                self._lost()
            elif len(data) == STATUS.size:
                self._on_runtime_exit(exit_of(STATUS.unpack(data)[0]))
            else:
                self._heard(json.loads(data), descriptors)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._lost()  # it is not ours any more that speaks
        finally:
            for each in descriptors:
                os.close(each)

    def _heard(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        kind = message["event"]
        if kind == "socket":
            self._hand_out(descriptors)
            return
        started, number = self._extensions[message["path"]], int(message["number"])
        if kind == "exited":
            _end(started.process, exit_of(number))
        elif not started.answered.done():
            started.answered.set_result(number if kind == "refused" else 0)

    def _hand_out(self, descriptors: list[int]) -> None:
        waiting = self._sockets.popleft() if self._sockets else None
        if waiting is None or waiting.done():
            return
        if not descriptors:
            waiting.set_exception(SandboxFault("the sandbox has no socket left"))
            return
        made = socket.socket(fileno=descriptors.pop(0))
        made.settimeout(0)
        if (made.family, made.type) != (socket.AF_INET, socket.SOCK_STREAM):
            made.close()
            waiting.set_exception(SandboxFault("the sandbox gave something else than a socket"))
            return
        waiting.set_result(made)

    def _lost(self) -> None:
        control, self._control = self._control, None
        if control is None:
            return
        self._loop.remove_reader(control)
        control.close()
        self._on_runtime_exit(Exit(signal=signal.SIGKILL))
        fault = SandboxFault("the sandbox has ended")
        for started in self._extensions.values():
            if not started.answered.done():
                started.answered.set_exception(fault)
                started.answered.exception()  # nobody may be waiting any more
            _end(started.process, Exit(signal=signal.SIGKILL))
        for waiting in self._sockets:
            if not waiting.done():
                waiting.set_exception(fault)


def exit_of(status: int) -> Exit:
    """A wait status in our words."""
    code = os.waitstatus_to_exitcode(status)
    return Exit(code=code) if code >= 0 else Exit(signal=-code)


def _end(process: ExtensionProcess, how: Exit) -> None:
    if not process.exited.done():
        process.exited.set_result(how)


def _descriptors(ancillary: Sequence[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return list(found)
