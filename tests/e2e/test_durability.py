"""Nothing accepted is lost: the server is killed with SIGKILL and started again on the same data."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ServerProcess, deployed, result_of, zipped

Start = Callable[..., ServerProcess]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def events_of(logs: Any, name: str) -> list[str]:
    try:
        return [event["message"] for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_functions_versions_aliases_and_layers_survive_a_kill(start_server: Start, python_runtime: str) -> None:
    server = start_server()
    client = server.client()
    layer = client.publish_layer_version(LayerName="l", Content={"ZipFile": zipped({"python/lay.py": "X = 5"})})[
        "LayerVersionArn"
    ]
    name = deployed(
        client, {"f.py": "import lay\ndef handler(e, c): return lay.X"}, runtime=python_runtime, Layers=[layer], Publish=True
    )
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    before = client.get_function(FunctionName=name)["Configuration"]
    server.kill()
    client = server.start().client()
    after = client.get_function(FunctionName=name)["Configuration"]
    assert after == before
    assert result_of(client.invoke(FunctionName=name, Qualifier="live")) == 5


def test_a_function_created_just_before_the_kill_becomes_active_after_it(start_server: Start, python_runtime: str) -> None:
    server = start_server()
    client = server.client()
    package = zipped({"f.py": "def handler(e, c): return 'alive'", "padding": os.urandom(3 << 20)})
    client.create_function(
        FunctionName="late",
        Runtime=python_runtime,
        Handler="f.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": package},
    )
    server.kill()
    client = server.start().client()
    client.get_waiter("function_active_v2").wait(FunctionName="late", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400})
    assert result_of(client.invoke(FunctionName="late")) == "alive"


def test_an_accepted_event_runs_although_the_server_was_killed_at_once(start_server: Start, python_runtime: str) -> None:
    server = start_server()
    client = server.client()
    name = deployed(client, {"f.py": "def handler(e, c): print('ran', e['n'], c.aws_request_id)"}, runtime=python_runtime)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    accepted = {}
    for n in range(20):
        reply = client.invoke(FunctionName=name, InvocationType="Event", Payload=f'{{"n": {n}}}')
        assert reply["StatusCode"] == 202
        accepted[n] = reply["ResponseMetadata"]["RequestId"]
    server.kill()
    logs = server.start().client("logs")
    expected = {f"ran {n} {request}" for n, request in accepted.items()}
    wait_until(lambda: expected <= {line.strip() for line in events_of(logs, name)}, "every accepted event ran", seconds=90)


def test_the_data_directory_may_be_copied_while_stopped(
    start_server: Start, python_runtime: str, folder_for_servers: Path
) -> None:
    server = start_server()
    name = deployed(server.client(), {"f.py": "def handler(e, c): return 'copied'"}, runtime=python_runtime)
    server.stop()
    shutil.copytree(server.data, folder_for_servers / f"copy-{os.getpid()}", symlinks=True)
    client = start_server(data=folder_for_servers / f"copy-{os.getpid()}").client()
    assert result_of(client.invoke(FunctionName=name)) == "copied"


def test_a_second_server_on_the_same_data_is_refused(start_server: Start) -> None:
    server = start_server()
    with pytest.raises(AssertionError, match="another Lambent"):
        start_server(data=server.data)


def test_sandboxes_die_with_the_server(start_server: Start, python_runtime: str, native: None) -> None:
    server = start_server()
    client = server.client()
    marker = f"marker-{os.getpid()}-{time.monotonic_ns()}"
    source = f"import subprocess\ndef handler(e, c):\n    subprocess.Popen(['/bin/sh', '-c', 'sleep 300; echo {marker}'], start_new_session=True)\n"
    name = deployed(client, {"f.py": source}, runtime=python_runtime)
    client.invoke(FunctionName=name)

    def alive() -> bool:
        return any(marker in text for text in map(_command_line, Path("/proc").glob("[0-9]*/cmdline")))

    assert alive()
    server.kill()
    wait_until(lambda: not alive(), "the function's processes died with the server")


def _command_line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
