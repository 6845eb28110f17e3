"""Start Lambent as a user does, and say on which isolation level and runtimes it runs here."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.deploying import Lambda
from bench.peers.install import Absent
from bench.peers.process import BASE_PYTHON, clean_environment, free_port, server

LAMBENT = Path(sys.executable).with_name("lambent")
OWN_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"


class NoAnswer(Exception):
    """`lambent doctor` did not say what this machine can do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What `lambent doctor` says of this machine, and what the benchmark takes of it."""

    isolation: str
    runtimes: tuple[str, ...]
    interpreters: Mapping[str, str] = field(default_factory=dict)
    """The binary of each runtime that has one."""

    @property
    def peers_python(self) -> str:
        """The interpreter for peers: the very one of our functions, where their packages fit it."""
        return self.interpreters.get(OWN_PYTHON) or BASE_PYTHON

    @property
    def python(self) -> str:
        """The runtime of the interpreter that also runs the peers, or the newest one."""
        return OWN_PYTHON if OWN_PYTHON in self.runtimes else self._newest("python", "")

    @property
    def node(self) -> str:
        return self._newest("nodejs", ".x")

    @property
    def ruby(self) -> str:
        return self._newest("ruby", "")

    def _newest(self, prefix: str, suffix: str) -> str:
        found = [each.removeprefix(prefix).removesuffix(suffix) for each in self.runtimes if each.startswith(prefix)]
        if not found:
            raise Absent(f"no {prefix} interpreter in a sandbox here")
        return f"{prefix}{max(found, key=lambda each: [int(part) for part in each.split('.')])}{suffix}"


def examine(isolation: str | None) -> Host:
    """Ask `lambent doctor`. `isolation` is a level asked for by name; without one, the strongest that this machine can do."""
    command = (LAMBENT, "doctor", "--json")
    reply = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=clean_environment())
    if not reply.stdout:
        raise NoAnswer(f"lambent doctor failed: {reply.stderr[-1000:]}")
    found = json.loads(reply.stdout)
    paths = {name: each["path"] for name, each in found["interpreters"].items()}
    return Host(isolation=isolation or found["chosen"] or "process", runtimes=tuple(found["runtimes"]), interpreters=paths)


def environment(host: Host, **settings: object) -> dict[str, str]:
    """Variables for `lambent start` with these settings."""
    variables = {f"LAMBENT_{name.upper()}": str(value) for name, value in settings.items()}
    return clean_environment(LAMBENT_ISOLATION=host.isolation, **variables)


def command(port: int, data: Path) -> tuple[str, ...]:
    return (str(LAMBENT), "start", "--port", str(port), "--data-dir", str(data))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lambent:
    """A running server."""

    api: Lambda
    process: int


@contextmanager
def running(host: Host, folder: Path, **settings: object) -> Iterator[Lambent]:
    """A server with the data directory `folder`/data, kept for the next one."""
    port, variables = free_port(), environment(host, **settings)
    with server(command(port, folder / "data"), port=port, folder=folder, environment=variables, name="lambent") as process:
        yield Lambent(api=Lambda(port), process=process.pid)
