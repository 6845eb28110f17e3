"""A runtime process under the keeper (runtimes/sandbox/keeper.py): its pipes on our side, its end, its death."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lambent.adapters.sandbox.client_files import runtimes_directory
from lambent.adapters.sandbox.process_tree import ProcessTree
from lambent.adapters.sandbox.supervisor_link import SupervisorLink
from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault

_END_SECONDS = 10.0


class KeptProcess:
    """Started at once; `end` must be awaited by its owner. Our ends are non-blocking."""

    def __init__(self, command: list[str], *, environment: Mapping[str, str], folder: Path, extra: tuple[int, ...] = ()) -> None:
        """`extra` descriptors are inherited by the keeper alone under their own numbers. Raises SandboxFault."""
        self.channel, channel_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.output, output_inside = os.pipe()
        self.telemetry, telemetry_inside = os.pipe()
        control, control_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        for descriptor in (self.output, self.telemetry):
            os.set_blocking(descriptor, False)
        self.channel.settimeout(0)
        numbers = (channel_inside.fileno(), telemetry_inside, control_inside.fileno())
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
            control.close()
            self._close()
            raise SandboxFault(f"cannot start {command[0]}: {error}") from error
        finally:
            channel_inside.close()
            control_inside.close()
            for descriptor in (output_inside, telemetry_inside):
                os.close(descriptor)
        self.tree = ProcessTree(self._keeper.pid)
        self.supervisor = SupervisorLink(control, self._over)

    async def end(self) -> None:
        """Kill everything that descends from the keeper and free our ends. Idempotent, never raises."""
        with suppress(ProcessLookupError):
            self._keeper.terminate()
        try:
            await asyncio.to_thread(self._keeper.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            await asyncio.to_thread(self._keeper.wait)
        self.supervisor.close()
        self._close()

    def _over(self, ended: Exit) -> None:
        if not self.exited.done():
            self.exited.set_result(ended)

    def _close(self) -> None:
        self.channel.close()
        for descriptor in (self.output, self.telemetry):
            with suppress(OSError):
                os.close(descriptor)
        self.output = self.telemetry = -1
