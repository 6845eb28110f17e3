"""AWS's own runtime client and a shell loop with curl run unmodified against the HTTP Runtime API."""

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import deployed, result_of

ROOT = Path(__file__).parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"


def test_a_shell_bootstrap_with_curl_serves_invocations(client: Any) -> None:
    if not shutil.which("curl"):
        pytest.skip("this host has no curl")
    source = (ROOT / "examples" / "shell-bootstrap" / "bootstrap").read_text()
    name = deployed(client, {"bootstrap": source}, runtime="provided.al2023", handler="any", Timeout=10)
    for n in range(3):
        assert result_of(client.invoke(FunctionName=name, Payload=json.dumps({"n": n}))) == {"echo": {"n": n}}


def test_a_missing_or_unusable_bootstrap_is_an_invalid_entrypoint(client: Any) -> None:
    for files, modes in (({"other": "x"}, {}), ({"bootstrap": "#!/bin/sh\n"}, {"bootstrap": 0o644})):
        name = deployed(client, dict(files), runtime="provided.al2023", handler="any", modes=modes)
        reply = client.invoke(FunctionName=name)
        assert reply["FunctionError"] == "Unhandled"
        error = result_of(reply)
        assert error["errorType"] == "Runtime.InvalidEntrypoint"
        assert error["errorMessage"].startswith(f"RequestId: {reply['ResponseMetadata']['RequestId']} Error: ")


def awslambdaric_files() -> dict[str, str | bytes]:
    """awslambdaric as installed, without its compiled part (it falls back to no native client only where built): all of its files."""
    files: dict[str, str | bytes] = {}
    for package in ("awslambdaric", "simplejson", "snapshot_restore_py"):
        for file in importlib.metadata.files(package) or []:
            path = Path(str(file.locate()))
            if path.is_file() and "__pycache__" not in path.parts and ".." not in file.parts:
                files[str(file)] = path.read_bytes()
    return files


def test_awslambdaric_serves_a_function_as_it_does_at_aws(client: Any, diagnosis: dict[str, Any]) -> None:
    """The compiled client belongs to the interpreter of this test run, so that interpreter's runtime is what it needs."""
    import sys

    runtime = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if runtime not in diagnosis["runtimes"]:
        pytest.skip(f"no {runtime} in a sandbox here")
    wrapper = '#!/bin/sh\nexport PYTHONPATH=/var/task\nexec "$1" -m awslambdaric f.handler\n'
    source = "def handler(e, c): return [e, c.function_name, c.aws_request_id, c.get_remaining_time_in_millis() > 0]"
    name = deployed(
        client,
        {**awslambdaric_files(), "f.py": source, "wrapper": wrapper},
        runtime=runtime,
        Timeout=10,
        MemorySize=512,
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}},
    )
    if diagnosis["chosen"] is None:
        pytest.skip("needs a sandbox with Lambda's paths")
    reply = client.invoke(FunctionName=name, Payload=b'{"a": 1}')
    assert result_of(reply) == [{"a": 1}, name, reply["ResponseMetadata"]["RequestId"], True]
    failing = client.invoke(FunctionName=name, Payload=b'{"b": 1}')
    assert "FunctionError" not in failing
