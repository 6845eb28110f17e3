"""Peer: MiniStack, with functions as plain processes of this machine's Python."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.deploying import Lambda
from bench.peers import install
from bench.peers.process import clean_environment, free_port, server


@contextmanager
def running(folder: Path, python: str) -> Iterator[Lambda]:
    """Its Lambda API. Raises Absent."""
    packages, port = install.ministack(), free_port()
    home = folder / "ministack-home"
    home.mkdir(exist_ok=True)
    environment = clean_environment(PYTHONPATH=str(packages), GATEWAY_PORT=str(port), HOME=str(home))
    with server((python, "-m", "ministack"), port=port, folder=folder, environment=environment, name="ministack"):
        yield Lambda(port)
