"""Extensions as real programs in layers, at the strongest level and as plain processes (facts E2, E3)."""

import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.extension_layers import PYTHON, SHELL, deploy_extended
from tests.server_process import ServerProcess, deployed, result_of

ECHO = "def handler(event, context): return event"
PATIENCE = 60.0


@pytest.fixture(scope="module", params=["strongest", "process"])
def extended_server(request: pytest.FixtureRequest, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server() if request.param == "strongest" else start_server(isolation="process")


@pytest.fixture
def lambda_client(extended_server: ServerProcess) -> Any:
    return extended_server.client("lambda")


def log_of(server: ServerProcess, name: str) -> list[str]:
    reply = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
    return [each["message"] for each in reply["events"]]


def logged(server: ServerProcess, name: str, *wanted: str) -> list[str]:
    """The log, once it has a line with each of these."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = log_of(server, name)
        if all(any(each in line for line in lines) for each in wanted):
            return lines
        assert time.monotonic() < deadline, (wanted, lines, server.log()[-3000:])
        time.sleep(0.05)


def position(lines: list[str], part: str) -> int:
    return next(number for number, line in enumerate(lines) if part in line)


def test_a_shell_extension_with_curl_sees_every_invocation_and_the_shutdown(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str
) -> None:
    if not shutil.which("curl"):
        pytest.skip("this host has no curl")
    source = """
import os, time
def handler(event, context):
    if event == "slow":
        time.sleep(60)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "shutdowns")
    return open("/tmp/shutdowns").read() if os.path.exists("/tmp/shutdowns") and event == "read" else event
"""
    name = deploy_extended(lambda_client, python_runtime, source, {"watch.sh": SHELL}, Timeout=8)
    first = lambda_client.invoke(FunctionName=name, Payload=b'{"n": 1}')
    assert result_of(first) == {"n": 1}
    request_id = first["ResponseMetadata"]["RequestId"]
    lines = logged(extended_server, name, "REPORT")
    assert position(lines, "registered as watch.sh in /") < position(
        lines, "EXTENSION\tName: watch.sh\tState: Ready\tEvents: [INVOKE, SHUTDOWN]"
    )
    assert position(lines, "EXTENSION") < position(lines, f"START RequestId: {request_id}")
    event = lines[position(lines, "got {")]
    assert f'"requestId":"{request_id}"' in event
    assert '"eventType":"INVOKE"' in event
    assert f"function:{name}" in event
    timed_out = lambda_client.invoke(FunctionName=name, Payload=b'"slow"')
    assert result_of(timed_out)["errorType"] == "Sandbox.Timedout"
    lines = logged(extended_server, name, '"shutdownReason":"timeout"', "Status: timeout")
    again = lambda_client.invoke(FunctionName=name, Payload=b'"again"')
    assert result_of(again) == "again"


def test_python_extensions_run_beside_each_other_and_their_time_counts(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str
) -> None:
    slow = (
        PYTHON
        + """
me = register("INVOKE", "SHUTDOWN")
while True:
    event = next_event(me)
    if event["eventType"] == "SHUTDOWN":
        break
    time.sleep(1)
    say(NAME, "done")
"""
    )
    quick = (
        PYTHON
        + """
me = register("INVOKE")
say("hidden", sorted(name for name in os.environ if name in ("_HANDLER", "LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV")))
while True:
    next_event(me)
    say(NAME, "done")
"""
    )
    name = deploy_extended(lambda_client, python_runtime, ECHO, {"slow.py": slow, "quick.py": quick})
    assert result_of(lambda_client.invoke(FunctionName=name, Payload=b"1")) == 1
    lines = logged(extended_server, name, "REPORT")
    assert position(lines, "slow.py done") < position(lines, "REPORT")
    assert any("hidden []" in line for line in lines)
    report = lines[position(lines, "REPORT")]
    assert float(report.partition("\tDuration: ")[2].partition(" ms")[0]) >= 1000


def test_the_answer_comes_before_the_extension_is_done(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str
) -> None:
    late = (
        PYTHON
        + """
me = register("INVOKE")
while True:
    next_event(me)
    time.sleep(4)
    say("late")
"""
    )
    name = deploy_extended(lambda_client, python_runtime, ECHO, {"late.py": late})
    reply = lambda_client.invoke(FunctionName=name, Payload=b"1", LogType="Tail")
    assert result_of(reply) == 1
    assert not any(line.strip() == "late" for line in log_of(extended_server, name))
    logged(extended_server, name, "late", "REPORT")


HOSTILE = {
    "crashes": ("register('INVOKE'); sys.exit(3)", "Extension.Crash"),
    "crashes_in_an_invocation": ("me = register('INVOKE'); next_event(me); os._exit(4)", "Extension.Crash"),
    "kills_itself": ("me = register('INVOKE'); next_event(me); os.kill(os.getpid(), 9)", "Extension.Crash"),
    "never_calls_next": ("register('INVOKE'); time.sleep(600)", "Sandbox.Timedout"),
    "never_registers": ("time.sleep(600)", "Sandbox.Timedout"),
    "reports_an_error": (
        """
me = register("INVOKE")
headers = {"Lambda-Extension-Identifier": me, "Lambda-Extension-Function-Error-Type": "Extension.Mine"}
call("2020-01-01/extension/init/error", b"{}", **headers)
sys.exit(1)
""",
        "Extension.InitError",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_extension_that_fails_fails_its_function_alone(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str, kind: str
) -> None:
    code, error_type = HOSTILE[kind]
    source = "import time\ndef handler(event, context): time.sleep(30)"
    name = deploy_extended(lambda_client, python_runtime, source, {"bad.py": PYTHON + code}, Timeout=5)
    reply = lambda_client.invoke(FunctionName=name)
    assert result_of(reply)["errorType"] == error_type
    well = deployed(lambda_client, {"f.py": ECHO}, runtime=python_runtime)
    assert result_of(lambda_client.invoke(FunctionName=well, Payload=b"2")) == 2


def test_an_extension_that_registers_eleven_times_and_floods_its_output_is_held(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str
) -> None:
    flooding = (
        PYTHON
        + """
import threading, urllib.error
me = register("INVOKE")
refused = []
for number in range(11):
    body = json.dumps({"events": ["INVOKE"]}).encode()
    try:
        headers, _ = call("2020-01-01/extension/register", body, Lambda_Extension_Name="more-%d" % number)
        waiting = (headers["Lambda-Extension-Identifier"],)
        threading.Thread(target=next_event, args=waiting, daemon=True).start()
    except urllib.error.HTTPError as error:
        refused.append(json.loads(error.read())["errorType"])
say("refused", refused)
def flood():
    line = b"x" * 1000 + b"\\n"
    while True:
        os.write(1, line)
next_event(me)
threading.Thread(target=flood, daemon=True).start()
time.sleep(1)
os._exit(0)
"""
    )
    name = deploy_extended(lambda_client, python_runtime, "import time; time.sleep(3)\n" + ECHO, {"flood.py": flooding})
    lambda_client.invoke(FunctionName=name, Payload=b"1")
    found = extended_server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="refused")[
        "events"
    ]
    assert "refused ['Extension.TooManyExtensions', 'Extension.TooManyExtensions']" in found[0]["message"]
    well = deployed(lambda_client, {"f.py": ECHO}, runtime=python_runtime)
    assert result_of(lambda_client.invoke(FunctionName=well, Payload=b"2")) == 2


def test_a_file_that_is_not_executable_is_a_launch_error(
    extended_server: ServerProcess, lambda_client: Any, python_runtime: str
) -> None:
    name = deploy_extended(lambda_client, python_runtime, ECHO, {"plain": "text"}, modes={"plain": 0o644})
    error = result_of(lambda_client.invoke(FunctionName=name))
    assert error["errorType"] == "Extension.LaunchError"
    assert error["errorMessage"].endswith("/extensions/plain: permission denied")


def test_an_internal_extension_needs_no_layer(extended_server: ServerProcess, lambda_client: Any, python_runtime: str) -> None:
    source = (
        PYTHON.partition("\n")[2].replace("NAME = os.path.basename(sys.argv[0])", 'NAME = "internal"')
        + """
import threading
seen = []
me = register("INVOKE")
def serve():
    while True:
        seen.append(next_event(me)["requestId"])
threading.Thread(target=serve, daemon=True).start()
def handler(event, context):
    deadline = time.time() + 10
    while context.aws_request_id not in seen and time.time() < deadline:
        time.sleep(0.01)
    return context.aws_request_id in seen
"""
    )
    name = deployed(lambda_client, {"f.py": source}, runtime=python_runtime, Timeout=20, MemorySize=512)
    for _ in range(3):
        assert result_of(lambda_client.invoke(FunctionName=name)) is True
    logged(extended_server, name, "EXTENSION\tName: internal\tState: Ready\tEvents: [INVOKE]")


def test_stopping_the_server_spins_extensions_down(start_server: Callable[..., ServerProcess], python_runtime: str) -> None:
    server = start_server()
    client = server.client("lambda")
    source = (
        PYTHON
        + """
me = register("SHUTDOWN")
say("ended by", next_event(me)["shutdownReason"])
"""
    )
    name = deploy_extended(client, python_runtime, ECHO, {"end.py": source})
    assert result_of(client.invoke(FunctionName=name, Payload=b"1")) == 1
    logged(server, name, "REPORT")
    assert server.stop() == 0
    server.start()
    logged(server, name, "ended by spindown")
    server.stop()
