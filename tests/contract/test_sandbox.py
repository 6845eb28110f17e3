"""The contract of SandboxProvider and Sandbox, over every isolation level and the fake."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambent.adapters.sandbox.probe import probe, provider_of
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.ports import Sandbox, SandboxFault, SandboxProvider, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from lambent.testing.sandbox import FakeContext, FakeSandboxProvider
from tests.contract.sandbox_inside import OWN_PYTHON, PATIENCE, Inside, Raised, read_all, write_code


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What weaker levels do not promise."""

    code: bool = True
    """Runs real code (the fake plays a client)."""
    walls: bool = False
    """Code is read-only, the host's files are hidden."""
    memory: bool = False
    """Memory is held and out-of-memory is noticed."""


PROMISES = {
    "native": Promises(walls=True, memory=True),
    "bwrap": Promises(walls=True),
    "process": Promises(),
    "fake": Promises(code=False),
}


def fake_function(event: bytes, context: FakeContext) -> Any:
    """What the fake does with the few pieces of code that it is given here."""
    if b"os._exit(3)" in event:
        return Exit(code=3)
    if b"os.kill" in event:
        return Exit(signal=9)
    if b"print" in event:
        context.print("hello there")
    return b'"done"'


@dataclass
class World:
    """A running provider and a folder with code."""

    provider: SandboxProvider
    task: Path
    promises: Promises
    made: list[Sandbox]

    async def blank(self, runtime: RuntimeInstallation = OWN_PYTHON) -> Sandbox:
        sandbox = await self.provider.create(runtime)
        self.made.append(sandbox)
        return sandbox

    def workload(self, storage: TemporaryStorage, **changes: Any) -> Workload:
        given = {"task_directory": self.task, "layers_directory": None, "memory_mib": 256, "network": False, **changes}
        return Workload(temporary_storage=storage, **given)

    async def started(self, storage: TemporaryStorage | None = None, **changes: Any) -> Inside:
        sandbox = await self.blank()
        await sandbox.assign(self.workload(storage or await self.provider.temporary_storage(512), **changes))
        return await Inside(sandbox).start()


async def _open(name: str, folder: Path) -> SandboxProvider:
    if name == "fake":
        return FakeSandboxProvider(fake_function)
    level = IsolationLevel(name)
    report = (await probe({level}))[0]
    if not report.available:
        pytest.skip(f"level {name}: {report.reason}")
    return provider_of(level, folder, network=False)


@pytest.fixture(params=list(PROMISES))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    provider = await _open(request.param, tmp_path / "sandboxes")
    async with provider.running():
        found = World(provider, write_code(tmp_path / "code"), PROMISES[request.param], [])
        yield found
        for sandbox in found.made:
            await sandbox.destroy()


@pytest.fixture
def coded(world: World) -> World:
    if not world.promises.code:
        pytest.skip("the fake runs no code")
    return world


async def exit_of(sandbox: Sandbox) -> Exit:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.shield(sandbox.exited)


async def test_an_assigned_sandbox_greets_loads_and_answers(world: World) -> None:
    inside = await world.started()
    assert await inside.run("result = 'done'") == "done"
    assert await inside.run("result = 'done'") == "done"


async def test_what_the_function_prints_arrives_on_the_output(world: World) -> None:
    inside = await world.started()
    await inside.run("print('hello there')\nresult = 'done'")
    assert b"hello there" in os.read(inside.sandbox.output, 1 << 16)


async def test_descriptors_never_block(world: World) -> None:
    inside = await world.started()
    sandbox = inside.sandbox
    assert sandbox.channel.gettimeout() == 0
    for descriptor in (sandbox.output, sandbox.telemetry):
        assert not os.get_blocking(descriptor)
    assert sandbox.runtime_api.gettimeout() == 0
    with pytest.raises(BlockingIOError):
        sandbox.runtime_api.accept()


async def test_sandboxes_have_different_identifiers_and_channels(world: World) -> None:
    sandboxes = await asyncio.gather(*(world.blank() for _ in range(4)))
    assert len({each.identifier for each in sandboxes}) == 4
    assert len({each.channel.fileno() for each in sandboxes}) == 4


async def test_a_sandbox_is_assigned_once(world: World) -> None:
    inside = await world.started()
    with pytest.raises(SandboxFault, match="once"):
        await inside.sandbox.assign(world.workload(await world.provider.temporary_storage(512)))


async def test_a_destroyed_sandbox_cannot_be_assigned(world: World) -> None:
    sandbox = await world.blank()
    await sandbox.destroy()
    with pytest.raises(SandboxFault):
        await sandbox.assign(world.workload(await world.provider.temporary_storage(512)))


async def test_an_exit_is_told_with_its_status(world: World) -> None:
    inside = await world.started()
    inside.submit("import os; os._exit(3)")
    assert await exit_of(inside.sandbox) == Exit(code=3)


async def test_a_death_by_signal_is_told_with_its_number(world: World) -> None:
    inside = await world.started()
    inside.submit("import os; os.kill(os.getpid(), 9)")
    assert await exit_of(inside.sandbox) == Exit(signal=9)


async def test_exited_is_done_when_a_sandbox_has_been_destroyed(world: World) -> None:
    inside = await world.started()
    assert not inside.sandbox.exited.done()
    await inside.sandbox.destroy()
    assert inside.sandbox.exited.done()


async def test_destroy_may_come_at_any_time_and_more_than_once(world: World) -> None:
    blank, inside = await world.blank(), await world.started()
    inside.sandbox.freeze()
    await asyncio.gather(*(each.destroy() for each in (blank, inside.sandbox) * 3))
    await blank.destroy()
    for sandbox in (blank, inside.sandbox):
        assert sandbox.exited.done()


async def test_gauges_of_a_destroyed_sandbox_are_harmless(world: World) -> None:
    sandbox = (await world.started()).sandbox
    await sandbox.destroy()
    sandbox.freeze()
    sandbox.thaw()
    assert sandbox.memory_peak_mib() >= 0
    assert sandbox.was_out_of_memory() is False


async def test_a_frozen_function_answers_after_it_was_thawed(world: World) -> None:
    inside = await world.started()
    inside.sandbox.freeze()
    inside.sandbox.freeze()
    inside.submit("result = 'done'")
    answer = asyncio.create_task(inside.answer())
    done, _ = await asyncio.wait({answer}, timeout=0.2)
    assert not done
    inside.sandbox.thaw()
    assert await answer == "done"


async def test_release_of_a_storage_may_come_twice(world: World) -> None:
    storage = await world.provider.temporary_storage(512)
    await world.provider.release(storage)
    await world.provider.release(storage)


async def test_storages_are_different_ones(world: World) -> None:
    storages = [await world.provider.temporary_storage(512) for _ in range(3)]
    assert len({each.identifier for each in storages}) == 3
    assert {each.size_mib for each in storages} == {512}


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
    provider = await _open(name, folder)
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
