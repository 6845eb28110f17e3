"""Peer: AWS's Runtime Interface Emulator with AWS's Python runtime client: one function, no isolation, its log on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.packages import HANDLERS
from bench.peers import install
from bench.peers.process import clean_environment, free_port, server
from bench.presigned import Target


@contextmanager
def running(folder: Path, python: str) -> Iterator[Target]:
    """The warm function behind the emulator. Raises Absent. Two concurrent requests end it: one client only."""
    binary, client = install.rie(), install.awslambdaric()
    port, api_port = free_port(), free_port()
    shutil.copy(HANDLERS / "echo.py", folder)  # its task root is the folder that it is started in
    environment = clean_environment(PYTHONPATH=str(client))
    addresses = ("--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{api_port}")
    command = (binary, *addresses, python, "-m", "awslambdaric", "echo.handler")
    with server(command, port=port, folder=folder, environment=environment, name="rie"):
        yield Target(port=port, function="function")
