"""The whole API over fakes, with a function, a version, an alias, a layer and a log: what fuzzed requests are sent to."""

import asyncio
from pathlib import Path

from lambent.api.app import App, AppParts, build_app
from lambent.api.downloads import DownloadLinks
from lambent.control.invoke_policy import InvokePolicy
from lambent.core.errors import ResourceNotFound
from lambent.core.function import LATEST, FunctionVersion
from lambent.core.invocation import InvocationStatus, InvokeRequest, InvokeResult, Outcome
from lambent.core.names import FunctionReference
from lambent.http import HttpLimits, Request, Response
from lambent.http.framing import Refused
from lambent.http.message import BodyBudget
from lambent.http.reader import RequestReader
from lambent.testing.logs import FakeLogStore
from tests.unit.control_world import CALLER, World, zip_of

_LIMITS = HttpLimits()
_STREAM = "2026/11/25/[$LATEST]0123456789abcdef0123456789abcdef"
_PATIENCE_SECONDS = 30.0


class EchoDoor:
    """A data plane that returns its event, for functions that are there."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def resolve(self, reference: FunctionReference) -> FunctionVersion:
        function = await self._world.store.function(reference.key)
        if function is None:
            raise ResourceNotFound(f"Function not found: {reference.arn}")
        return function.latest

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        await self.resolve(request.reference)
        outcome = Outcome(status=InvocationStatus.SUCCESS, payload=request.payload)
        return InvokeResult(outcome=outcome, executed_version=LATEST, log_tail=b"START\nEND\n")

    async def accept(self, request: InvokeRequest) -> None:
        await self.resolve(request.reference)


class FuzzedApp:
    """One installation. `answer` is what the HTTP server would do with the bytes of one request."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        logs = FakeLogStore(self.world.clock)
        logs.open_stream(CALLER, "/aws/lambda/hello", _STREAM).write(1_700_000_000.0, b"ERROR a line\n")
        parts = AppParts(
            handlers=self.world.handlers,
            invoker=EchoDoor(self.world),
            authorize_invoke=InvokePolicy(self.world.store).check,
            logs=logs,
            packages=self.world.packages,
            links=DownloadLinks(b"k" * 16, self.world.clock),
            clock=self.world.clock,
            chance=self.world.chance,
            account=CALLER.account,
            region=CALLER.region,
            isolation="none",
        )
        self.app: App = build_app(parts)

    async def prepare(self) -> "FuzzedApp":
        world = self.world
        world.objects.objects["bucket", "there.zip", None] = zip_of("s3")
        await world.active(Publish=True)
        await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
        await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
        return self

    async def answer(self, wire: bytes) -> tuple[Response, bytes] | None:
        """The reply and its whole body; None when these bytes are not HTTP, which the connection answers by itself."""
        arrived: list[tuple[Request, Response | None]] = []
        reader = RequestReader(
            _LIMITS, self.app.admit, BodyBudget(2**30), lambda request, early: arrived.append((request, early)), lambda: 0.0
        )
        try:
            reader.feed(wire)
        except Refused:
            return None
        (request, early), *_ = arrived
        async with asyncio.timeout(_PATIENCE_SECONDS):
            response = early or await self.app.handle(request)
            body = response.body
            return response, body if isinstance(body, bytes) else b"".join([each async for each in body])

    async def still_serves(self) -> None:
        """Whatever was sent, what is stored can be read and brought into service."""
        await self.world.activate()
        for target in ("/2015-03-31/functions", "/2018-10-31/layers", "/2016-08-19/account-settings"):
            answered = await self.answer(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert answered is not None
            assert answered[0].status == 200, answered
