"""The launcher of `provided` runtimes: it becomes the function's bootstrap, or says why it cannot."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import RUNTIMES, Client, write_files

SHOW = '#!/bin/sh\necho "args $0 $#"; pwd; env | sort; ls /proc/self/fd | tr "\\n" " "; echo; sed -n "s/^SigIgn:.//p" /proc/self/status\n'


@pytest.fixture
def launch(start_client: Callable[..., Client]) -> Callable[..., Client]:
    def run(files: dict[str, str | bytes], **variables: str | None) -> Client:
        return start_client(
            [sys.executable, "-I", "-S", str(RUNTIMES / "provided" / "launcher.py")], files, "any.name", **variables
        )

    return run


def assigned(client: Client) -> None:
    assert client.receive() == ("H", b"")
    client.send(b"I", json.dumps({"environment": client.environment, "handler": "any.name"}).encode())


@pytest.mark.parametrize("telemetry", ["4", None])
def test_the_bootstrap_gets_the_environment_the_folder_and_nothing_else(
    launch: Callable[..., Client], tmp_path: Path, telemetry: str | None
) -> None:
    client = launch({"bootstrap": SHOW}, _LAMBDA_TELEMETRY_LOG_FD=telemetry, LAMBENT_LAYERS_ROOT="/nowhere")
    assigned(client)
    with pytest.raises(EOFError):
        client.receive()
    assert client.wait() == 0
    lines = client.lines().splitlines()
    assert lines[:2] == [f"args {tmp_path}/task/bootstrap 0", f"{tmp_path}/task"]
    seen = dict(line.split("=", 1) for line in lines[2:-2] if line.split("=")[0] not in ("PWD", "_", "SHLVL", "OLDPWD"))
    assert seen == {name: value for name, value in client.environment.items() if name != "LAMBENT_LAYERS_ROOT"}
    shown_by_ls = ["0", "1", "2", "3"]  # it has opened 3 itself
    assert lines[-2].split() == (shown_by_ls if telemetry is None else [*shown_by_ls, "4"])
    assert int(lines[-1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_a_bootstrap_in_a_layer_is_second_choice(launch: Callable[..., Client], tmp_path: Path) -> None:
    write_files(tmp_path / "layers", {"bootstrap": "#!/bin/sh\necho from the layer; pwd\n"})
    client = launch({"other": ""}, LAMBENT_LAYERS_ROOT=str(tmp_path / "layers"))
    assigned(client)
    assert client.wait() == 0
    assert client.lines() == f"from the layer\n{tmp_path}/task\n"


@pytest.mark.parametrize("files", [{}, {"bootstrap/inner": ""}], ids=["nothing", "a directory"])
def test_no_bootstrap_is_an_invalid_entrypoint(launch: Callable[..., Client], tmp_path: Path, files: dict[str, str]) -> None:
    client = launch(files, LAMBENT_LAYERS_ROOT=str(tmp_path / "layers"))
    answer = client.assign()
    assert (answer.kind, answer.error_type) == ("X", "Runtime.InvalidEntrypoint")
    candidates = f"{tmp_path}/task/bootstrap {tmp_path}/layers/bootstrap"
    assert answer.document == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"Error: Couldn't find valid bootstrap(s): [{candidates}]",
    }
    assert client.wait() == 1


BROKEN = {
    "exec format error": (b"\x7fELF but not really", 0o755),
    "no such file or directory": (b"#!/no/such/interpreter\n", 0o755),
    "permission denied": (b"#!/bin/sh\n", 0o644),
}


@pytest.mark.parametrize("words", BROKEN)
def test_a_bootstrap_that_cannot_run_is_an_invalid_entrypoint(launch: Callable[..., Client], tmp_path: Path, words: str) -> None:
    content, mode = BROKEN[words]
    client = launch({"bootstrap": content})
    (tmp_path / "task" / "bootstrap").chmod(mode)
    answer = client.assign()
    assert answer.document == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"Error: fork/exec {tmp_path}/task/bootstrap: {words}",
    }
    assert client.wait() == 1


def test_the_server_hanging_up_ends_a_blank_launcher_quietly(launch: Callable[..., Client]) -> None:
    client = launch({})
    assert client.receive() == ("H", b"")
    assert client.close() == 0
    assert client.lines() == ""


def test_after_import_it_needs_no_further_module_or_file(tmp_path: Path) -> None:
    source = f"""
import builtins, sys
sys.path.insert(0, {str(RUNTIMES / "provided")!r})
import launcher, os, socket
ours, theirs = socket.socketpair()
if not os.fork():
    before = set(sys.modules)
    def refuse(*names, **_): raise AssertionError(names)
    builtins.__import__ = refuse
    builtins.open = refuse
    os.execve = lambda path, arguments, variables: (print("exec", path, sorted(set(sys.modules) - before), flush=True), os._exit(0))
    launcher.main(theirs.fileno(), 4)
theirs.close()
body = {json.dumps({"environment": {"LAMBDA_TASK_ROOT": str(tmp_path)}, "handler": "x"})!r}.encode()
ours.sendall((1 + len(body)).to_bytes(4, "big") + b"I" + body)
os.wait()
"""
    write_files(tmp_path, {"bootstrap": "#!/bin/sh\n"})
    run = subprocess.run([sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout == f"exec {tmp_path}/bootstrap []\n"
