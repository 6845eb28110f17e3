"""The `lambent` command, as a person and as a script use it."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import LAMBENT, deployed


@pytest.fixture
def run(server: Any) -> Any:
    def call(*words: str, given: str = "", endpoint: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LAMBENT_ENDPOINT_URL": endpoint or server.endpoint, "NO_COLOR": "1"}
        return subprocess.run(
            [LAMBENT, *words], input=given, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return call


def test_deploy_creates_then_updates_and_invoke_shows_result_log_and_duration(
    run: Any, tmp_path: Path, python_runtime: str
) -> None:
    folder = tmp_path / f"cli-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context):\n    print('hello log')\n    return {'got': event}\n")
    created = run("deploy", str(folder), "--runtime", python_runtime, "--env", "AB=c")
    assert created.returncode == 0, created.stderr
    assert f"created arn:aws:lambda:us-east-1:000000000000:function:{folder.name}" in created.stdout
    invoked = run("invoke", folder.name, "--payload", '{"n": 1}')
    assert invoked.returncode == 0
    assert json.loads(invoked.stdout) == {"got": {"n": 1}}
    assert "hello log" in invoked.stderr
    assert "ms in the function" in invoked.stderr
    (folder / "app.py").write_text("def handler(event, context):\n    return 'second'\n")
    assert "updated" in run("deploy", str(folder)).stdout
    assert json.loads(run("invoke", folder.name, "--payload", "-", given="{}").stdout) == "second"


def test_a_function_error_has_an_exit_status_of_its_own(run: Any, client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): raise ValueError('bad')"}, runtime=python_runtime)
    failed = run("invoke", name, "--json")
    assert failed.returncode == 3
    assert json.loads(failed.stdout)["payload"]["errorType"] == "ValueError"


def test_logs_and_list_show_what_there_is(run: Any, client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): print('find me')"}, runtime=python_runtime)
    client.invoke(FunctionName=name)
    shown = run("logs", name)
    assert shown.returncode == 0, shown.stderr
    assert "find me" in shown.stdout
    assert "REPORT RequestId" in shown.stdout
    assert "find me" in run("logs", name, "--filter", '"find me"').stdout
    assert name in run("list").stdout
    assert name in {each["FunctionName"] for each in json.loads(run("list", "--json").stdout)}


def test_following_a_log_shows_new_lines(server: Any, client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): print('line', e)"}, runtime=python_runtime)
    command = [LAMBENT, "logs", name, "--follow", "--endpoint-url", server.endpoint]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        client.invoke(FunctionName=name, Payload=b'"fresh"')
        assert follower.stdout is not None
        assert any("line fresh" in line for line in follower.stdout)
    finally:
        follower.terminate()
        follower.communicate(timeout=20)


def test_mistakes_are_answered_with_advice_and_no_traceback(run: Any, tmp_path: Path) -> None:
    missing = run("invoke", "not-there")
    assert (missing.returncode, "Traceback" in missing.stderr) == (1, False)
    assert "ResourceNotFoundException: Function not found" in missing.stderr
    nobody = run("list", endpoint="http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "lambent start" in nobody.stderr
    (tmp_path / "empty").mkdir()
    unclear = run("deploy", str(tmp_path / "empty"))
    assert unclear.returncode == 1
    assert "--runtime" in unclear.stderr
    assert run("logs", "x", "--since", "soon").returncode == 2


def test_doctor_tells_levels_and_runtimes(run: Any) -> None:
    text = run("doctor")
    found = json.loads(run("doctor", "--json").stdout)
    assert {"native", "bwrap", "process"} == {each["level"] for each in found["isolation"]}
    assert all(each["available"] or each["reason"] for each in found["isolation"])
    assert "provided.al2023" in found["runtimes"]
    assert "native" in text.stdout


def test_start_refuses_wrong_settings_without_a_traceback(tmp_path: Path) -> None:
    refused = subprocess.run(
        [LAMBENT, "start", "--host", "0.0.0.0", "--data-dir", tmp_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode == 1
    assert "access_keys" in refused.stderr
    assert "Traceback" not in refused.stderr
