"""Isolation level `process`: what it promises beyond the port's contract, and that nothing of it stays."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.sandbox.process import ProcessProvider
from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault, TemporaryStorage
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from tests.contract.level_talk import HANDLER, PROVIDED, code_folder, own_python, processes_with, start, until, workload


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[ProcessProvider]:
    provider = ProcessProvider(tmp_path / "sandboxes")
    async with provider.running():
        yield provider
    assert not (tmp_path / "sandboxes").exists()


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return code_folder(tmp_path / "task", app_py=HANDLER)


async def test_code_layers_and_tmp_are_where_the_paths_say(provider: ProcessProvider, task: Path, tmp_path: Path) -> None:
    layers = code_folder(tmp_path / "layers")
    code_folder(layers / "python", of_py="WHERE = __file__")
    storage = await provider.temporary_storage(512)
    talk = await (await start(provider, task, storage=storage, layers=layers)).ready()
    paths = talk.sandbox.paths
    assert (paths.task, paths.layers, paths.temporary) == (str(task), str(layers), storage.identifier)
    assert await talk.invoke("[__file__, os.getcwd()]") == [str(task / "app.py"), str(task)]
    assert Path(await talk.invoke("__import__('tempfile').mkdtemp()")).parent == Path(storage.identifier)
    assert await talk.invoke("__import__('of').WHERE") == str(layers / "python" / "of.py")


async def test_a_bootstrap_reaches_the_runtime_api_on_loopback(provider: ProcessProvider, tmp_path: Path) -> None:
    bootstrap = "#!/bin/bash\nexec 5<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}\nprintf hello >&5\nread -r line <&5\nexit 9\n"
    talk = await start(provider, code_folder(tmp_path / "task", bootstrap=bootstrap), PROVIDED)
    assert await talk.initialise() == b""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        connection, _ = await loop.sock_accept(talk.sandbox.runtime_api)
        with connection:
            assert await loop.sock_recv(connection, 100) == b"hello"
            await loop.sock_sendall(connection, b"go\n")
            assert await talk.sandbox.exited == Exit(code=9)


async def test_daemons_end_with_the_sandbox_and_stand_still_with_it(provider: ProcessProvider, task: Path) -> None:
    mark = f"daemon-{uuid.uuid4()}"
    talk = await (await start(provider, task)).ready()
    daemon = f"subprocess.run(['setsid', 'sh', '-c', '(sleep 300; : {mark}) & sleep 0.1; :']).returncode"
    assert await talk.invoke(daemon) == 0
    await until(lambda: bool(processes_with(mark)), "it runs")
    talk.sandbox.freeze()
    stopped = processes_with(mark)
    await until(lambda: all(") T " in Path(f"/proc/{each}/stat").read_text() for each in stopped), "it is stopped")
    talk.sandbox.thaw()
    await until(lambda: all(") T " not in Path(f"/proc/{each}/stat").read_text() for each in stopped), "it goes on")
    await talk.sandbox.destroy()
    assert not processes_with(mark)


async def test_leaving_the_provider_ends_what_was_not_destroyed(task: Path, tmp_path: Path) -> None:
    provider = ProcessProvider(tmp_path / "other")
    async with provider.running():
        talk = await (await start(provider, task)).ready()
    assert talk.sandbox.exited.done()
    with pytest.raises(SandboxFault):
        await talk.sandbox.assign(workload(task, TemporaryStorage(identifier=str(tmp_path), size_mib=1)))


async def test_an_interpreter_that_is_gone_ends_at_once_and_says_so(provider: ProcessProvider) -> None:
    gone = RuntimeInstallation(identifier="python3.12", family=RuntimeFamily.PYTHON, version="3.12.0",
        executable=Path("/no/such/python"), prefix=None)  # fmt: skip
    sandbox = await provider.create(gone)
    async with asyncio.timeout(20):
        assert await sandbox.exited == Exit(code=127)
    assert b"/no/such/python" in os.read(sandbox.output, 1000)


async def test_descriptors_are_all_given_back(provider: ProcessProvider, task: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        await (await provider.create(own_python())).destroy()
    talk = await (await start(provider, task)).ready()
    await talk.sandbox.destroy()
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from lambent.adapters.sandbox.process import ProcessProvider
from tests.contract.level_talk import start
async def main():
    provider = ProcessProvider(Path(sys.argv[1]))
    async with provider.running():
        talk = await (await start(provider, Path(sys.argv[2]))).ready()
        await talk.invoke("[subprocess.Popen(['setsid', 'sh', '-c', 'sleep 300; : " + sys.argv[3] + "']).pid]")
        print("ready", flush=True)
        await asyncio.sleep(300)
asyncio.run(main())
"""


async def test_everything_dies_with_a_server_that_is_killed(task: Path, tmp_path: Path) -> None:
    mark = f"orphan-{uuid.uuid4()}"
    script = SERVER.format(root=str(Path(__file__).parents[2]))
    command = [sys.executable, "-c", script, str(tmp_path / "other"), str(task), mark]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    await until(lambda: len(processes_with(mark)) >= 2, "it runs")
    server.kill()
    await server.wait()
    await until(lambda: not processes_with(mark), "what the function started has died")
