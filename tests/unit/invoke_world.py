"""A data plane on fakes, in a loop whose time jumps to the next timer instead of passing."""

import asyncio
import io
import json
import selectors
import zipfile
from contextlib import asynccontextmanager
from pathlib import Path

from lambent.core.function import Function, FunctionConfiguration, FunctionKey, FunctionVersion, Owner, State
from lambent.core.invocation import InvokeRequest, InvokeResult
from lambent.core.names import FunctionReference
from lambent.invoke.data_plane import DataPlane, DataPlaneSettings, Parts
from lambent.runtime_api.doors import open_doors
from lambent.testing.logs import FakeLogStore
from lambent.testing.packages import FakePackageStore
from lambent.testing.runtimes import FakeRuntimeCatalog
from lambent.testing.sandbox import FakeSandbox, FakeSandboxProvider
from lambent.testing.store import FakeEventQueue, FakeStore
from lambent.testing.system import FakeChance

OWNER = Owner(account="123456789012", region="eu-west-1")
TENANCY = {"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}
"""Settings of a function that isolates its tenants."""
START = 1_700_000_000.0


class JumpingSelector(selectors.DefaultSelector):
    """When nothing is ready, time moves to the next timer at once."""

    jumped = 0.0

    def select(self, timeout=None):
        if timeout is None:
            ready = super().select(5)
            assert ready, "nothing will ever happen: the test has deadlocked"
            return ready
        ready = super().select(0 if timeout <= 0 else 0.002)  # loopback TCP may need a moment
        if not ready and timeout > 0:
            self.jumped += timeout
        return ready


class LoopTime(asyncio.SelectorEventLoop):
    """`time()` stands still but for jumps: no test sleeps, and durations come out exact."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.jumped


class LoopClock:
    """Both clocks are the loop's."""

    def now(self) -> float:
        return START + asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class World:
    def __init__(self, folder: Path, **settings) -> None:
        self.clock = LoopClock()
        self.chance = FakeChance()
        self.store = FakeStore()
        self.queue = FakeEventQueue()
        self.packages = FakePackageStore(folder)
        self.logs = FakeLogStore(self.clock)
        self.provider = FakeSandboxProvider()
        self.endpoint_connections = []
        self.finished = []
        self.settings = DataPlaneSettings(**{"blank_environments": 1, **settings})
        self.count = 0

    async def deliver(self, finish) -> None:
        self.finished.append(finish)

    @asynccontextmanager
    async def running(self):
        parts = Parts(
            store=self.store,
            queue=self.queue,
            packages=self.packages,
            logs=self.logs,
            catalog=FakeRuntimeCatalog(),
            provider=self.provider,
            open_doors=open_doors(self.endpoint_connections.append),
            clock=self.clock,
            chance=self.chance,
            deliver=self.deliver,
        )
        self.plane = DataPlane(parts, self.settings)
        self.invoker = self.plane.invoker
        async with self.provider.running():
            running = asyncio.get_running_loop().create_task(self.plane.run())
            try:
                yield self
            finally:
                running.cancel()
                await asyncio.wait([running])
                if not running.cancelled() and running.exception() is not None:
                    raise running.exception()
            assert self.plane.environments == 0
            assert not self.provider.storages, "a /tmp was left behind"
            assert all(each.destroyed for each in self.provider.sandboxes), "a sandbox was left behind"

    async def create(
        self, name: str = "hello", *, state: State = State.ACTIVE, reserved: int | None = None, **configuration
    ) -> FunctionVersion:
        code = await self.packages.add_zip(zip_of({"app.py": "def handler(event, context): return event"}))
        values = {
            "role": "arn:aws:iam::123456789012:role/r",
            "runtime": "python3.12",
            "handler": "app.handler",
            "log_group": f"/aws/lambda/{name}",
        }
        version = FunctionVersion(
            key=FunctionKey(owner=OWNER, name=name),
            version="$LATEST",
            configuration=FunctionConfiguration(**{**values, **configuration}),
            code=code,
            revision_id=f"{name}-{self.number()}",
            last_modified=START,
            state=state,
        )
        serving = version if state is State.ACTIVE else None
        await self.store.add_function(Function(latest=version, serving=serving, reserved_concurrency=reserved))
        return version

    def number(self) -> int:
        self.count += 1
        return self.count

    def request(self, name: str = "hello", payload: bytes = b"{}", qualifier: str | None = None, **more) -> InvokeRequest:
        reference = FunctionReference(key=FunctionKey(owner=OWNER, name=name), qualifier=qualifier)
        request_id = f"aaaaaaaa-0000-4000-8000-{self.number():012d}"
        return InvokeRequest(
            **{"reference": reference, "payload": payload, "request_id": request_id, "trace_id": "Root=1-a", **more}
        )

    async def invoke(self, name: str = "hello", payload: bytes = b"{}", **more) -> InvokeResult:
        return await self.invoker.invoke(self.request(name, payload, **more))

    def log(self, name: str = "hello") -> list[str]:
        return self.logs.messages(OWNER, f"/aws/lambda/{name}")

    @property
    def sandbox(self) -> FakeSandbox:
        """The sandbox in use by the only function."""
        (used,) = [each for each in self.provider.sandboxes if each.workload is not None and not each.destroyed]
        return used

    @property
    def used(self) -> list[FakeSandbox]:
        """Every sandbox that was ever assigned."""
        return [each for each in self.provider.sandboxes if each.workload is not None]


def document(result: InvokeResult) -> dict:
    return json.loads(result.outcome.payload)


def zip_of(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()
