"""The API over fakes: an app whose handlers record what they were given, served on a real socket where a test asks for one."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lambent.api.app import App, AppParts, build_app
from lambent.api.downloads import DownloadLinks
from lambent.core.errors import LambdaError
from lambent.core.function import CodePackage, FunctionConfiguration, FunctionVersion
from lambent.core.invocation import InvocationStatus, InvokeResult, Outcome
from lambent.http import Request, Response
from lambent.testing.logs import FakeLogStore
from lambent.testing.packages import FakePackageStore
from lambent.testing.system import FakeChance, FakeClock


@dataclass
class Door:
    """A data plane that echoes."""

    invoked: list = field(default_factory=list)
    accepted: list = field(default_factory=list)
    fault: LambdaError | None = None
    outcome: Outcome | None = None

    async def invoke(self, request):
        self.invoked.append(request)
        if self.fault is not None:
            raise self.fault
        outcome = self.outcome or Outcome(status=InvocationStatus.SUCCESS, payload=request.payload)
        return InvokeResult(outcome=outcome, executed_version="7", log_tail=b"START\nEND\n")

    async def accept(self, request):
        self.accepted.append(request)

    async def resolve(self, reference):
        package = CodePackage(digest="0" * 64, sha256="x", size=1, unpacked_size=1)
        configuration = FunctionConfiguration(role="r")
        return FunctionVersion(
            key=reference.key, version="7", configuration=configuration, code=package, revision_id="r", last_modified=0
        )


@dataclass
class World:
    """The app, and what stands behind it."""

    app: App
    door: Door
    logs: FakeLogStore
    packages: FakePackageStore
    clock: FakeClock
    links: DownloadLinks
    seen: dict
    """The last members each operation's handler was given."""
    replies: dict
    """What handlers answer, by operation: members, or a fault to raise."""


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    def make(**options) -> World:
        clock, seen, replies = FakeClock(), {}, {}

        def handler(operation: str):
            async def handle(call, members):
                seen[operation] = (call, members)
                reply = replies.get(operation, {})
                if isinstance(reply, Exception):
                    raise reply
                return reply

            return handle

        operations = ("CreateFunction", "GetFunction", "GetFunctionConfiguration", "ListFunctions", "DeleteFunction", "DeleteAlias",
                      "UpdateFunctionCode", "UpdateFunctionConfiguration", "UntagResource", "TagResource", "ListTags", "CreateAlias",
                      "PublishLayerVersion", "GetLayerVersionByArn", "ListLayers", "GetLayerVersion", "PutFunctionConcurrency",
                      "CreateEventSourceMapping", "ListVersionsByFunction", "UpdateAlias", "GetAccountSettings")  # fmt: skip
        door, logs, packages = Door(), FakeLogStore(clock), FakePackageStore(tmp_path)
        links = DownloadLinks(b"k" * 16, clock)
        parts = AppParts(
            **{
                "handlers": {each: handler(each) for each in operations},
                "invoker": door,
                "logs": logs,
                "packages": packages,
                "links": links,
                "clock": clock,
                "chance": FakeChance(),
                "account": "000000000000",
                "region": "us-east-1",
                "isolation": "bwrap",
                **options,
            }
        )
        return World(build_app(parts), door, logs, packages, clock, links, seen, replies)

    return make


@pytest.fixture
def world(make_world) -> World:
    return make_world()


@pytest.fixture
def send(world: World):
    """Send one request to the app itself, as the server would: (status, headers, body)."""

    async def send_request(method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        return await exchange(world.app, method, target, body, **headers)

    return send_request


async def exchange(app: App, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    path, _, query = target.partition("?")
    pairs = [
        (b"host", b"127.0.0.1:4566"),
        *((name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()),
    ]
    request = Request(method, path.encode("latin-1"), query.encode("latin-1"), pairs)
    request.content_length = len(body)
    verdict = app.admit(request)
    request.body = body
    response = verdict if isinstance(verdict, Response) else await app.handle(request)
    content = response.body if isinstance(response.body, bytes) else b"".join([each async for each in response.body])
    return response.status, {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}, content


@pytest.fixture
def serve():
    """Serve an app on a free loopback port; yields its base URL."""

    @asynccontextmanager
    async def serve_app(app: App) -> AsyncIterator[str]:
        server = app.server()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        await server.listen(listener)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await server.stop()

    return serve_app
