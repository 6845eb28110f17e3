"""InvocationType Event: answered 202 at once, run through the durable queue."""

import time
from typing import Any

import pytest

from tests.server_process import deployed


def test_an_event_is_accepted_at_once_and_runs_once(server: Any, client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): print('event', e['k'], c.aws_request_id)"}, runtime=python_runtime)
    reply = client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"k": "v"}')
    assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
    line = f"event v {reply['ResponseMetadata']['RequestId']}"
    logs = server.client("logs")
    seen: list[str] = []
    deadline = time.monotonic() + 20
    while not any(each.startswith("REPORT") for each in seen) and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        seen = (
            [each["message"] for each in logs.filter_log_events(logGroupName=groups[0]["logGroupName"])["events"]]
            if groups
            else []
        )
    assert [each.strip() for each in seen].count(line) == 1


def test_an_event_over_one_megabyte_is_refused(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): pass"}, runtime=python_runtime)
    payload = b'"' + b"x" * (1024 * 1024) + b'"'
    with pytest.raises(
        client.exceptions.RequestTooLargeException, match=r"1048578 byte payload is too large for the Event invocation type"
    ):
        client.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
