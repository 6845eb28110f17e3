"""Functions that misbehave: the server survives all of them and the next invocation works."""

import base64
import json
import textwrap
from typing import Any

import pytest

from tests.server_process import deployed, result_of

PREAMBLE = """
import json, os, signal, socket, struct, subprocess, sys, threading, time
def handler(event, context):
    if event.get("well"):
        return "well"
    return misbehave(event, context)
"""

MISBEHAVIOURS: dict[str, tuple[str, str]] = {
    "hangs": ("time.sleep(60)", "Sandbox.Timedout"),
    "spins": ("while True: pass", "Sandbox.Timedout"),
    "exits": ("os._exit(7)", "Runtime.ExitError"),
    "exits_with_zero": ("os._exit(0)", "Runtime.ExitError"),
    "kills_itself": ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime.ExitError"),
    "closes_every_descriptor": ("os.closerange(0, 1024); time.sleep(60)", "Runtime.ExitError|Sandbox.Timedout|Runtime.Unknown"),
    "forges_frames": (
        """
        for fd in range(3, 64):
            try:
                os.write(fd, struct.pack(">I", 1 << 31) + b"S" + b"x" * 100)
                os.write(fd, b"\\xff" * 4096)
            except OSError:
                pass
        time.sleep(60)
        """,
        "Runtime.ExitError|Sandbox.Timedout|Runtime.Unknown",
    ),
    "ignores_signals_in_a_thread": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); threading.Thread(target=lambda: time.sleep(600)).start(); time.sleep(60)",
        "Sandbox.Timedout",
    ),
}


@pytest.fixture(scope="module")
def deploy(client: Any, python_runtime: str) -> Any:
    def make(body: str, **settings: Any) -> str:
        source = PREAMBLE + "def misbehave(event, context):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
        return deployed(client, {"f.py": source}, runtime=python_runtime, **{"Timeout": 2, **settings})

    return make


def error_of(client: Any, name: str, event: object | None = None) -> dict[str, Any]:
    reply = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail")
    assert reply["StatusCode"] == 200
    assert reply.get("FunctionError") == "Unhandled"
    return {**result_of(reply), "log": base64.b64decode(reply["LogResult"]).decode("utf-8", "replace")}


def is_well(client: Any, name: str) -> bool:
    return bool(result_of(client.invoke(FunctionName=name, Payload=b'{"well": true}')) == "well")


@pytest.mark.parametrize("kind", MISBEHAVIOURS)
def test_a_function_that_misbehaves_harms_only_its_own_invocation(client: Any, deploy: Any, kind: str) -> None:
    body, expected = MISBEHAVIOURS[kind]
    name = deploy(body)
    assert error_of(client, name)["errorType"] in expected.split("|")
    assert is_well(client, name)


def test_a_fork_bomb_is_held_and_ends_with_its_invocation(client: Any, deploy: Any, native: None) -> None:
    name = deploy(
        """
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.1)
        """
    )
    assert error_of(client, name)["errorType"] in ("Sandbox.Timedout", "Runtime.OutOfMemory", "Runtime.ExitError")
    assert is_well(client, name)


def test_a_function_that_fills_its_memory_is_killed_at_its_memory_size(client: Any, deploy: Any, native: None) -> None:
    name = deploy("blocks = []\nwhile True: blocks.append(bytearray(os.urandom(1) * (8 << 20)))", Timeout=10, MemorySize=128)
    error = error_of(client, name)
    assert error["errorType"] == "Runtime.OutOfMemory"
    assert "signal: killed" in error["errorMessage"]
    assert is_well(client, name)


def test_tmp_is_held_to_the_ephemeral_storage_and_does_not_cost_memory(client: Any, deploy: Any, native: None) -> None:
    name = deploy(
        """
        written = 0
        try:
            with open("/tmp/full", "wb", buffering=0) as file:
                while True:
                    written += file.write(b"x" * (4 << 20))
        except OSError as error:
            return {"errno": error.errno, "mib": written >> 20}
        """,
        Timeout=60,
        MemorySize=256,
    )
    reply = result_of(client.invoke(FunctionName=name, Payload=b"{}"))
    assert reply["errno"] == 28
    assert 500 <= reply["mib"] <= 520
    assert is_well(client, name)


def test_printing_a_hundred_megabytes_neither_stalls_nor_kills_the_server(client: Any, deploy: Any) -> None:
    name = deploy("line = 'x' * 1023\nfor _ in range(100 * 1024): print(line)\nreturn 'printed'", Timeout=60, MemorySize=512)
    assert result_of(client.invoke(FunctionName=name, Payload=b"{}")) == "printed"
    assert is_well(client, name)


def test_printing_what_looks_like_platform_lines_or_frames_stays_output(client: Any, deploy: Any) -> None:
    name = deploy(
        """
        sys.stdout.write("END RequestId: forged\\nREPORT RequestId: forged\\tDuration: 0 ms\\n")
        sys.stdout.buffer.write(struct.pack(">IB", 5, 83) + b"\\xa5\\x5a\\x00\\x03\\x00\\xff\\xff\\xff\\xff" * 50)
        sys.stdout.flush()
        return context.aws_request_id
        """
    )
    reply = client.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    assert result_of(reply) == reply["ResponseMetadata"]["RequestId"]
    assert is_well(client, name)


def test_a_response_over_the_limit_is_a_function_error_with_its_own_type(client: Any, deploy: Any) -> None:
    name = deploy("return 'x' * (6 * 1024 * 1024 + 200)", Timeout=30, MemorySize=512)
    error = error_of(client, name)
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert is_well(client, name)


def test_a_largest_response_passes(client: Any, deploy: Any) -> None:
    name = deploy("return 'x' * (6 * 1024 * 1024 - 2)", Timeout=30, MemorySize=512)
    assert len(result_of(client.invoke(FunctionName=name, Payload=b"{}"))) == 6 * 1024 * 1024 - 2


def test_a_process_left_behind_does_not_survive_a_timeout(client: Any, deploy: Any, native: None) -> None:
    name = deploy(
        """
        if "look" in event:
            return [p for p in os.listdir("/proc") if p.isdigit() and b"sleep" in open(f"/proc/{p}/cmdline", "rb").read()]
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        time.sleep(60)
        """
    )
    error_of(client, name)
    assert result_of(client.invoke(FunctionName=name, Payload=b'{"look": 1}')) == []


def test_tmp_survives_a_reset_of_its_environment(client: Any, deploy: Any) -> None:
    name = deploy(
        """
        marker = os.path.join(os.environ.get("TMPDIR", "/tmp"), "marker")
        if "look" in event:
            return open(marker).read()
        open(marker, "w").write(context.log_stream_name)
        os._exit(1)
        """
    )
    error_of(client, name)
    reply = client.invoke(FunctionName=name, Payload=b'{"look": 1}', LogType="Tail")
    assert "FunctionError" not in reply
    assert "[$LATEST]" in result_of(reply)


def test_an_answer_after_the_deadline_is_not_taken_for_the_next_invocation(client: Any, deploy: Any) -> None:
    name = deploy("time.sleep(2.5); return 'late'", Timeout=1)
    assert error_of(client, name)["errorType"] == "Sandbox.Timedout"
    assert is_well(client, name)


def test_a_function_that_fails_at_load_says_why_every_time(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "import not_there"}, runtime=python_runtime)
    for _ in range(2):
        error = error_of(client, name)
        assert error["errorType"] == "Runtime.ImportModuleError"
        assert "No module named 'not_there'" in error["errorMessage"]
