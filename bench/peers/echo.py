"""Peer: the echo server, the least that an HTTP server in this language costs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers.process import clean_environment, free_port, server
from bench.presigned import Target

PROGRAM = Path(__file__).with_name("echo_server.py")


@contextmanager
def running(folder: Path) -> Iterator[Target]:
    """One process on one port."""
    port = free_port()
    with server((sys.executable, PROGRAM, str(port)), port=port, folder=folder, environment=clean_environment(), name="echo"):
        yield Target(port=port, function="echo")
