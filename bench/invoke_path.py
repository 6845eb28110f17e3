"""What one warm invocation costs in the data plane alone: a runtime that answers at once, in the same loop, no HTTP in front.

Prints microseconds per invocation and, for comparison, the cost of the bare socket exchange. Run: python bench/invoke_path.py
"""

import asyncio
import cProfile
import os
import pstats
import socket
import struct
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from lambent.adapters.system import SystemChance, SystemClock
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.function import CodePackage, Function, FunctionConfiguration, FunctionKey, FunctionVersion, Owner, State
from lambent.core.invocation import InvokeRequest
from lambent.core.names import FunctionReference
from lambent.core.ports import SandboxPaths, TemporaryStorage
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from lambent.invoke.data_plane import DataPlane, DataPlaneSettings, Parts
from lambent.runtime_api.doors import open_doors
from lambent.testing.store import FakeEventQueue, FakeStore

KEY = FunctionKey(owner=Owner(account="000000000000", region="us-east-1"), name="hello")
PYTHON = RuntimeInstallation(identifier="python3.11", family=RuntimeFamily.PYTHON, version="3.11.7", executable=None, prefix=None)


class EchoSandbox:
    """Its runtime client is a callback of the loop that answers each event with itself."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.identifier, self.runtime, self.paths = "echo", PYTHON, SandboxPaths()
        self.channel, self.inside = socket.socketpair()
        self.output, self.output_inside = os.pipe()
        self.telemetry, self.telemetry_inside = os.pipe()
        self.runtime_api = socket.create_server(("127.0.0.1", 0))
        self.endpoint = None
        self.exited: asyncio.Future[Exit] = self.loop.create_future()
        for each in (self.channel, self.inside, self.runtime_api):
            each.settimeout(0)
        for each in (self.output, self.telemetry):
            os.set_blocking(each, False)
        self.loop.add_reader(self.inside, self.answer)
        self.inside.send(struct.pack(">Ic", 1, b"H"))

    runtime_api_address = "127.0.0.1:1"
    endpoint_address = None

    def answer(self) -> None:
        data = self.inside.recv(65536)
        if data[4:5] == b"I":
            self.inside.send(struct.pack(">Ic", 1, b"R"))
        elif data:
            at = 9 + int.from_bytes(data[5:9], "big")
            self.inside.send(struct.pack(">Ic", 37 + len(data) - at, b"S") + data[9:45] + data[at:])

    async def assign(self, workload: object) -> None:
        pass

    def end_burst(self) -> None:
        pass

    def freeze(self) -> None:
        pass

    thaw = freeze

    def memory_peak_mib(self) -> int:
        return 31

    def was_out_of_memory(self) -> bool:
        return False

    async def destroy(self) -> None:
        self.loop.remove_reader(self.inside)
        for each in (self.channel, self.inside, self.runtime_api):
            each.close()


class EchoProvider:
    level = IsolationLevel.PROCESS

    @asynccontextmanager
    async def running(self):
        yield

    async def create(self, _):
        return EchoSandbox()

    async def temporary_storage(self, size_mib):
        return TemporaryStorage(identifier="", size_mib=size_mib)

    async def release(self, storage):
        pass


class Places:
    """Code, logs and runtimes that cost nothing."""

    async def unpacked(self, _):
        return Path("/")

    async def merged(self, _):
        return None

    def open_stream(self, *_):
        return self

    def write(self, timestamp, message):
        pass

    def close(self):
        pass

    def find(self, _):
        return PYTHON


async def plane() -> DataPlane:
    store, places = FakeStore(), Places()
    code = CodePackage(digest="0", sha256="", size=1, unpacked_size=1)
    version = FunctionVersion(
        key=KEY,
        version="$LATEST",
        configuration=FunctionConfiguration(role="r", runtime="python3.11", handler="m.h", log_group="/aws/lambda/hello"),
        code=code,
        revision_id="1",
        last_modified=0,
        state=State.ACTIVE,
    )
    await store.add_function(Function(latest=version, serving=version))
    parts = Parts(
        store=store,
        queue=FakeEventQueue(),
        packages=places,
        logs=places,
        catalog=places,
        provider=EchoProvider(),
        open_doors=open_doors(None),
        clock=SystemClock(),
        chance=SystemChance(),
    )
    return DataPlane(parts, DataPlaneSettings())


def request(number: int) -> InvokeRequest:
    return InvokeRequest(
        reference=REFERENCE, payload=b'{"key": "value"}', request_id=f"00000000-0000-4000-8000-{number:012d}", trace_id="Root=1-x"
    )


REFERENCE = FunctionReference(key=KEY)


async def rounds(invoker, count: int) -> None:
    for number in range(count):
        await invoker.invoke(request(number))


async def bare(count: int) -> float:
    """The same exchange without the data plane: a future, a write and two readers."""
    sandbox, loop = EchoSandbox(), asyncio.get_running_loop()
    waiting = None
    sandbox.channel.recv(5)

    def readable():
        data = sandbox.channel.recv(65536)
        if waiting is not None and data[4:5] == b"S":
            waiting.set_result(data)

    loop.add_reader(sandbox.channel, readable)
    message = struct.pack(">IcI", 45, b"V", 36) + b"0" * 36 + b"{}"
    began = time.perf_counter()
    for _ in range(count):
        waiting = loop.create_future()
        sandbox.channel.send(message)
        await waiting
    took = time.perf_counter() - began
    waiting = None
    loop.remove_reader(sandbox.channel)
    await sandbox.destroy()
    return took / count * 1e6


async def main() -> None:
    made = await plane()
    running = asyncio.create_task(made.run())
    await asyncio.sleep(0.1)
    invoker = made.invoker
    await rounds(invoker, 2000)
    count = 20000
    floor = await bare(count)
    began = time.perf_counter()
    await rounds(invoker, count)
    alone = (time.perf_counter() - began) / count * 1e6
    began = time.perf_counter()
    await asyncio.gather(*(rounds(invoker, count // 10) for _ in range(10)))
    ten = (time.perf_counter() - began) / count * 1e6
    print(
        f"bare exchange {floor:.1f} us; invoke c=1 {alone:.1f} us, c=10 {ten:.1f} us; the data plane adds {alone - floor:.1f} us"
    )
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        profile.enable()
        await rounds(invoker, count)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
