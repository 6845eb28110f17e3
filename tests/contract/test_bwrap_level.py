"""Isolation level `bwrap`: the port's contract, and what its walls hold."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.sandbox.bwrap import BwrapProvider, bwrap_problem
from lambent.adapters.sandbox.process_tree import descendants
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import SandboxFault
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from tests.contract.level_talk import (
    HANDLER,
    PROVIDED,
    Talk,
    bwrap_level,
    code_folder,
    own_python,
    processes_with,
    start,
    until,
    workload,
)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[BwrapProvider]:
    async with bwrap_level(tmp_path) as running:
        yield running


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return code_folder(tmp_path / "task", app_py=HANDLER)


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208


async def test_python_runs_in_lambdas_own_file_system(provider: BwrapProvider, task: Path, tmp_path: Path) -> None:
    assert provider.level is IsolationLevel.BWRAP
    layers = code_folder(tmp_path / "layers", data_txt="of a layer")
    talk = await (await start(provider, task, layers=layers)).ready()
    seen = await talk.invoke(
        "[__file__, os.getcwd(), open('/opt/data.txt').read(), sys.executable, sorted(os.listdir('/')), os.environ['TMPDIR']]"
    )
    assert seen[:4] == ["/var/task/app.py", "/var/task", "of a layer", seen[3]]
    assert seen[3].startswith("/var/lang/bin/python")
    assert (
        {"var", "opt", "tmp", "etc", "usr", "proc", "dev"}
        <= set(seen[4])
        <= {"var", "opt", "tmp", "etc", "usr", "proc", "dev", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "home", "mnt"}
    )
    assert talk.sandbox.paths.task == "/var/task"


async def test_node_runs(provider: BwrapProvider, tmp_path: Path) -> None:
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node")
    version = subprocess.run([found, "-p", "process.versions.node"], capture_output=True, text=True, check=True).stdout.strip()
    executable = Path(found).resolve()
    runtime = RuntimeInstallation(identifier=f"nodejs{version.split('.')[0]}.x", family=RuntimeFamily.NODE, version=version,
        executable=executable, prefix=None if executable.is_relative_to("/usr") else executable.parents[1])  # fmt: skip
    task = code_folder(tmp_path / "task", index_js="exports.handler = async (event) => [event, __filename]")
    talk = await (await start(provider, task, runtime)).ready("index.handler")
    assert await talk.invoke({"a": 1}) == [{"a": 1}, "/var/task/index.js"]


async def test_a_bootstrap_talks_to_the_runtime_api_over_the_listener_that_was_handed_out(
    provider: BwrapProvider, tmp_path: Path
) -> None:
    bootstrap = "#!/bin/bash\necho started\nexec 5<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}\nprintf 'GET /x' >&5\nread -r line <&5\necho \"$line\"\nexit 7\n"
    task = code_folder(tmp_path / "task", bootstrap=bootstrap)
    talk = await start(provider, task, PROVIDED)
    assert await talk.initialise() == b""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        connection, _ = await loop.sock_accept(talk.sandbox.runtime_api)
        with connection:
            assert await loop.sock_recv(connection, 100) == b"GET /x"
            await loop.sock_sendall(connection, b"welcome\n")
            assert await talk.sandbox.exited == Exit(code=7)
    assert talk.output() == b"started\nwelcome\n"


async def test_the_aws_endpoint_is_reached_over_its_listener(provider: BwrapProvider, task: Path) -> None:
    talk = await (await start(provider, task)).ready()
    assert talk.sandbox.endpoint is not None
    assert talk.sandbox.endpoint_address == "127.0.0.1:4566"
    await talk.send_invoke("socket.create_connection(('127.0.0.1', 4566)).recv(10).decode()")
    loop = asyncio.get_running_loop()
    connection, _ = await loop.sock_accept(talk.sandbox.endpoint)
    with connection:
        await loop.sock_sendall(connection, b"hello")
    assert json.loads((await talk.receive())[37:]) == "hello"


async def test_tmp_survives_a_reset_and_a_file_in_it_has_a_largest_size(provider: BwrapProvider, task: Path) -> None:
    storage = await provider.temporary_storage(1)
    first = await (await start(provider, task, storage=storage)).ready()
    assert await first.invoke("open('/tmp/kept', 'w').write('still here')") == 10
    answer = await first.invoke_raw("open('/tmp/large', 'wb').write(bytes(2 << 20))")
    assert b"File too large" in answer
    await first.sandbox.destroy()
    second = await (await start(provider, task, storage=storage)).ready()
    assert await second.invoke("open('/tmp/kept').read()") == "still here"
    await second.invoke("[os.makedirs('/tmp/a/b'), os.chmod('/tmp/a', 0)]")
    await second.sandbox.destroy()
    await provider.release(storage)
    await provider.release(storage)
    assert not Path(storage.identifier).exists()


async def test_exit_and_death_by_a_signal_are_told_apart(provider: BwrapProvider, task: Path) -> None:
    for code, expected in (("os._exit(3)", Exit(code=3)), ("os.kill(os.getpid(), 11)", Exit(signal=signal.SIGSEGV))):
        talk = await (await start(provider, task)).ready()
        assert await talk.invoke_raw(code) == b""
        assert await talk.sandbox.exited == expected


async def test_a_frozen_sandbox_stands_still_and_goes_on_when_thawed(provider: BwrapProvider, task: Path) -> None:
    talk = await (await start(provider, task)).ready()
    await talk.invoke("subprocess.Popen(['sleep', '300']).pid")
    talk.sandbox.freeze()
    talk.sandbox.freeze()
    inside = list(descendants(talk.sandbox._process.tree._root))  # type: ignore[attr-defined]
    assert len(inside) >= 2
    for process in inside:
        await until(
            lambda process=process: f"{process} " and ") T " in Path(f"/proc/{process}/stat").read_text(), "all are stopped"
        )
    await talk.send_invoke("1")
    with pytest.raises(BlockingIOError):
        talk.sandbox.channel.recv(1)
    talk.sandbox.thaw()
    assert (await talk.receive())[37:] == b"1"
    assert talk.sandbox.memory_peak_mib() > 1


async def test_a_blank_sandbox_is_assigned_once_and_destroyed_at_any_time(provider: BwrapProvider, task: Path) -> None:
    before = open_descriptors()
    blank = await provider.create(own_python())
    blank.freeze()
    blank.thaw()
    await blank.destroy()
    await blank.destroy()
    assert await blank.exited == Exit(signal=9)
    used = await provider.create(own_python())
    storage = await provider.temporary_storage(512)
    await used.assign(workload(task, storage))
    with pytest.raises(SandboxFault):
        await used.assign(workload(task, storage))
    await used.destroy()
    with pytest.raises(SandboxFault):
        await blank.assign(workload(task, storage))
    assert open_descriptors() == before


async def test_what_cannot_be_started_is_a_fault_that_says_why(provider: BwrapProvider, tmp_path: Path) -> None:
    sandbox = await provider.create(own_python())
    storage = await provider.temporary_storage(512)
    with pytest.raises(SandboxFault, match="no-such-code"):
        await sandbox.assign(workload(tmp_path / "no-such-code", storage))
    await sandbox.destroy()


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from lambent.adapters.sandbox.bwrap import BwrapProvider
from tests.contract.level_talk import start
async def main():
    provider = BwrapProvider(Path(sys.argv[1]))
    async with provider.running():
        talk = await (await start(provider, Path(sys.argv[2]))).ready()
        await talk.invoke("[subprocess.Popen(['sh', '-c', 'sleep 300; : " + sys.argv[3] + "'], start_new_session=True).pid]")
        print("ready", flush=True)
        await asyncio.sleep(300)
asyncio.run(main())
"""


async def test_everything_dies_with_a_server_that_is_killed(provider: BwrapProvider, task: Path, tmp_path: Path) -> None:
    mark = f"orphan-{uuid.uuid4()}"
    script = SERVER.format(root=str(Path(__file__).parents[2]))
    command = [sys.executable, "-c", script, str(tmp_path / "other"), str(task), mark]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    await until(lambda: len(processes_with(mark)) >= 2, "it runs")
    server.kill()
    await server.communicate()
    await until(lambda: not processes_with(mark), "what the function started has died")


async def test_a_host_without_bubblewrap_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = await bwrap_problem()
    assert problem is not None
    assert "apt install bubblewrap" in problem
    assert isinstance(Talk, type)
