"""The contract of a sandbox's supervisor: the fake and every isolation level that this host has keep it."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from lambent.adapters.sandbox.supervisor_link import SupervisorLink
from lambent.core.environment import Exit
from lambent.core.ports import ExtensionProcess, NotExecutable, Sandbox, SandboxFault
from tests.contract.sandbox_inside import PATIENCE, Inside, unprivileged_may_read
from tests.contract.sandbox_world import World, exit_of


async def outlives(extension) -> int:
    extension.print("started")
    await asyncio.sleep(3600)
    return 0


async def ends(extension) -> int:
    extension.print(",".join(sorted(extension.variables)))
    return 3


FILES = {
    "outlives": "#!/bin/sh\necho started\nexec sleep 3600\n",
    "ends": "#!/bin/sh\n/usr/bin/env | cut -d= -f1 | grep -v -e PWD -e SHLVL -e '^_$' | sort | paste -sd,\nexit 3\n",
    "forbidden": "#!/bin/sh\n",
}


@pytest.fixture
async def extended(world: World, tmp_path: Path) -> Sandbox:
    """A sandbox with these files in /opt/extensions, whose runtime runs."""
    folder = tmp_path / "code" / "layers" / "extensions"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o644 if name == "forbidden" else 0o755)
    unprivileged_may_read(folder.parent)
    if not world.promises.code:
        world.provider.extensions = {"outlives": outlives, "ends": ends, "forbidden": 13}
    inside = await world.started(layers_directory=folder.parent)
    return inside.sandbox


def path_of(sandbox: Sandbox, name: str) -> str:
    return f"{sandbox.paths.layers}/extensions/{name}"


async def start(sandbox: Sandbox, name: str, **variables: str) -> ExtensionProcess:
    return await sandbox.supervisor.start_extension(path_of(sandbox, name), variables)


async def said(process: ExtensionProcess) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                content = os.read(process.output, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.01)
                continue
            return content.decode()


async def test_an_extension_has_exactly_the_variables_it_was_given_and_its_end_is_told(extended: Sandbox) -> None:
    process = await start(extended, "ends", PATH="/usr/bin:/bin", MINE="1")
    assert (await said(process)).strip() == "MINE,PATH"
    async with asyncio.timeout(PATIENCE):
        assert await process.exited == Exit(code=3)


async def test_what_cannot_be_executed_says_why_and_the_sandbox_goes_on(extended: Sandbox) -> None:
    with pytest.raises(NotExecutable) as refused:
        await start(extended, "forbidden")
    assert refused.value.errno == 13
    process = await start(extended, "outlives", PATH="/usr/bin:/bin")
    assert await said(process) == "started\n"


async def test_an_extension_outlives_the_runtime_and_ends_when_it_is_killed(extended: Sandbox) -> None:
    process = await start(extended, "outlives", PATH="/usr/bin:/bin")
    assert await said(process) == "started\n"
    assert extended.supervisor.signal_runtime(signal.SIGKILL)
    assert (await exit_of(extended)).signal == signal.SIGKILL
    assert not process.exited.done()
    assert extended.supervisor.kill_extension(path_of(extended, "outlives"))
    async with asyncio.timeout(PATIENCE):
        assert (await process.exited).signal == signal.SIGKILL


async def test_destroying_the_sandbox_ends_its_extensions(extended: Sandbox) -> None:
    process = await start(extended, "outlives", PATH="/usr/bin:/bin")
    await extended.destroy()
    async with asyncio.timeout(PATIENCE):
        await process.exited
    assert process.output == -1
    with pytest.raises(SandboxFault):
        await start(extended, "ends")
    with pytest.raises(SandboxFault):
        await extended.supervisor.tcp_socket()


async def test_a_socket_of_the_sandbox_reaches_what_listens_inside(coded: World, extended: Sandbox) -> None:
    made = await extended.supervisor.tcp_socket()
    address = extended.runtime_api.getsockname()
    with made:
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", address[1]))
        extended.runtime_api.setblocking(False)
        accepted, _ = extended.runtime_api.accept()
        accepted.close()


async def test_a_function_without_extensions_pays_with_no_process(coded: World) -> None:
    inside: Inside = await coded.started()
    assert inside.sandbox.supervisor.signal_runtime(0) or inside.sandbox.identifier.startswith("bwrap")


# ---------------------------------------------------------------- what the other side says is not trusted


@pytest.mark.parametrize(
    "message", [b"{", b"[]", b"false", b'{"event": "started"}', b'{"event": "exited", "path": "x", "number": 1}', b"\xff" * 9]
)
async def test_nonsense_is_the_end_of_the_sandbox_and_of_nothing_else(message: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ends: list[Exit] = []
    link = SupervisorLink(ours, ends.append)
    asking = asyncio.get_running_loop().create_task(link.tcp_socket())
    await asyncio.sleep(0)
    theirs.send(message)
    with pytest.raises(SandboxFault):
        await asking
    assert ends == [Exit(signal=signal.SIGKILL)]
    link.close()
    theirs.close()


async def test_a_descriptor_that_is_no_tcp_socket_is_refused_and_closed() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link = SupervisorLink(ours, lambda _: None)
    asking = asyncio.get_running_loop().create_task(link.tcp_socket())
    await asyncio.sleep(0)
    with Path("/dev/null").open("rb") as null:
        socket.send_fds(theirs, [b'{"event": "socket"}'], [null.fileno()])
    with pytest.raises(SandboxFault):
        await asking
    link.close()
    theirs.close()
