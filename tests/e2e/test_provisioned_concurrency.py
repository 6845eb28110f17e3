"""Provisioned concurrency on a real server with unmodified boto3: made ahead, spilling over, crashing, restarted."""

import base64
import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ServerProcess, deployed, result_of, updated, zipped

CODE = """
import os, time
CALLS = 0
def handler(event, context):
    global CALLS
    CALLS += 1
    if "exit" in event:
        os._exit(event["exit"])
    time.sleep(event.get("sleep", 0))
    return {"kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "call": CALLS, "pid": os.getpid()}
"""
BROKEN = "raise RuntimeError('not today')\ndef handler(event, context): pass"
SECONDS = 60
PROVISIONED, ON_DEMAND = "provisioned-concurrency", "on-demand"


@pytest.fixture
def name(client: Any, python_runtime: str) -> Iterator[str]:
    """A function with version 1. Its environments end with the test."""
    name = deployed(client, {"f.py": CODE}, runtime=python_runtime, Publish=True, Timeout=30)
    yield name
    client.delete_function(FunctionName=name)


def provision(client: Any, name: str, amount: int, qualifier: str = "1") -> dict[str, Any]:
    return dict(
        client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=amount)
    )


def status(client: Any, name: str, qualifier: str = "1") -> dict[str, Any]:
    return dict(client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier))


def settled(client: Any, name: str, expected: str = "READY", qualifier: str = "1") -> dict[str, Any]:
    """Wait for a status, whatever comes before it."""
    deadline = time.monotonic() + SECONDS
    while (found := status(client, name, qualifier))["Status"] != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def call(client: Any, name: str, event: dict[str, Any] | None = None, qualifier: str = "1") -> Any:
    return result_of(client.invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event or {})))


def log_lines(server: ServerProcess, name: str) -> list[str]:
    events = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [str(event["message"]) for event in events]


def test_the_first_invocation_finds_an_initialised_environment(server: ServerProcess, client: Any, name: str) -> None:
    asked = provision(client, name, 1)
    assert (asked["Status"], asked["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 1)
    ready = settled(client, name)
    assert ready["AllocatedProvisionedConcurrentExecutions"] == ready["AvailableProvisionedConcurrentExecutions"] == 1
    assert [line.partition(" ")[0] for line in log_lines(server, name)] == ["INIT_START", "INIT_REPORT"]
    reply = client.invoke(FunctionName=name, Qualifier="1", Payload="{}", LogType="Tail")
    result = result_of(reply)
    assert (result["kind"], result["call"]) == (PROVISIONED, 1)
    report = base64.b64decode(reply["LogResult"]).decode().splitlines()[-1]
    figures = {part.partition(": ")[0]: part.partition(": ")[2] for part in report.split("\t")}
    duration, billed = float(figures["Duration"].split()[0]), int(figures["Billed Duration"].split()[0])
    assert duration <= billed < duration + 1.01
    assert "Init Duration" in figures
    assert len([line for line in log_lines(server, name) if line.startswith("INIT_")]) == 2


def test_more_than_was_provisioned_runs_on_demand(client: Any, name: str) -> None:
    provision(client, name, 2)
    settled(client, name)
    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(lambda _: call(client, name, {"sleep": 2}), range(3)))
    assert sorted(each["kind"] for each in results) == [ON_DEMAND, PROVISIONED, PROVISIONED]
    assert {call(client, name)["kind"] for _ in range(4)} == {PROVISIONED}
    assert call(client, name, qualifier="$LATEST")["kind"] == ON_DEMAND


def test_a_crashed_environment_is_made_again_before_it_is_needed(client: Any, name: str) -> None:
    provision(client, name, 1)
    settled(client, name)
    reply = client.invoke(FunctionName=name, Qualifier="1", Payload='{"exit": 3}')
    assert json.loads(reply["Payload"].read())["errorType"] == "Runtime.ExitError"
    settled(client, name)
    result = call(client, name)
    assert (result["kind"], result["call"]) == (PROVISIONED, 1)


def test_an_environment_that_is_killed_while_idle_is_made_again(client: Any, python_runtime: str) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    name = deployed(client, {"f.py": CODE, marker: ""}, runtime=python_runtime, Publish=True)
    provision(client, name, 1)
    settled(client, name)
    assert call(client, name)["call"] == 1
    victims = _processes_that_see(marker)
    if not victims:
        pytest.skip("this user cannot look into sandboxes, or this level does not show the code at /var/task")
    for each in victims:
        with suppress(ProcessLookupError):  # the first one's end may be the others'
            os.kill(each, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while not set(_processes_that_see(marker)) - set(victims):
        assert time.monotonic() < deadline, status(client, name)
        time.sleep(0.05)
    settled(client, name)
    result = call(client, name)
    assert (result["kind"], result["call"]) == (PROVISIONED, 1)
    client.delete_function(FunctionName=name)


def _processes_that_see(file: str) -> list[int]:
    """Those in whose root this file is part of a function's code."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and (process / "root/var/task" / file).exists():
                found.append(int(process.name))
        except OSError:  # gone, or not ours to look at
            continue
    return found


def test_a_broken_function_fails_with_the_reason_and_is_ready_once_its_alias_points_to_a_sound_one(
    client: Any, python_runtime: str
) -> None:
    name = deployed(client, {"f.py": BROKEN}, runtime=python_runtime, Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    provision(client, name, 2, "live")
    failed = settled(client, name, "FAILED", "live")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AllocatedProvisionedConcurrentExecutions"] == 0
    client.update_function_code(FunctionName=name, ZipFile=zipped({"f.py": CODE}))
    updated(client, name)
    client.publish_version(FunctionName=name)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert "StatusReason" not in settled(client, name, "READY", "live")
    assert call(client, name, qualifier="live")["kind"] == PROVISIONED
    client.delete_function(FunctionName=name)


def test_a_weighted_alias_has_environments_of_both_versions(client: Any, name: str) -> None:
    client.update_function_code(FunctionName=name, ZipFile=zipped({"f.py": CODE + "# two"}))
    updated(client, name)
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    provision(client, name, 2, "live")
    settled(client, name, qualifier="live")
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    settled(client, name, qualifier="live")
    assert [call(client, name, qualifier=version)["kind"] for version in ("1", "2")] == [PROVISIONED] * 2


def test_fewer_and_none_let_environments_go(client: Any, name: str) -> None:
    provision(client, name, 3)
    settled(client, name)
    provision(client, name, 1)
    assert settled(client, name)["AllocatedProvisionedConcurrentExecutions"] == 1
    client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        status(client, name)
    deadline = time.monotonic() + SECONDS
    while call(client, name)["kind"] != ON_DEMAND:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_they_are_made_again_after_a_restart(
    start_server: Callable[..., ServerProcess], python_runtime: str, ending: str
) -> None:
    server = start_server()
    client = server.client()
    name = deployed(client, {"f.py": CODE}, runtime=python_runtime, Publish=True)
    provision(client, name, 2)
    before = settled(client, name)
    getattr(server, ending)()
    client = server.start().client()
    after = settled(client, name)
    assert {key: after[key] for key in before if key != "ResponseMetadata"} == {
        key: before[key] for key in before if key != "ResponseMetadata"
    }
    result = call(client, name)
    assert (result["kind"], result["call"]) == (PROVISIONED, 1)
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 998
    server.stop()
