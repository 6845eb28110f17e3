"""The fake sandbox keeps the port's contract, and does what its script says."""

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from lambent.core.environment import Exit
from lambent.core.ports import Sandbox, SandboxFault, TemporaryStorage, Workload
from lambent.testing.runtimes import FakeRuntimeCatalog, fake_runtime
from lambent.testing.sandbox import SILENCE, FakeContext, FakeSandboxProvider, InitError, Raw, Script, frame

HEAD = "\0".join(("a" * 36, "b", "5", "arn", "", "", "", "")).encode()
ASSIGNMENT = json.dumps({"environment": {"NAME": "value"}, "handler": "app.handler"}).encode()


async def receive(sandbox: Sandbox) -> bytes:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
            more = await loop.sock_recv(sandbox.channel, 1 << 20)
            if not more:
                return b""
            data += more
        return data[4:]


async def send(sandbox: Sandbox, kind: bytes, body: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sandbox.channel, frame(kind, body))


def workload() -> Workload:
    return Workload(task_directory=Path("/nowhere"), layers_directory=None, memory_mib=128,
        temporary_storage=TemporaryStorage(identifier="x", size_mib=512), network=False)  # fmt: skip


async def ready(provider: FakeSandboxProvider) -> Sandbox:
    sandbox = await provider.create(fake_runtime("python3.12"))
    assert await receive(sandbox) == b"H"
    await sandbox.assign(workload())
    await send(sandbox, b"I", ASSIGNMENT)
    return sandbox


async def invoke(sandbox: Sandbox, event: bytes) -> None:
    await send(sandbox, b"V", len(HEAD).to_bytes(4, "big") + HEAD + event)


async def test_a_behaviour_answers_with_the_environment_that_init_brought() -> None:
    async def behaviour(event: bytes, context: FakeContext) -> bytes:
        context.print("a line")
        return event + context.environment["NAME"].encode()

    provider = FakeSandboxProvider(behaviour)
    async with provider.running():
        sandbox = await ready(provider)
        assert await receive(sandbox) == b"R"
        await invoke(sandbox, b"event and ")
        assert await receive(sandbox) == b"S" + b"a" * 36 + b"event and value"
        assert os.read(sandbox.output, 100) == b"a line\n"


async def test_an_exception_of_a_behaviour_is_a_function_error() -> None:
    def behaviour(event: bytes, context: FakeContext) -> bytes:
        raise ValueError("no")

    provider = FakeSandboxProvider(behaviour)
    async with provider.running():
        sandbox = await ready(provider)
        assert await receive(sandbox) == b"R"
        await invoke(sandbox, b"{}")
        answer = await receive(sandbox)
        assert answer[:37] == b"E" + b"a" * 36
        assert answer[38:48] == b"ValueError"


async def test_init_can_fail_hang_or_exit() -> None:
    provider = FakeSandboxProvider(script=Script(init=InitError("Runtime.ImportModuleError", b"{}")))
    async with provider.running():
        sandbox = await ready(provider)
        assert (await receive(sandbox)).endswith(b"ImportModuleError{}")
        assert await sandbox.exited == Exit(code=1)

        provider.script = Script(init=SILENCE)
        sandbox = await ready(provider)
        with pytest.raises(BlockingIOError):
            sandbox.channel.recv(1)

        provider.script = Script(init=lambda environment, handler: Exit(signal=11) if handler == "app.handler" else None)
        assert await (await ready(provider)).exited == Exit(signal=11)

        provider.script = Script(start=Exit(code=3))
        assert await (await provider.create(fake_runtime("python3.12"))).exited == Exit(code=3)


async def test_forged_bytes_are_sent_as_they_are_and_an_exit_closes_the_channel() -> None:
    provider = FakeSandboxProvider(lambda event, _: Raw(b"\xff" * 9) if event == b"1" else Exit(code=7))
    async with provider.running():
        sandbox = await ready(provider)
        assert await receive(sandbox) == b"R"
        await invoke(sandbox, b"1")
        assert await asyncio.get_running_loop().sock_recv(sandbox.channel, 100) == b"\xff" * 9
        await invoke(sandbox, b"2")
        assert await receive(sandbox) == b""
        assert await sandbox.exited == Exit(code=7)
        assert os.read(sandbox.output, 10) == b""


async def test_a_frozen_sandbox_answers_after_it_is_thawed() -> None:
    provider = FakeSandboxProvider()
    async with provider.running():
        sandbox = await ready(provider)
        assert await receive(sandbox) == b"R"
        sandbox.freeze()
        sandbox.freeze()
        await invoke(sandbox, b"{}")
        for _ in range(5):
            await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            sandbox.channel.recv(1)
        sandbox.thaw()
        assert await receive(sandbox) == b"S" + b"a" * 36 + b"{}"
        assert provider.sandboxes[0].freezes == 1


async def test_destroy_is_idempotent_and_frees_every_descriptor() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    provider = FakeSandboxProvider(lambda event, _: SILENCE)
    async with provider.running():
        sandbox = await ready(provider)
        assert await receive(sandbox) == b"R"
        await invoke(sandbox, b"{}")
        await sandbox.destroy()
        await sandbox.destroy()
        assert await sandbox.exited == Exit(signal=9)
        sandbox.freeze()
        sandbox.thaw()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_sandbox_is_assigned_once_and_faults_can_be_asked_for() -> None:
    provider = FakeSandboxProvider()
    async with provider.running():
        sandbox = await ready(provider)
        with pytest.raises(SandboxFault):
            await sandbox.assign(workload())
        provider.refuse_assign = "no more memory"
        with pytest.raises(SandboxFault, match="no more memory"):
            await (await provider.create(fake_runtime("python3.12"))).assign(workload())
        provider.refuse_create = "no more sandboxes"
        with pytest.raises(SandboxFault, match="no more sandboxes"):
            await provider.create(fake_runtime("python3.12"))


async def test_its_listeners_take_connections_and_storages_are_counted() -> None:
    provider = FakeSandboxProvider()
    async with provider.running():
        sandbox = await provider.create(fake_runtime("nodejs20.x"))
        host, _, port = sandbox.runtime_api_address.partition(":")
        with socket.create_connection((host, int(port))):
            assert sandbox.runtime_api.accept()[0].close() is None
        storage = await provider.temporary_storage(512)
        assert provider.storages == {storage}
        await provider.release(storage)
        await provider.release(storage)
        assert not provider.storages


def test_a_fake_catalog_has_exactly_what_it_was_given() -> None:
    catalog = FakeRuntimeCatalog(["python3.12", "provided.al2023"])
    assert [each.identifier for each in catalog.installations()] == ["provided.al2023", "python3.12"]
    assert catalog.find("python3.11") is None
    found = catalog.find("python3.12")
    assert found is not None
    assert found.version == "3.12.0"
