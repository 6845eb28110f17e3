"""The warden's end of one zygote: starts it, sends it orders, hears its events. Standard library only."""

import array
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

GONE = "the zygote has ended"
"""A create may be tried again with another one."""
_MESSAGE = 256 * 1024
_DESCRIPTORS = 32
_SO_SNDBUFFORCE = 32
_BUFFER = 4 * 1024 * 1024
_END_SECONDS = 5.0


def receive(link: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """One JSON message and the descriptors beside it, close-on-exec; (None, []) at the end. Raises BlockingIOError."""
    data, ancillary, _, _ = link.recvmsg(_MESSAGE, socket.CMSG_SPACE(4 * _DESCRIPTORS), socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return (json.loads(data) if data else None), list(descriptors)


def send(link: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
    """The reverse. Raises OSError."""
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    link.sendmsg([json.dumps(message).encode()], beside)


def link_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep messages apart and in order, with room for a burst of orders."""
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _BUFFER)
    return pair


class Zygote:
    """One started process. Its owner reads `link` and calls `close` at the end."""

    def __init__(self, programs: Path, plan: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """Raises OSError. `plan` is of the root, `settings` of the zygote (native/root_plan.py)."""
        self.alive = True
        self.started = False
        self._waiting: list[tuple[Mapping[str, Any], list[int]]] = []
        self.link, inside = link_pair()
        with inside:
            program = [sys.executable, "-I", "-S", str(programs / "sandbox" / "enter.py"), str(inside.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                program, pass_fds=[inside.fileno()], stdin=subprocess.DEVNULL, env=dict(plan["environment"]), cwd="/"
            )
        send(self.link, plan)
        send(self.link, settings)

    def order(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Now, or when it has started; the descriptors remain the caller's. Raises OSError when it is gone."""
        if not self.alive:
            raise BrokenPipeError(GONE)
        if self.started:
            send(self.link, message, descriptors)
        else:
            self._waiting.append((message, [os.dup(each) for each in descriptors]))

    def on_started(self) -> None:
        """Send what has waited."""
        self.started = True
        for message, descriptors in self._waiting:
            send(self.link, message, descriptors)
        self._forget_waiting()

    def close(self) -> None:
        """Kill it, and with it every sandbox that it forked. Never raises."""
        self.alive = False
        self._forget_waiting()
        self.link.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)

    def _forget_waiting(self) -> None:
        for _, descriptors in self._waiting:
            for each in descriptors:
                os.close(each)
        self._waiting.clear()
