"""A runtime process under the keeper (runtimes/sandbox/keeper.py): its pipes on our side, its end, its death."""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lambent.adapters.sandbox.client_files import runtimes_directory
from lambent.adapters.sandbox.process_tree import ProcessTree
from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault

_END_SECONDS = 10.0
_WORD = struct.Struct("=i")


class KeptProcess:
    """Started at once; `end` must be awaited by its owner. Our ends are non-blocking."""

    def __init__(self, command: list[str], *, environment: Mapping[str, str], folder: Path, extra: tuple[int, ...] = ()) -> None:
        """`extra` descriptors are inherited by the keeper alone under their own numbers. Raises SandboxFault."""
        self.channel, channel_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.output, output_inside = os.pipe()
        self.telemetry, telemetry_inside = os.pipe()
        self._report, report_inside = os.pipe()
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._said = b""
        for descriptor in (self.output, self.telemetry, self._report):
            os.set_blocking(descriptor, False)
        self.channel.settimeout(0)
        numbers = (channel_inside.fileno(), telemetry_inside, report_inside)
        keeper = [sys.executable, "-I", "-S", str(runtimes_directory() / "sandbox" / "keeper.py"), *map(str, numbers)]
        try:
            # On the loop's own thread: the keeper dies with the thread that started it.
            self._keeper = subprocess.Popen(  # noqa: S603 - our own program
                [*keeper, *command],
                stdin=subprocess.DEVNULL,
                stdout=output_inside,
                stderr=output_inside,
                pass_fds=(*numbers, *extra),
                env=dict(environment),
                cwd=folder,
            )
        except OSError as error:
            self._close()
            raise SandboxFault(f"cannot start {command[0]}: {error}") from error
        finally:
            channel_inside.close()
            for descriptor in (output_inside, telemetry_inside, report_inside):
                os.close(descriptor)
        self.tree = ProcessTree(self._keeper.pid)
        asyncio.get_running_loop().add_reader(self._report, self._on_report)

    async def end(self) -> None:
        """Kill everything that descends from the keeper and free our ends. Idempotent, never raises."""
        with suppress(ProcessLookupError):
            self._keeper.terminate()
        try:
            await asyncio.to_thread(self._keeper.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            await asyncio.to_thread(self._keeper.wait)
        self._over(Exit(signal=signal.SIGKILL))
        self._close()

    def _on_report(self) -> None:
        try:
            said = os.read(self._report, 64)
        except BlockingIOError:
            return
        self._said += said
        if len(self._said) >= 2 * _WORD.size:
            self._over(_exit_of(_WORD.unpack_from(self._said, _WORD.size)[0]))
        elif not said:
            self._over(Exit(signal=signal.SIGKILL))

    def _over(self, ended: Exit) -> None:
        asyncio.get_running_loop().remove_reader(self._report)
        if not self.exited.done():
            self.exited.set_result(ended)

    def _close(self) -> None:
        self.channel.close()
        for descriptor in (self.output, self.telemetry, self._report):
            with suppress(OSError):
                os.close(descriptor)
        self.output = self.telemetry = self._report = -1


def _exit_of(status: int) -> Exit:
    if os.WIFSIGNALED(status):
        return Exit(signal=os.WTERMSIG(status))
    return Exit(code=os.waitstatus_to_exitcode(status))
