"""Run one server beside us: started in its own process group, awaited until it answers, stopped whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 10.0
BASE_PYTHON = getattr(sys, "_base_executable", None) or sys.executable
"""The interpreter outside of our virtual environment: peers must not see our packages."""


class StartFailed(Exception):
    """A server did not come up; the message has the end of its log."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**extra: str) -> dict[str, str]:
    """Ours without what would change how a peer or a function runs, and with `extra`."""
    dropped = ("AWS_", "LAMBENT_", "PYTHON", "VIRTUAL_ENV", "NODE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)} | extra


@contextmanager
def server(
    command: Sequence[str | Path], *, port: int, folder: Path, environment: Mapping[str, str], name: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process, once it accepts connections on `port`. Its output, logs included, goes to `folder`/`name`.log."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _await_port(process, port, log)
            yield process
        finally:
            _stop(process)


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartFailed(f"{process.args!r} did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """The whole group: some peers leave the processes of their functions behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=STOP_SECONDS)
