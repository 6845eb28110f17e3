"""The data plane with real runtimes in real processes: our Python client, the stock awslambdaric, a shell bootstrap with curl."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lambent.adapters.sandbox.process import ProcessProvider
from lambent.adapters.system import SystemChance, SystemClock
from lambent.core.function import CodePackage, Function, FunctionConfiguration, FunctionKey, FunctionVersion, Owner, State
from lambent.core.invocation import InvokeRequest, InvokeResult
from lambent.core.names import FunctionReference
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from lambent.invoke.data_plane import DataPlane, DataPlaneSettings, Parts
from lambent.runtime_api.doors import open_doors
from lambent.testing.logs import FakeLogStore
from lambent.testing.store import FakeEventQueue, FakeStore

OWNER = Owner(account="123456789012", region="eu-west-1")
MINOR = f"python3.{sys.version_info.minor}"
RUNTIMES = {
    MINOR: RuntimeInstallation(
        identifier=MINOR,
        family=RuntimeFamily.PYTHON,
        version=sys.version.split(" ")[0],
        executable=Path(sys.executable).resolve(),
        prefix=Path(sys.base_prefix),
    ),
    "provided.al2023": RuntimeInstallation(
        identifier="provided.al2023", family=RuntimeFamily.PROVIDED, version="", executable=None, prefix=None
    ),
}


class Folders:
    """Code that is already unpacked: a package's digest is its folder's name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def unpacked(self, digest: str) -> Path:
        return self.root / digest

    async def merged(self, digests) -> None:
        return None

    def find(self, identifier: str) -> RuntimeInstallation | None:
        return RUNTIMES.get(identifier)


class Platform:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.store, self.chance = FakeStore(), SystemChance()
        self.logs = FakeLogStore(SystemClock())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Platform"]:
        folders, clock = Folders(self.root), SystemClock()
        parts = Parts(
            store=self.store,
            queue=FakeEventQueue(),
            packages=folders,
            logs=self.logs,
            catalog=folders,
            provider=ProcessProvider(self.root / "sandboxes"),
            open_doors=open_doors(None),
            clock=clock,
            chance=self.chance,
        )
        self.plane = DataPlane(parts, DataPlaneSettings(blank_environments=1))
        async with parts.provider.running():
            task = asyncio.create_task(self.plane.run())
            try:
                yield self
            finally:
                task.cancel()
                await asyncio.wait([task])

    async def create(self, name: str, files: dict[str, str], **configuration) -> FunctionVersion:
        folder = self.root / name
        folder.mkdir()
        for path, text in files.items():
            (folder / path).write_text(text)
            (folder / path).chmod(0o755)
        values = {"role": "r", "runtime": MINOR, "handler": "app.handler", "log_group": f"/aws/lambda/{name}", "timeout": 20}
        version = FunctionVersion(
            key=FunctionKey(owner=OWNER, name=name),
            version="$LATEST",
            configuration=FunctionConfiguration(**{**values, **configuration}),
            code=CodePackage(digest=name, sha256="", size=1, unpacked_size=1),
            revision_id=name,
            last_modified=0,
            state=State.ACTIVE,
        )
        await self.store.add_function(Function(latest=version, serving=version))
        return version

    async def invoke(self, name: str, event: object = None, **more) -> InvokeResult:
        reference = FunctionReference(key=FunctionKey(owner=OWNER, name=name))
        request = InvokeRequest(
            reference=reference, payload=json.dumps(event).encode(), request_id=self.chance.uuid(), trace_id="Root=1-a", **more
        )
        async with asyncio.timeout(30):
            return await self.plane.invoker.invoke(request)

    def log(self, name: str) -> str:
        return "\n".join(self.logs.messages(OWNER, f"/aws/lambda/{name}"))


@pytest.fixture
async def platform(tmp_path) -> AsyncIterator[Platform]:
    async with Platform(tmp_path).running() as running:
        yield running


def value(result: InvokeResult) -> object:
    return json.loads(result.outcome.payload)


CONTEXT = """
import os
print("loading")
def handler(event, context):
    print("handling")
    return {"event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb, "region": os.environ["AWS_REGION"], "task": os.environ["LAMBDA_TASK_ROOT"], "pid": os.getpid()}
"""


async def test_a_python_function_runs_over_frames(platform: Platform) -> None:
    await platform.create("hello", {"app.py": CONTEXT})
    first, second = value(await platform.invoke("hello", {"a": "ü"})), await platform.invoke("hello", [1], log_tail=True)
    assert first["event"] == {"a": "ü"}
    assert first["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:hello"
    assert 0 < first["left"] <= 20_000
    assert first["memory"] == "128"
    assert value(second)["pid"] == first["pid"]
    assert b"handling\nEND" in second.log_tail
    log = platform.log("hello")
    assert (
        log.index("INIT_START") < log.index("loading") < log.index("START RequestId") < log.index("handling") < log.index("END")
    )
    assert "Init Duration: " in log


async def test_the_stock_python_client_runs_over_the_http_runtime_api(platform: Platform) -> None:
    pytest.importorskip("awslambdaric")
    import awslambdaric

    site = Path(awslambdaric.__file__).parents[1]
    bootstrap = f"#!/bin/sh\nexport PYTHONPATH={site}\ncd $LAMBDA_TASK_ROOT\nexec {sys.executable} -m awslambdaric $_HANDLER\n"
    await platform.create("stock", {"app.py": CONTEXT, "bootstrap": bootstrap}, runtime="provided.al2023")
    pids = set()
    for number in range(5):
        result = value(await platform.invoke("stock", {"n": number}))
        assert result["event"] == {"n": number}
        pids.add(result["pid"])
    assert len(pids) == 1
    await asyncio.sleep(0.05)
    assert value(await platform.invoke("stock", {"n": 9}))["pid"] in pids


async def test_the_stock_clients_errors_arrive_whole(platform: Platform) -> None:
    pytest.importorskip("awslambdaric")
    import awslambdaric

    site = Path(awslambdaric.__file__).parents[1]
    bootstrap = f"#!/bin/sh\nexport PYTHONPATH={site}\ncd $LAMBDA_TASK_ROOT\nexec {sys.executable} -m awslambdaric $_HANDLER\n"
    await platform.create(
        "bad", {"app.py": "def handler(e, c):\n    raise ValueError(e)\n", "bootstrap": bootstrap}, runtime="provided.al2023"
    )
    result = await platform.invoke("bad", "why")
    assert value(result)["errorType"] == "ValueError"
    assert value(result)["errorMessage"] == "why"
    await platform.create("broken", {"app.py": "import nothing_like_it", "bootstrap": bootstrap}, runtime="provided.al2023")
    result = await platform.invoke("broken")
    assert value(result)["errorType"] == "Runtime.ImportModuleError"
    assert "INIT_REPORT" in platform.log("broken")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_a_shell_bootstrap_with_curl(platform: Platform) -> None:
    bootstrap = """#!/bin/sh
base=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
  event=$(curl -sS -D $LAMBDA_TASK_ROOT/headers $base/invocation/next)
  id=$(grep -i lambda-runtime-aws-request-id $LAMBDA_TASK_ROOT/headers | cut -d' ' -f2 | tr -d '\\r')
  echo "got $event"
  curl -sS -X POST $base/invocation/$id/response -d "{\\"got\\": $event}" > /dev/null
done
"""
    await platform.create("shell", {"bootstrap": bootstrap}, runtime="provided.al2023", handler="any")
    for number in range(3):
        assert value(await platform.invoke("shell", number)) == {"got": number}
    assert "got 2" in platform.log("shell")


async def test_functions_that_misbehave_meet_lambdas_errors_and_the_next_invocation_works(platform: Platform) -> None:
    code = """
import os, sys, time, threading
def handler(event, context):
    if event == "exit": os._exit(3)
    if event == "abort": os.abort()
    if event == "hang": time.sleep(60)
    if event == "print":
        for _ in range(200): print("x" * 1000 + "\\n" * 50)
    if event == "close":
        os.closerange(0, 64); time.sleep(60)
    if event == "forge":
        for descriptor in range(3, 64):
            try: os.write(descriptor, b"\\xff\\xff\\xff\\xffS" + b"x" * 100)
            except OSError: pass
        time.sleep(60)
    if event == "large": return "x" * 7_000_000
    if event == "fork":
        if os.fork() == 0: time.sleep(60)
    return event
"""
    await platform.create("bad", {"app.py": code}, timeout=1)
    expected = {
        "exit": "Runtime.ExitError",
        "abort": "Runtime.ExitError",
        "hang": "Sandbox.Timedout",
        "print": None,
        "close": "Runtime.ExitError",
        "forge": "Sandbox.Timedout",
        "large": "Function.ResponseSizeTooLarge",
        "fork": None,
    }
    for event, error_type in expected.items():
        result = await platform.invoke("bad", event)
        found = value(result)
        assert (found["errorType"] if error_type else found) == (error_type or event), event
        assert value(await platform.invoke("bad", "fine")) == "fine", f"after {event}"
    assert "exit status 3" in json.dumps(value(await platform.invoke("bad", "exit")))


async def test_many_at_once(platform: Platform) -> None:
    await platform.create("many", {"app.py": "def handler(event, context): return event"})
    gate = asyncio.Semaphore(4)

    async def one(number: int) -> object:
        async with gate:
            return value(await platform.invoke("many", number))

    assert await asyncio.gather(*(one(n) for n in range(200))) == list(range(200))
    assert platform.plane.environments <= 5
