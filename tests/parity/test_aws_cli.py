"""The AWS command line interface, unmodified, through its usual commands."""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ROLE, zipped


@pytest.fixture
def aws(server: Any, tmp_path: Path) -> Any:
    if not shutil.which("aws"):
        pytest.skip("this host has no AWS CLI")

    def run(*words: str) -> str:
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_PAGER": "",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            ["aws", *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_create_wait_invoke_and_read_the_log(aws: Any, tmp_path: Path, server: Any) -> None:
    name = f"cli-{uuid.uuid4().hex[:10]}"
    (tmp_path / "code.zip").write_bytes(zipped({"bootstrap": "#!/bin/sh\nexit 9\n"}))
    shared = ["--function-name", name]
    made = json.loads(
        aws(
            "lambda",
            "create-function",
            *shared,
            "--runtime",
            "provided.al2023",
            "--handler",
            "x",
            "--role",
            ROLE,
            "--zip-file",
            "fileb://code.zip",
        )
    )
    assert made["State"] == "Pending"
    aws("lambda", "wait", "function-active-v2", *shared)
    reply = json.loads(aws("lambda", "invoke", *shared, "--payload", "{}", "out.json"))
    assert reply["FunctionError"] == "Unhandled"
    assert json.loads((tmp_path / "out.json").read_text())["errorType"] == "Runtime.ExitError"
    messages = json.loads(aws("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{name}"))["events"]
    assert any("Status: error\tError Type: Runtime.ExitError" in each["message"] for each in messages)
    assert name in aws("lambda", "list-functions", "--query", "Functions[].FunctionName", "--output", "text")
    aws("lambda", "delete-function", *shared)
