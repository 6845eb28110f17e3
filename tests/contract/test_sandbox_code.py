"""The contract of sandboxes that run code: what a function sees and reaches, and what ends with it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lambent.core.environment import Exit
from lambent.core.ports import SandboxFault
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from tests.contract.sandbox_inside import PATIENCE, Inside, Raised, read_all, write_code
from tests.contract.sandbox_world import PROMISES, World, exit_of, opened


async def test_two_functions_at_once_do_not_share_anything(coded: World) -> None:
    one, other = await asyncio.gather(coded.started(), coded.started())
    await one.run("open(tmp + '/mine', 'w').write('secret')", tmp=one.sandbox.paths.temporary)
    assert await other.run("import os; result = os.listdir(tmp)", tmp=other.sandbox.paths.temporary) == []


async def test_layers_are_shown(coded: World, tmp_path: Path) -> None:
    layers = tmp_path / "code" / "layers"
    layers.mkdir()
    (layers / "tool").write_text("from a layer")
    inside = await coded.started(layers_directory=layers)
    assert await inside.run("result = open(opt + '/tool').read()", opt=inside.sandbox.paths.layers) == "from a layer"


async def test_temporary_storage_is_empty_at_first_and_outlives_the_sandbox(coded: World) -> None:
    storage = await coded.provider.temporary_storage(512)
    first = await coded.started(storage)
    tmp = first.sandbox.paths.temporary
    code = """
        import os
        result = os.listdir(tmp)
        os.mkdir(tmp + '/folder')
        with open(tmp + '/folder/file', 'w') as file:
            file.write('kept')
        os.chmod(tmp + '/folder', 0o700)
        os.chmod(tmp + '/folder/file', 0o600)
    """
    assert await first.run(code, tmp=tmp) == []
    await first.sandbox.destroy()
    second = await coded.started(storage)
    code = """
        import os
        result = open(tmp + '/folder/file').read()
        with open(tmp + '/folder/file', 'a') as file:
            file.write('and changed')
        assert os.stat(tmp + '/folder/file').st_uid == os.getuid()
        os.unlink(tmp + '/folder/file')
        os.rmdir(tmp + '/folder')
    """
    assert await second.run(code, tmp=second.sandbox.paths.temporary) == "kept"


async def accepted_from_inside(inside: Inside, listener: Any, address: str) -> None:
    host, port = address.split(":")
    inside.submit("import socket; result = socket.create_connection((host, port)).recv(2).decode()", host=host, port=int(port))
    async with asyncio.timeout(PATIENCE):
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
    with connection:
        connection.send(b"hi")
        assert await inside.answer() == "hi"


async def test_the_function_reaches_its_runtime_api(coded: World) -> None:
    inside = await coded.started()
    await accepted_from_inside(inside, inside.sandbox.runtime_api, inside.sandbox.runtime_api_address)


async def test_the_function_reaches_its_aws_endpoint_where_there_is_one(coded: World) -> None:
    inside = await coded.started()
    if inside.sandbox.endpoint is not None:
        await accepted_from_inside(inside, inside.sandbox.endpoint, inside.sandbox.endpoint_address or "")
    else:
        assert inside.sandbox.endpoint_address is None


async def test_the_peak_of_memory_is_seen(coded: World) -> None:
    inside = await coded.started()
    before = inside.sandbox.memory_peak_mib()
    await inside.run("len(bytearray(b'x') * (64 << 20))")
    assert before + 60 <= inside.sandbox.memory_peak_mib() < 256


ESCAPING = """
    import os
    for _ in range(20):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    os.write(1, b'.') if os.getppid() == 0 else __import__('time').sleep(1)
            os._exit(0)
"""


async def nobody_is_left(world: World, end: Callable[[Inside], Awaitable[None]]) -> None:
    """Daemons hold the output pipe: it ends when all of them have ended."""
    inside = await world.started()
    output = os.dup(inside.sandbox.output)
    try:
        await inside.run(ESCAPING)
        await end(inside)
        await read_all(output)
    finally:
        os.close(output)


async def test_destroy_ends_every_process_inside(coded: World) -> None:
    async def destroy(inside: Inside) -> None:
        await inside.sandbox.destroy()

    await nobody_is_left(coded, destroy)


async def test_destroy_ends_every_process_inside_while_frozen(coded: World) -> None:
    async def destroy(inside: Inside) -> None:
        inside.sandbox.freeze()
        await inside.sandbox.destroy()

    await nobody_is_left(coded, destroy)


async def test_the_end_of_the_runtime_process_ends_the_others(coded: World) -> None:
    async def leave(inside: Inside) -> None:
        inside.submit("import os; os._exit(0)")
        assert await exit_of(inside.sandbox) == Exit(code=0)

    await nobody_is_left(coded, leave)


async def test_an_interpreter_that_is_not_there_is_a_fault_or_an_end(coded: World, tmp_path: Path) -> None:
    missing = RuntimeInstallation(
        identifier="python3.99",
        family=RuntimeFamily.PYTHON,
        version="3.99.0",
        executable=tmp_path / "bin/python3.99",
        prefix=tmp_path,
    )
    with suppress(SandboxFault):
        sandbox = await coded.blank(missing)
        await sandbox.assign(coded.workload(await coded.provider.temporary_storage(512)))
        assert (await exit_of(sandbox)).code != 0
    assert await (await coded.started()).run("result = 1") == 1


async def test_code_that_is_not_there_is_a_fault_or_shown_as_missing(coded: World, tmp_path: Path) -> None:
    sandbox = await coded.blank()
    workload = coded.workload(await coded.provider.temporary_storage(512), task_directory=tmp_path / "nowhere")
    if coded.promises.walls:
        with pytest.raises(SandboxFault):
            await sandbox.assign(workload)
    else:
        await sandbox.assign(workload)


async def test_code_and_layers_cannot_be_changed(coded: World) -> None:
    if not coded.promises.walls:
        pytest.skip("this level has no walls")
    inside = await coded.started()
    for path in ("/var/task/app.py", "/var/task/new", "/opt/new", "/var/runtime/new", "/var/lang/new", "/usr/new", "/etc/passwd"):
        with pytest.raises(Raised, match=r"OSError|PermissionError"):
            await inside.run("open(path, 'a')", path=path)


async def test_memory_over_the_limit_ends_the_function_and_is_told(coded: World) -> None:
    if not coded.promises.memory:
        pytest.skip("this level does not hold memory")
    inside = await coded.started(memory_mib=128)
    assert not inside.sandbox.was_out_of_memory()
    inside.submit("x = bytearray(b'x') * (200 << 20)")
    assert (await exit_of(inside.sandbox)) == Exit(signal=9, out_of_memory=True)
    assert inside.sandbox.was_out_of_memory()
    assert 120 <= inside.sandbox.memory_peak_mib() <= 128


@pytest.mark.parametrize("name", [each for each in PROMISES if each != "fake"])
async def test_leaving_frees_everything(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "sandboxes"
    provider = await opened(name, folder)
    async with provider.running():
        world = World(provider, write_code(tmp_path / "code"), PROMISES[name], [])
        inside = await world.started()
        output = os.dup(inside.sandbox.output)
    try:
        await read_all(output)
    finally:
        os.close(output)
        await inside.sandbox.destroy()
    assert not folder.exists() or not list(folder.iterdir())
