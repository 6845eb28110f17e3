"""Interpreters of this machine and clients started with them."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # --import-mode=importlib leaves the folder out

from harness import RUNTIMES, Client, found, installations, lambda_environment, python_command, write_files

from lambent.core.runtime import RuntimeFamily

PYTHONS = [f"python3.{minor}" for minor in range(8, 16)]
NODES = [name for name in ("node", *(f"node{major}" for major in range(16, 28, 2))) if found(name)] or ["node"]
"""The Node of this machine, and others that are on the path under their version's name."""


def interpreter(name: str) -> str:
    return found(name) or pytest.skip(f"no {name} on this machine")


@pytest.fixture(params=PYTHONS)
def any_python(request: pytest.FixtureRequest) -> str:
    return interpreter(request.param)


@pytest.fixture
def python() -> str:
    """The newest CPython here: for what does not depend on the version."""
    newest = next((path for name in reversed(PYTHONS) if (path := found(name))), None)
    return newest or pytest.skip("no python3.8 to python3.15 on this machine")


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest) -> str:
    return interpreter(request.param)


@pytest.fixture
def is_modern(node: str) -> bool:
    """Whether this Node is driven as Lambda drives Node 24 and later: results are awaited, callbacks are gone."""
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.removeprefix("v").partition(".")[0]) >= 24


RUBIES = [str(each.executable) for each in installations(RuntimeFamily.RUBY)] or [None]
"""Every Ruby that Lambent finds here, also those that `lambent runtimes install` brought."""


@pytest.fixture(params=RUBIES)
def ruby(request: pytest.FixtureRequest) -> str:
    return request.param or pytest.skip("no ruby3.2 or newer on this machine: lambent runtimes install ruby3.3")


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """start_client(command, files, handler, **variables) -> a client that has not been assigned yet; killed after the test."""
    with contextlib.ExitStack() as clients:

        def start(command: list[str], files: dict[str, str | bytes], handler: str, **variables: str | None) -> Client:
            task = tmp_path / "task"
            write_files(task, files)
            return clients.enter_context(Client(command, lambda_environment(task, handler, **variables), handler))

        yield start


@pytest.fixture
def run_python(start_client: Callable[..., Client], python: str) -> Callable[..., Client]:
    """run_python(source, handler="handler", **variables) -> a client of the newest Python with this source as module `f`."""

    def run(source: str, handler: str = "f.handler", **variables: str | None) -> Client:
        return start_client(python_command(python), {"f.py": source}, handler, **variables)

    return run


@pytest.fixture
def run_node(start_client: Callable[..., Client], node: str) -> Callable[..., Client]:
    """run_node(source or files, handler="index.handler", **variables) -> a client of this machine's Node."""

    def run(source: str | dict[str, str], handler: str = "index.handler", **variables: str | None) -> Client:
        files = {"index.js": source} if isinstance(source, str) else source
        return start_client([node, str(RUNTIMES / "node" / "bootstrap.js")], files, handler, **variables)

    return run


@pytest.fixture
def run_ruby(start_client: Callable[..., Client], ruby: str) -> Callable[..., Client]:
    """run_ruby(source or files, handler="app.handler", **variables) -> a client of this machine's Ruby."""

    def run(source: str | dict[str, str], handler: str = "app.handler", **variables: str | None) -> Client:
        files = {"app.rb": source} if isinstance(source, str) else source
        return start_client([ruby, str(RUNTIMES / "ruby" / "bootstrap.rb")], files, handler, **variables)

    return run
