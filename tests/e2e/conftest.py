"""Which runtimes this host has, for end-to-end tests; what is missing skips visibly."""

import json
import subprocess

import pytest

from tests.server_process import LAMBENT


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


@pytest.fixture(scope="session")
def native(diagnosis: dict[str, object]) -> None:
    if diagnosis["chosen"] != "native":
        pytest.skip("needs the native isolation level")
