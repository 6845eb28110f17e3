"""The JavaScript SDK (v3), unmodified: programs of node's own test runner against a real server."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import zipped

PROGRAMS = Path(__file__).parent / "javascript"
MODULES = Path(__file__).parents[2] / ".tools" / "javascript" / "node_modules"
OLDEST_NODE = 20
"""What the pinned SDK asks for."""
ECHO = """
def handler(event, context):
    if "print" in event:
        print(event["print"])
    if "raise" in event:
        raise ValueError(event["raise"])
    return context.client_context.custom if "context" in event else event
"""


def node_version(node: str) -> int:
    return int(
        subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout[1:].split(".")[0]
    )


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None or node_version(found) < OLDEST_NODE:
        pytest.skip(f"this host has no Node.js of version {OLDEST_NODE} or newer")
    if not (MODULES / "@aws-sdk" / "client-lambda").is_dir():
        pytest.skip("the JavaScript SDK is not installed: scripts/clients.sh says why")
    return found


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for name in ("one", "two"):
        (folder / f"{name}.zip").write_bytes(zipped({"f.py": f"def handler(event, context): return {json.dumps(name)}"}))
    (folder / "echo.zip").write_bytes(zipped({"f.py": ECHO}))
    return folder


@pytest.mark.parametrize("program", sorted(each.name for each in PROGRAMS.glob("*.test.cjs")))
def test_every_test_of_the_program_passes(program: str, node: str, packages: Path, server: Any, python_runtime: str) -> None:
    variables = {
        "NODE_PATH": str(MODULES),
        "PARITY_ENDPOINT": server.endpoint,
        "PARITY_PACKAGES": str(packages),
        "PARITY_RUNTIME": python_runtime,
    }
    command = [node, "--test", "--test-reporter=tap", PROGRAMS / program]
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=400, check=False, cwd=packages
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = (PROGRAMS / program).read_text("utf-8").count("\ntest(")
    assert f"\n# pass {written}\n" in done.stdout, done.stdout
