"""One running bwrap: started with everything it inherits, watched to its end, killed with all that is inside."""

import array
import asyncio
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

from lambent.adapters.sandbox.bwrap_arguments import Descriptors
from lambent.adapters.sandbox.process_tree import ProcessTree
from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault

_START_SECONDS = 20.0
_END_SECONDS = 10.0
_SIGNALS = 128

MakeArguments = Callable[[Sequence[tuple[int, str]], Descriptors], list[str]]


class BwrapProcess:
    """`start` returns when the listeners are made; `exited` is done when the runtime client, or bwrap itself, has ended."""

    def __init__(self) -> None:
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.listeners: list[socket.socket] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = -1
        self._first_inside = -1
        self._tree: ProcessTree | None = None

    async def start(
        self,
        program: str,
        make_arguments: MakeArguments,
        files: Mapping[str, str],
        inherited: tuple[int, int, int],
        seccomp: bytes,
    ) -> socket.socket:
        """`inherited` are the inner ends of output, channel and telemetry. Returns our end of the launcher's socket, on which its
        supervisor listens, if it stays. Raises SandboxFault."""
        hand, hand_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        information, information_inside = os.pipe()
        with ExitStack() as ours:
            broken = ours.enter_context(ExitStack())
            broken.callback(hand.close)
            ours.callback(hand_inside.close)
            ours.callback(os.close, information)
            output, channel, telemetry = inherited
            numbers = Descriptors(
                hand=hand_inside.fileno(), channel=channel, telemetry=telemetry,
                seccomp=_in_memory(seccomp, ours), information=information_inside,
            )  # fmt: skip
            contents = [(_in_memory(content.encode(), ours), target) for target, content in files.items()]
            words = make_arguments(contents, numbers)
            split = words.index("--")
            # Not on the command line: the function may read that of the first process inside.
            listed = _in_memory(b"".join(each.encode() + b"\0" for each in words[:split]), ours)
            mine = [
                listed,
                numbers.seccomp,
                information_inside,
                numbers.hand,
                channel,
                telemetry,
                *(each for each, _ in contents),
            ]
            try:
                self._spawn([program, "--args", str(listed), *words[split:]], output, mine)
            finally:
                os.close(information_inside)
            hand_inside.close()
            self.listeners = await self._receive(hand)
            self._find_first(os.read(information, 4096))
            broken.pop_all()
            return hand

    @property
    def tree(self) -> ProcessTree | None:
        """What runs inside; None before and after."""
        return None if self._watch < 0 else self._tree

    def over(self, how: Exit) -> None:
        """The runtime client has ended. The first word counts."""
        if not self.exited.done():
            self.exited.set_result(how)

    async def end(self) -> None:
        """Kill everything. Idempotent, never raises."""
        for listener in self.listeners:
            listener.close()
        self.listeners.clear()
        if self._process is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(self._first_inside, signal.SIGKILL)
            with suppress(OSError):
                self._process.kill()
            await asyncio.to_thread(self._await_end)
            self._watched()
        self.over(Exit(signal=signal.SIGKILL))
        if self._first_inside >= 0:
            os.close(self._first_inside)
            self._first_inside = -1

    def _spawn(self, command: list[str], output: int, inherited: Sequence[int]) -> None:
        try:
            # On the loop's own thread: bwrap dies with the thread that started it.
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=inherited, env={}, cwd="/"
            )
        except OSError as error:
            raise SandboxFault(f"cannot start bwrap: {error}") from error
        self._watch = os.pidfd_open(self._process.pid)
        asyncio.get_running_loop().add_reader(self._watch, self._watched)

    async def _receive(self, hand: socket.socket) -> list[socket.socket]:
        hand.settimeout(0)
        loop = asyncio.get_running_loop()
        readable = loop.create_future()
        loop.add_reader(hand, lambda: None if readable.done() else readable.set_result(None))
        try:
            async with asyncio.timeout(_START_SECONDS):
                await readable
            _, ancillary, _, _ = hand.recvmsg(1, socket.CMSG_SPACE(8))
        except (TimeoutError, OSError) as error:
            raise SandboxFault(f"the sandbox was not made: {error or 'it took too long'}") from error
        finally:
            loop.remove_reader(hand)
        numbers = array.array("i")
        for _, _, data in ancillary:
            numbers.frombytes(data)
        if len(numbers) != 2:
            raise SandboxFault("the sandbox was not made: bwrap ended early")
        listeners = [socket.socket(fileno=each) for each in numbers]
        for each in listeners:
            each.settimeout(0)
        return listeners

    def _find_first(self, information: bytes) -> None:
        try:
            first = int(json.loads(information)["child-pid"])
            self._first_inside = os.pidfd_open(first)
            self._tree = ProcessTree(first)
        except (ValueError, KeyError, OSError) as error:
            raise SandboxFault(f"the sandbox was not made: {error}") from error

    def _watched(self) -> None:
        if self._process is None or self._process.poll() is None or self._watch < 0:
            return
        asyncio.get_running_loop().remove_reader(self._watch)
        os.close(self._watch)
        self._watch = -1
        self.over(_exit_of(self._process.returncode))

    def _await_end(self) -> None:
        """The first process inside ends last, when the kernel has killed all others of its namespace."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        if self._first_inside >= 0:
            select.select([self._first_inside], [], [], _END_SECONDS)


def _in_memory(content: bytes, stack: ExitStack) -> int:
    descriptor = os.memfd_create("bwrap", os.MFD_CLOEXEC)
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _exit_of(code: int) -> Exit:
    """Bwrap reports a signal as a shell does; a status of its own above 128 cannot be told from it."""
    if code < 0:
        return Exit(signal=-code)
    return Exit(signal=code - _SIGNALS) if _SIGNALS < code <= _SIGNALS + 64 else Exit(code=code)
