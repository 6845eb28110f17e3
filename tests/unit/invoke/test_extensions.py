"""A function with extensions, from launch to shutdown: who is told what, who waits for whom, what the log says (facts E2, E3)."""

import asyncio
import errno
import json

from lambent.core.invocation import InvocationStatus
from lambent.testing.extensions import FakeExtension
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.extended_world import extended, extended_by, listening, logged, settled
from tests.unit.invoke_world import START, World, document


async def test_an_external_extension_is_told_of_every_invocation(world: World) -> None:
    events = []
    await extended(world, watcher=listening(events, "INVOKE", "SHUTDOWN"))
    request = world.request(payload=b'{"a": 1}')
    result = await world.invoker.invoke(request)
    assert result.outcome.payload == b'{"a": 1}'
    await settled(world)
    assert events == [
        {
            "eventType": "INVOKE",
            "deadlineMs": int((START + 3) * 1000),
            "requestId": request.request_id,
            "invokedFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:hello",
            "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-a"},
        }
    ]
    await world.invoke()
    await settled(world)
    assert [each["eventType"] for each in events] == ["INVOKE", "INVOKE"]
    assert len(world.used) == 1


async def test_registering_answers_the_function_and_an_identifier_and_the_account_for_who_asks(world: World) -> None:
    replies = []

    async def program(extension: FakeExtension) -> None:
        replies.append(await extension.register("INVOKE"))
        await extension.next()

    async def with_account(extension: FakeExtension) -> None:
        headers = {"Lambda-Extension-Name": "account", "Lambda-Extension-Accept-Feature": "other, accountId"}
        reply = await extension.call("POST", "/2020-01-01/extension/register", b"{}", headers)
        extension.identifier = reply.headers["lambda-extension-identifier"]
        replies.append(reply)
        await extension.next()

    await extended(world, plain=program, account=with_account)
    await world.invoke()
    by_size = sorted(replies, key=lambda each: len(each.body))
    assert by_size[0].document == {"functionName": "hello", "functionVersion": "$LATEST", "handler": "app.handler"}
    assert by_size[1].document == {**by_size[0].document, "accountId": "123456789012"}
    assert len({each.headers["lambda-extension-identifier"] for each in replies}) == 2


async def test_extensions_get_the_functions_variables_but_not_the_runtimes(world: World) -> None:
    seen = {}

    async def program(extension: FakeExtension) -> None:
        seen.update(extension.variables)
        await listening([])(extension)

    await extended_by(world, {"e": program}, environment={"MINE": "1"})
    await world.invoke()
    assert seen["MINE"] == "1"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "hello"
    assert seen["AWS_LAMBDA_RUNTIME_API"]
    assert seen["AWS_ACCESS_KEY_ID"] == "123456789012"
    hidden = "AWS_EXECUTION_ENV AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT _HANDLER"
    assert not seen.keys() & set(hidden.split())
    assert not [name for name in seen if "XRAY" in name or name.startswith("_LAMBDA")]


async def test_the_runtime_starts_after_all_external_extensions_have_registered(world: World) -> None:
    order = []

    async def slow(extension: FakeExtension) -> None:
        await asyncio.sleep(2)
        order.append("registered")
        await listening([], "INVOKE")(extension)

    world.provider.script = Script(init=lambda *_: order.append("runtime"))
    await extended(world, slow=slow)
    await world.invoke()
    assert order == ["registered", "runtime"]
    assert "Init Duration: 2000.00 ms" in (await logged(world))[-1]


async def test_init_is_complete_only_when_all_extensions_have_asked_for_an_event(world: World) -> None:
    async def slow(extension: FakeExtension) -> None:
        await extension.register("INVOKE")
        await asyncio.sleep(4)
        await extension.next()
        await extension.next()

    seen = []
    world.provider.script = Script(behaviour=lambda event, _: seen.append(world.clock.now() - START) or event)
    await extended(world, slow=slow)
    await world.invoke()
    assert [round(each) for each in seen] == [4]


async def test_the_caller_is_answered_at_once_and_the_invocation_ends_with_the_slowest_extension(world: World) -> None:
    async def work(_: FakeExtension) -> None:
        await asyncio.sleep(1)

    await extended(world, worker=listening([], "INVOKE", before_next=work))
    result = await world.invoke(log_tail=True)
    assert world.clock.now() - START < 0.1
    assert result.log_tail.splitlines()[-1].startswith(b"START")
    assert not [line for line in world.log() if line.startswith("REPORT")]
    second = asyncio.get_running_loop().create_task(world.invoke())
    await second  # the first environment is busy: this is another one
    assert len(world.used) == 2
    await settled(world)
    report = [line for line in world.log() if line.startswith("REPORT")]
    assert "Duration: 1000.00 ms\tBilled Duration: 1000 ms" in report[0]
    await world.invoke()
    assert len(world.used) == 2


async def test_the_log_has_an_extension_line_for_each_after_init(world: World) -> None:
    await extended(world, b=listening([], "SHUTDOWN", "INVOKE"), a=listening([]))
    await world.invoke()
    assert (await logged(world))[1:4] == [
        "EXTENSION\tName: a\tState: Ready\tEvents: []",
        "EXTENSION\tName: b\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
        "START RequestId: aaaaaaaa-0000-4000-8000-000000000002 Version: $LATEST",
    ]


async def test_the_json_log_has_extension_records(world: World) -> None:
    await extended_by(world, {"a": listening([], "INVOKE")}, log_format="JSON")
    await world.invoke()
    records = [json.loads(line) for line in await logged(world)]
    assert [each["type"] for each in records] == ["platform.initStart", "platform.extension", "platform.start", "platform.report"]
    assert records[1]["record"] == {"name": "a", "state": "Ready", "events": ["INVOKE"]}


async def test_what_an_extension_prints_is_in_the_functions_log(world: World) -> None:
    async def chat(extension: FakeExtension) -> None:
        extension.print("at work")

    async def program(extension: FakeExtension) -> int:
        extension.print("starting")
        return await listening([], "INVOKE", before_next=chat)(extension)

    await extended(world, chatty=program)
    await world.invoke()
    lines = await logged(world)
    assert lines.index("starting") < lines.index("at work")


# ---------------------------------------------------------------- failures


async def test_an_extension_that_ends_during_an_invocation_fails_it_and_the_environment_is_reset(world: World) -> None:
    answers = [SILENCE, b"1"]

    async def crashing(extension: FakeExtension) -> int:
        await extension.register("INVOKE")
        await extension.next()
        return 3

    world.provider.script = Script(behaviour=lambda *_: answers.pop(0))
    await extended(world, fragile=crashing)
    result = await world.invoke()
    assert result.outcome.status is InvocationStatus.ERROR
    assert document(result)["errorType"] == "Extension.Crash"
    assert document(result)["errorMessage"] == "RequestId: aaaaaaaa-0000-4000-8000-000000000002 Error: exit status 3"
    assert (await logged(world))[-1].endswith("Status: error\tError Type: Extension.Crash")
    world.provider.extensions["fragile"] = listening([], "INVOKE")
    assert (await world.invoke()).outcome.status is InvocationStatus.SUCCESS
    assert len(world.used) == 2


async def test_an_extension_that_ends_after_the_response_leaves_the_answer_and_fails_the_report(world: World) -> None:
    async def crashing(extension: FakeExtension) -> int:
        await extension.register("INVOKE")
        await extension.next()
        await asyncio.sleep(0.5)
        return 0

    await extended(world, fragile=crashing)
    assert (await world.invoke()).outcome.status is InvocationStatus.SUCCESS
    assert (await logged(world))[-1].endswith("Status: error\tError Type: Extension.Crash")


async def test_an_extension_that_never_registers_runs_into_the_init_limit_and_then_the_timeout(world: World) -> None:
    async def silent(_: FakeExtension) -> None:
        await asyncio.sleep(10_000)

    await extended(world, silent=silent)
    result = await world.invoke()
    assert result.outcome.status is InvocationStatus.TIMEOUT
    assert document(result)["errorMessage"].endswith("Task timed out after 3.00 seconds")
    lines = await logged(world)
    assert "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout" in lines
    assert lines[1] == "EXTENSION\tName: silent\tState: Started\tEvents: []"
    assert lines[-1].endswith("Status: timeout")


async def test_an_extension_that_never_comes_back_times_the_invocation_out_after_the_answer(world: World) -> None:
    events = []
    await extended(world, stuck=listening(events, "INVOKE", "SHUTDOWN", before_next=lambda _: asyncio.sleep(10_000)))
    assert (await world.invoke()).outcome.status is InvocationStatus.SUCCESS
    lines = await logged(world)
    assert "\tDuration: 3000.00 ms\t" in lines[-1]
    assert lines[-1].endswith("Status: timeout")
    assert [each["eventType"] for each in events] == ["INVOKE"]
    assert all(each.destroyed for each in world.used)


async def test_a_file_that_cannot_be_executed_is_a_launch_error(world: World) -> None:
    await extended(world, locked=errno.EACCES)
    result = await world.invoke()
    assert document(result) == {
        "errorType": "Extension.LaunchError",
        "errorMessage": "RequestId: aaaaaaaa-0000-4000-8000-000000000002 Error: fork/exec /opt/extensions/locked: permission denied",
    }
    lines = await logged(world)
    assert "EXTENSION\tName: locked\tState: LaunchError\tEvents: []\tError Type: PermissionDenied" in lines
    assert "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\tStatus: error\tError Type: Extension.LaunchError" in lines


async def test_an_eleventh_external_extension_is_a_launch_error(world: World) -> None:
    await extended_by(world, {f"e{number:02}": listening([]) for number in range(11)})
    result = await world.invoke()
    assert document(result)["errorType"] == "Extension.LaunchError"
    assert [
        line for line in await logged(world) if "Name: e10\tState: LaunchError\tEvents: []\tError Type: TooManyExtensions" in line
    ]


async def test_an_error_that_an_extension_reports_is_the_type_of_its_end(world: World) -> None:
    async def failing(extension: FakeExtension) -> int:
        await extension.register("INVOKE")
        headers = {"Lambda-Extension-Function-Error-Type": "Extension.NoConfiguration"}
        reply = await extension.call("POST", "/2020-01-01/extension/init/error", b"{}", headers)
        assert (reply.status, reply.document) == (202, {"status": "OK"})
        return 1

    await extended(world, failing=failing)
    result = await world.invoke()
    assert document(result)["errorType"] == "Extension.InitError"
    assert document(result)["errorMessage"].endswith("Error: exit status 1")
    assert "EXTENSION\tName: failing\tState: Exited\tEvents: [INVOKE]\tError Type: Extension.NoConfiguration" in await logged(
        world
    )
