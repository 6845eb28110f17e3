"""The main job: an unmodified function, deployed with plain boto3, answers as at AWS."""

import base64
import json
import platform
import re
from typing import Any

import pytest

from tests.server_process import deployed, result_of, updated, zipped

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def tail_of(reply: dict[str, Any]) -> str:
    return base64.b64decode(reply["LogResult"]).decode()


def test_a_python_function_gets_its_event_and_context(client: Any, python_runtime: str) -> None:
    source = """
def handler(event, context):
    return {
        "event": event,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "request": context.aws_request_id,
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "remaining": context.get_remaining_time_in_millis(),
    }
"""
    name = deployed(client, {"f.py": source}, runtime=python_runtime, MemorySize=256)
    reply = client.invoke(FunctionName=name, Payload=json.dumps({"grüße": [1, None, "x"]}))
    result = result_of(reply)
    assert result["event"] == {"grüße": [1, None, "x"]}
    assert result["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert (result["name"], result["version"], result["memory"]) == (name, "$LATEST", "256")
    assert result["request"] == reply["ResponseMetadata"]["RequestId"]
    assert result["group"] == f"/aws/lambda/{name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", result["stream"])
    assert 0 < result["remaining"] <= 3000
    assert reply["ExecutedVersion"] == "$LATEST"


def test_the_log_lines_are_lambdas_own(server: Any, client: Any, python_runtime: str) -> None:
    source = """
import logging
logging.getLogger().setLevel('INFO')
def handler(e, c):
    print('plain')
    logging.info('two\\nlines')
"""
    name = deployed(client, {"f.py": source}, runtime=python_runtime)
    cold, warm = (tail_of(client.invoke(FunctionName=name, LogType="Tail")) for _ in range(2))
    assert cold.startswith("START RequestId: ")
    assert re.match(rf"START RequestId: {UUID} Version: \$LATEST\nplain\n", warm)
    assert re.search(rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT[\d:.]+Z\t{UUID}\ttwo\nlines\n", warm)
    report = (
        rf"\nEND RequestId: {UUID}\nREPORT RequestId: {UUID}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t"
    )
    assert re.search(report + r"Init Duration: \d+\.\d\d ms\t\n?$", cold)
    assert re.search(report + r"\n?$", warm)
    events = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert re.match(r"INIT_START Runtime Version: python:3\.\d+\S*\tRuntime Version ARN: arn:\S+$", events[0]["message"])
    assert [each["message"] for each in events].count("plain") == 2


def test_the_environment_is_lambdas(client: Any, python_runtime: str, native: None) -> None:
    source = "import os, sys\ndef handler(e, c):\n    return dict(os.environ, cwd=os.getcwd(), python='%d.%d' % sys.version_info[:2], uid=str(os.getuid()))\n"
    name = deployed(client, {"f.py": source}, runtime=python_runtime, Environment={"Variables": {"MINE": "yes", "LANG": "C"}})
    seen = result_of(client.invoke(FunctionName=name))
    expected = {
        "_HANDLER": "f.handler",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{python_runtime}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
        "MINE": "yes",
        "LANG": "C",
        "cwd": "/var/task",
        "python": python_runtime.removeprefix("python"),
    }
    assert {key: seen.get(key) for key in expected} == expected
    assert seen["uid"] != "0"


def test_an_exception_is_a_function_error_with_the_python_trace(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c):\n    raise KeyError('lost')\n"}, runtime=python_runtime)
    reply = client.invoke(FunctionName=name)
    body = result_of(reply)
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert list(body) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (body["errorMessage"], body["errorType"]) == ("'lost'", "KeyError")
    assert body["stackTrace"][0].endswith("line 2, in handler\n    raise KeyError('lost')\n")


def test_a_timeout_is_a_function_error_and_the_report_says_so(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "import time\ndef handler(e, c):\n    time.sleep(30)\n"}, runtime=python_runtime, Timeout=1)
    reply = client.invoke(FunctionName=name, LogType="Tail")
    request = reply["ResponseMetadata"]["RequestId"]
    assert result_of(reply) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request} Error: Task timed out after 1.00 seconds",
    }
    assert re.search(r"REPORT .*\tStatus: timeout\n?$", tail_of(reply))


def test_a_node_function_answers_and_throws(client: Any, node_runtime: str) -> None:
    source = "exports.handler = async (event, context) => { console.log('seen', event.n); if (!event.n) throw new TypeError('no n'); return event.n * 2 }"
    name = deployed(client, {"index.js": source}, runtime=node_runtime, handler="index.handler")
    good = client.invoke(FunctionName=name, Payload=b'{"n": 21}', LogType="Tail")
    assert result_of(good) == 42
    assert re.search(rf"\d{{4}}-\d\d-\d\dT[\d:.]+Z\t{UUID}\tINFO\tseen 21", tail_of(good))
    bad = client.invoke(FunctionName=name, Payload=b"{}")
    error = result_of(bad)
    assert (bad["FunctionError"], error["errorType"], error["errorMessage"]) == ("Unhandled", "TypeError", "no n")
    assert error["trace"][0] == "TypeError: no n"


def test_a_version_keeps_its_code_and_an_alias_follows_where_it_points(client: Any, python_runtime: str) -> None:
    def code(answer: int) -> dict[str, str | bytes]:
        return {"f.py": f"def handler(e, c):\n    return [{answer}, c.function_version, c.invoked_function_arn]\n"}

    name = deployed(client, code(1), runtime=python_runtime)
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    client.update_function_code(FunctionName=name, ZipFile=zipped(code(2)))
    updated(client, name)
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="2", WaiterConfig={"Delay": 0.05})
    reply = client.invoke(FunctionName=name, Qualifier="live")
    assert reply["ExecutedVersion"] == "1"
    assert result_of(reply) == [1, "1", f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live"]
    client.update_alias(
        FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    versions = {client.invoke(FunctionName=f"{name}:live")["ExecutedVersion"] for _ in range(40)}
    assert versions == {"1", "2"}


def test_layers_are_merged_in_order_and_found_by_the_runtime(client: Any, python_runtime: str) -> None:
    def layer(name: str, files: dict[str, str | bytes]) -> str:
        return str(client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})["LayerVersionArn"])

    first = layer("first", {"python/shared.py": "VALUE = 'first'", "data/only-first": "1"})
    second = layer("second", {"python/shared.py": "VALUE = 'second'"})
    source = """
import os, shared
ROOT = os.path.dirname(os.path.dirname(shared.__file__))
def handler(e, c):
    return [shared.VALUE, os.listdir(ROOT + '/data')]
"""
    name = deployed(client, {"f.py": source}, runtime=python_runtime, Layers=[first, second])
    client.delete_layer_version(LayerName="second", VersionNumber=int(second.rsplit(":", 1)[1]))
    assert result_of(client.invoke(FunctionName=name)) == ["second", ["only-first"]]


def test_updated_code_is_what_the_next_invocation_runs(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): return 'old'"}, runtime=python_runtime)
    assert result_of(client.invoke(FunctionName=name)) == "old"
    client.update_function_code(FunctionName=name, ZipFile=zipped({"f.py": "def handler(e, c): return 'new'"}))
    updated(client, name)
    assert result_of(client.invoke(FunctionName=name)) == "new"
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"AB": "c"}})
    updated(client, name)
    assert result_of(client.invoke(FunctionName=name)) == "new"


def test_a_function_with_reserved_concurrency_zero_is_throttled(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime=python_runtime)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        client.invoke(FunctionName=name)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"].isdecimal()
    client.delete_function_concurrency(FunctionName=name)
    assert result_of(client.invoke(FunctionName=name)) == 1


def test_a_dry_run_runs_nothing(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "raise SystemExit('must not load')"}, runtime=python_runtime)
    reply = client.invoke(FunctionName=name, InvocationType="DryRun")
    assert reply["StatusCode"] == 204
    assert reply["Payload"].read() == b""


def test_the_same_environment_serves_again_and_initialises_once(client: Any, python_runtime: str) -> None:
    source = "import itertools\ncount = itertools.count(1)\ndef handler(e, c): return [next(count), c.log_stream_name]\n"
    name = deployed(client, {"f.py": source}, runtime=python_runtime)
    results = [result_of(client.invoke(FunctionName=name)) for _ in range(5)]
    assert [count for count, _ in results] == [1, 2, 3, 4, 5]
    assert len({stream for _, stream in results}) == 1


def test_a_runtime_this_host_lacks_is_an_honest_error(client: Any) -> None:
    name = deployed(client, {"f.rb": "def handler(event:, context:) = 1"}, runtime="ruby3.4")
    with pytest.raises(client.exceptions.InvalidRuntimeException, match="ruby3"):
        client.invoke(FunctionName=name)


def test_a_function_for_another_architecture_is_an_honest_error(client: Any, python_runtime: str) -> None:
    other = "x86_64" if platform.machine() == "aarch64" else "arm64"
    name = deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime=python_runtime, Architectures=[other])
    with pytest.raises(client.exceptions.InvalidRuntimeException, match=other):
        client.invoke(FunctionName=name)


def test_client_context_reaches_the_function_decoded(client: Any, python_runtime: str) -> None:
    name = deployed(
        client,
        {"f.py": "def handler(e, c): return [c.client_context.custom, c.client_context.client.app_title]"},
        runtime=python_runtime,
    )
    text = base64.b64encode(json.dumps({"custom": {"a": "b"}, "client": {"app_title": "T"}}).encode()).decode()
    assert result_of(client.invoke(FunctionName=name, ClientContext=text)) == [{"a": "b"}, "T"]
