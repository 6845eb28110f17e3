"""The HTTP Extensions API: every route, its refusals in the emulator's words, illegal transitions, lost connections (facts E3)."""

import asyncio
import json
import uuid

import pytest

from lambent.testing.extensions import FakeExtension, FakeReply
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.extended_world import extended, listening, settled
from tests.unit.invoke_world import World
from tests.unit.runtime_api.stock_client import Client

REGISTER = "/2020-01-01/extension/register"
NEXT = "/2020-01-01/extension/event/next"
INIT_ERROR = "/2020-01-01/extension/init/error"
EXIT_ERROR = "/2020-01-01/extension/exit/error"


def error_of(reply: FakeReply) -> tuple[int, str]:
    return reply.status, str(reply.document["errorType"])


async def in_init(world: World, calls) -> None:
    """Run these calls as an extension named `e` that has not registered, then let it register and serve."""
    failures = []

    async def program(extension: FakeExtension) -> int | None:
        try:
            await calls(extension)
        except BaseException as error:
            failures.append(error)
            raise
        if extension.identifier:
            return await extension.next() and 0
        return await listening([], "INVOKE")(extension)

    await extended(world, e=program)
    await world.invoke()
    for failure in failures:
        raise failure
    await settled(world)


@pytest.mark.parametrize(
    ("headers", "body", "error_type"),
    [
        ({}, b"{}", "Extension.InvalidExtensionName"),
        ({"Lambda-Extension-Name": "n" * 300}, b"{}", "Extension.InvalidExtensionName"),
        ({"Lambda-Extension-Name": "e"}, b"", "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b"[]", "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b'{"events": "INVOKE"}', "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b'{"events": [1]}', "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b'{"events": [], "configurationKeys": ["a"]}', "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b"[" * 60_000, "InvalidRequestFormat"),
        ({"Lambda-Extension-Name": "e"}, b'{"events": ["OTHER"]}', "Extension.InvalidEventType"),
        ({"Lambda-Extension-Name": "internal"}, b'{"events": ["SHUTDOWN"]}', "Extension.InvalidEventType"),
    ],
)
async def test_a_bad_registration_is_refused(world: World, headers, body, error_type) -> None:
    async def calls(extension: FakeExtension) -> None:
        assert error_of(await extension.call("POST", REGISTER, body, headers)) == (403, error_type)

    await in_init(world, calls)


@pytest.mark.parametrize(("method", "path"), [("GET", NEXT), ("POST", INIT_ERROR), ("POST", EXIT_ERROR)])
@pytest.mark.parametrize(
    ("headers", "error_type"),
    [
        ({}, "Extension.MissingExtensionIdentifier"),
        ({"Lambda-Extension-Identifier": "me"}, "Extension.InvalidExtensionIdentifier"),
        ({"Lambda-Extension-Identifier": str(uuid.uuid4())}, "Extension.UnknownExtensionIdentifier"),
    ],
)
async def test_a_call_without_a_known_identifier_is_refused(world: World, method, path, headers, error_type) -> None:
    async def calls(extension: FakeExtension) -> None:
        given = {**headers, "Lambda-Extension-Function-Error-Type": "Extension.X"}
        assert error_of(await extension.call(method, path, b"", given)) == (403, error_type)

    await in_init(world, calls)


async def test_paths_and_methods_that_do_not_exist_are_404_and_405(world: World) -> None:
    async def calls(extension: FakeExtension) -> None:
        assert (await extension.call("POST", "/2020-01-01/extension/other")).status == 404
        assert (await extension.call("GET", "/2020-01-02/extension/register")).status == 404
        assert (await extension.call("GET", REGISTER)).status == 405
        assert (await extension.call("POST", NEXT)).status == 405
        assert (await extension.call("POST", REGISTER, b"x" * 70_000)).status == 413

    await in_init(world, calls)


async def test_registering_twice_is_an_illegal_transition(world: World) -> None:
    async def calls(extension: FakeExtension) -> None:
        await extension.register("INVOKE")
        reply = await extension.call("POST", REGISTER, b"{}", {"Lambda-Extension-Name": "e"})
        assert error_of(reply) == (403, "Extension.InvalidExtensionState")
        assert reply.document["errorMessage"] == (
            f"State transition from Registered to Registered failed for extension {extension.identifier}. "
            "Error: State transition is not allowed"
        )

    await in_init(world, calls)


async def test_an_error_report_needs_its_type_and_ends_all_further_calls(world: World) -> None:
    async def program(extension: FakeExtension) -> int:
        await extension.register("INVOKE")
        assert error_of(await extension.call("POST", EXIT_ERROR)) == (403, "Extension.MissingHeader")
        headers = {"Lambda-Extension-Function-Error-Type": "Extension.Broken"}
        assert (await extension.call("POST", EXIT_ERROR, b"", headers)).status == 202
        assert (await extension.call("POST", EXIT_ERROR, b"", headers)).status == 202
        assert error_of(await extension.call("POST", INIT_ERROR, b"", headers)) == (403, "Extension.InvalidExtensionState")
        assert error_of(await extension.call("GET", NEXT)) == (403, "Extension.InvalidExtensionState")
        seen.append("all")
        return 1

    seen = []
    await extended(world, e=program)
    result = await world.invoke()
    assert json.loads(result.outcome.payload)["errorType"] == "Extension.ExitError"
    assert seen


async def test_the_event_has_an_identifier_of_its_own(world: World) -> None:
    replies = []

    async def program(extension: FakeExtension) -> None:
        await extension.register("INVOKE")
        while True:
            replies.append(await extension.call("GET", NEXT))

    await extended(world, e=program)
    await world.invoke()
    await settled(world)
    await world.invoke()
    await settled(world)
    identifiers = {each.headers["lambda-extension-event-identifier"] for each in replies}
    assert len(identifiers) == 2


async def test_a_connection_lost_while_waiting_may_ask_again_and_no_event_is_lost(world: World) -> None:
    events = []

    async def program(extension: FakeExtension) -> None:
        await extension.register("INVOKE")
        await extension.next()
        client = await Client(extension.variables["AWS_LAMBDA_RUNTIME_API"]).open()
        head = f"GET {NEXT} HTTP/1.1\r\nHost: x\r\nLambda-Extension-Identifier: {extension.identifier}\r\n\r\n"
        client.writer.write(head.encode())
        await asyncio.sleep(1)
        client.close()
        await asyncio.sleep(2)
        while True:
            events.append(await extension.next())

    await extended(world, e=program)
    await world.invoke()
    await settled(world)
    await asyncio.sleep(2)
    await world.invoke()
    await settled(world)
    assert 900 < float(world.log()[-1].partition("\tDuration: ")[2].partition(" ms")[0]) <= 1000
    assert [each["eventType"] for each in events] == ["INVOKE"]


# ---------------------------------------------------------------- internal extensions: the runtime's own process calls


async def test_an_internal_extension_registers_while_the_function_loads_and_gets_invoke_events(world: World) -> None:
    events = []
    registered = asyncio.Event()

    async def internal(environment) -> None:
        extension = FakeExtension(name="internal", variables=environment, output=-1)
        assert (await extension.register("INVOKE")).status == 200
        registered.set()
        while True:
            events.append(await extension.next())

    async with http_function(world, internal, registered) as invoke:
        await invoke()
        await settled(world)
        assert [each["eventType"] for each in events] == ["INVOKE"]
        assert "EXTENSION\tName: internal\tState: Ready\tEvents: [INVOKE]" in world.log()
        await invoke()
        await settled(world)
        assert len(events) == 2
        began = world.clock.now()
        world.used[0].supervisor.ignores_sigterm = True
        (environment,) = world.plane._pool._environments
        await environment.destroy()
        assert round(world.clock.now() - began, 1) == 0.5


async def test_at_most_ten_extensions_may_register_and_none_after_init(world: World) -> None:
    registered = asyncio.Event()
    late = asyncio.Event()
    replies = []

    async def internal(environment) -> None:
        extensions = [FakeExtension(name=f"i{number}", variables=environment, output=-1) for number in range(11)]
        replies.extend([await each.register("INVOKE") for each in extensions])
        waiting = [asyncio.get_running_loop().create_task(each.next()) for each in extensions[:10]]
        again = FakeExtension(name="i3", variables=environment, output=-1)
        replies.append(await again.register("INVOKE"))
        registered.set()
        await late.wait()
        replies.append(await FakeExtension(name="late", variables=environment, output=-1).register("INVOKE"))
        for each in waiting:
            each.cancel()

    async with http_function(world, internal, registered) as invoke:
        invoking = asyncio.get_running_loop().create_task(invoke())
        await asyncio.sleep(1)
        late.set()
        await invoking
        await asyncio.sleep(0.1)
    assert [each.status for each in replies] == [200] * 10 + [403, 403, 403]
    assert error_of(replies[10])[1] == "Extension.TooManyExtensions"
    assert replies[10].document["errorMessage"] == "Extension limit (10) reached"
    assert error_of(replies[11])[1] == "Extension.InvalidExtensionState"
    assert error_of(replies[12])[1] == "Extension.RegistrationClosed"


async def test_an_invocation_lasts_until_the_runtime_itself_asks_for_the_next_one(world: World) -> None:
    registered = asyncio.Event()

    async def internal(environment) -> None:
        extension = FakeExtension(name="internal", variables=environment, output=-1)
        await extension.register()
        registered.set()
        await extension.next()

    async with http_function(world, internal, registered, pause=2.0) as invoke:
        await invoke()
        await settled(world)
        assert "\tDuration: 2000.00 ms" in world.log()[-1]


class http_function:  # noqa: N801 - used as a function
    """A provided function whose runtime is this test, over HTTP; `internal` runs in it during init."""

    def __init__(self, world: World, internal, registered: asyncio.Event, pause: float = 0.0) -> None:
        self.world, self.internal, self.registered, self.pause = world, internal, registered, pause
        self.tasks = []

    async def __aenter__(self):
        def init(environment, handler):
            self.tasks.append(asyncio.get_running_loop().create_task(self.runtime(dict(environment))))
            return SILENCE

        self.world.provider.script = Script(init=init)
        await self.world.create(runtime="provided.al2023", timeout=30)
        return self.world.invoke

    async def runtime(self, environment) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(self.internal(environment)))
        await self.registered.wait()
        client = await Client(environment["AWS_LAMBDA_RUNTIME_API"]).open()
        try:
            while True:
                _, headers, body = await client.next()
                path = f"/2018-06-01/runtime/invocation/{headers['lambda-runtime-aws-request-id']}/response"
                if not self.pause:
                    await asyncio.sleep(3)
                await client.call("POST", path, body)
                await asyncio.sleep(self.pause)
        finally:
            client.close()

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)
