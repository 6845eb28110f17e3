"""The AWS command line interface, unmodified: its usual commands, waiters, paginators and exit codes."""

import base64
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ROLE, zipped

INSTALLED = Path(__file__).parents[2] / ".tools" / "aws_cli" / "bin" / "aws"
REFUSED = 255
"""Version 1's exit code for an error that the service answered; version 2 has 254."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(server: Any, tmp_path: Path) -> Run:
    """Run one command; its folder and home are the test's."""
    found = str(INSTALLED) if INSTALLED.exists() else shutil.which("aws")
    if found is None:
        pytest.skip("there is no AWS CLI: scripts/clients.sh says why")

    def run_words(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
            "HOME": str(tmp_path),
        }
        command = [found, *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)

    return run_words


@pytest.fixture
def aws(run: Run) -> Callable[..., str]:
    """Run one command that must succeed; its standard output."""

    def aws_words(*words: str) -> str:
        done = run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return aws_words


@pytest.fixture
def name(aws: Any, tmp_path: Path, python_runtime: str) -> str:
    """A function that is active, made by the CLI."""
    made = f"cli-{uuid.uuid4().hex[:10]}"
    (tmp_path / "code.zip").write_bytes(zipped({"f.py": "def handler(event, context): return [1, event]"}))
    words = ["--runtime", python_runtime, "--handler", "f.handler", "--role", ROLE, "--zip-file", "fileb://code.zip", "--publish"]
    aws("lambda", "create-function", "--function-name", made, *words)
    aws("lambda", "wait", "function-active-v2", "--function-name", made)
    return made


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


def test_every_waiter_ends_well(aws: Any, name: str) -> None:
    for waiter in ("function-exists", "function-active", "function-active-v2", "function-updated", "function-updated-v2"):
        aws("lambda", "wait", waiter, "--function-name", name)
    aws("lambda", "wait", "published-version-active", "--function-name", name, "--qualifier", "1")


def test_code_is_updated_and_an_alias_moved_and_invoked(aws: Any, name: str, tmp_path: Path) -> None:
    shared = ["--function-name", name]
    alias = json.loads(aws("lambda", "create-alias", *shared, "--name", "live", "--function-version", "1"))
    (tmp_path / "two.zip").write_bytes(zipped({"f.py": "def handler(event, context): return [2, event]"}))
    made = json.loads(aws("lambda", "update-function-code", *shared, "--zip-file", "fileb://two.zip", "--publish"))
    assert made["Version"] == "2"
    aws("lambda", "wait", "function-updated-v2", *shared)
    words = ["--name", "live", "--function-version", "2", "--revision-id", alias["RevisionId"]]
    assert json.loads(aws("lambda", "update-alias", *shared, *words))["FunctionVersion"] == "2"
    payload = ["--payload", '{"a": 1}']
    reply = json.loads(aws("lambda", "invoke", *shared, "--qualifier", "live", *payload, "--log-type", "Tail", "out.json"))
    assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "2")
    assert base64.b64decode(reply["LogResult"]).startswith(b"START RequestId: ")
    assert json.loads((tmp_path / "out.json").read_text()) == [2, {"a": 1}]


def test_listings_page_by_page_and_resume_from_a_token(aws: Any, name: str) -> None:
    shared = ["--function-name", name]
    for number in range(4):
        aws("lambda", "create-alias", *shared, "--name", f"a{number}", "--function-version", "1")
    every = json.loads(aws("lambda", "list-aliases", *shared, "--page-size", "2"))["Aliases"]
    first = json.loads(aws("lambda", "list-aliases", *shared, "--max-items", "3"))
    rest = json.loads(aws("lambda", "list-aliases", *shared, "--starting-token", first["NextToken"]))
    assert [each["Name"] for each in every] == ["a0", "a1", "a2", "a3"]
    assert first["Aliases"] + rest["Aliases"] == every
    versions = aws("lambda", "list-versions-by-function", *shared, "--page-size", "1", "--query", "Versions[].Version")
    assert json.loads(versions) == ["$LATEST", "1"]


def test_settings_tags_and_permissions_are_made_by_shorthand(aws: Any, name: str) -> None:
    shared = ["--function-name", name]
    words = ["--memory-size", "256", "--environment", "Variables={COLOUR=red,SHAPE=round}", "--ephemeral-storage", "Size=1024"]
    changed = json.loads(aws("lambda", "update-function-configuration", *shared, *words))
    assert (changed["MemorySize"], changed["EphemeralStorage"]) == (256, {"Size": 1024})
    assert changed["Environment"] == {"Variables": {"COLOUR": "red", "SHAPE": "round"}}
    aws("lambda", "wait", "function-updated", *shared)
    aws("lambda", "tag-resource", "--resource", changed["FunctionArn"], "--tags", "team=x,stage=y")
    assert json.loads(aws("lambda", "list-tags", "--resource", changed["FunctionArn"]))["Tags"] == {"team": "x", "stage": "y"}
    grant = ["--statement-id", "s3", "--action", "lambda:InvokeFunction", "--principal", "s3.amazonaws.com"]
    statement = json.loads(json.loads(aws("lambda", "add-permission", *shared, *grant))["Statement"])
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    policy = json.loads(json.loads(aws("lambda", "get-policy", *shared))["Policy"])
    assert policy["Statement"] == [statement]


def test_an_error_is_told_with_its_code_and_operation(run: Run, name: str) -> None:
    taken = run("lambda", "get-function", "--function-name", f"{name}-not")
    assert taken.returncode == REFUSED
    words = "An error occurred (ResourceNotFoundException) when calling the GetFunction operation: Function not found: arn:aws:lambda:"
    assert words in taken.stderr
    refused = run("lambda", "update-function-configuration", "--function-name", name, "--timeout", "901")
    assert refused.returncode == REFUSED
    assert "An error occurred (InvalidParameterValueException) when calling the UpdateFunctionConfiguration" in refused.stderr
    assert "Member must have value less than or equal to 900" in refused.stderr
