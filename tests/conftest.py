"""What every kind of test may ask for: a real server process, clients for it, and the runtimes of this host."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.server_process import LAMBENT, ServerProcess, unprivileged_can_read

# No test asserts wall-clock speed: machines are shared, and a first run in a new folder builds hypothesis's own tables.
settings.register_profile("lambent", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lambent")


@pytest.fixture(scope="session")
def folder_for_servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that sandboxed users may pass through (pytest makes its own folders private)."""
    folder = tmp_path_factory.mktemp("servers")
    unprivileged_can_read(folder)
    return folder


@pytest.fixture(scope="session")
def start_server(folder_for_servers: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers as processes; all of them end with the session."""
    started: list[ServerProcess] = []

    def start(**options: Any) -> ServerProcess:
        data = options.pop("data", None) or folder_for_servers / f"data-{os.getpid()}-{len(started)}"
        server = ServerProcess(data, **options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """One server that many tests share; they use functions of their own."""
    return start_server()


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Any:
    """An unmodified boto3 Lambda client of the shared server."""
    return server.client("lambda")


@pytest.fixture(scope="session")
def diagnosis() -> dict[str, object]:
    reply = subprocess.run([LAMBENT, "doctor", "--json"], capture_output=True, text=True, timeout=60, check=False)
    return dict(json.loads(reply.stdout))


def _newest(diagnosis: dict[str, object], prefix: str) -> str:
    found = [each for each in diagnosis["runtimes"] if each.startswith(prefix)]  # type: ignore[attr-defined]
    if not found:
        pytest.skip(f"this host has no {prefix} interpreter")
    return str(max(found, key=lambda each: [int(part) for part in each.removeprefix(prefix).removesuffix(".x").split(".")]))


@pytest.fixture(scope="session")
def python_runtime(diagnosis: dict[str, object]) -> str:
    return _newest(diagnosis, "python")


@pytest.fixture(scope="session")
def node_runtime(diagnosis: dict[str, object]) -> str:
    return _newest(diagnosis, "nodejs")
