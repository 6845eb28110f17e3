"""One execution environment from cold to reset, with its log lines and error payloads to the letter (facts B2, B3, E2)."""

import asyncio
import re

import pytest

from lambent.core.environment import Exit
from lambent.core.errors import ServiceFault, TooManyRequests
from lambent.core.invocation import InvocationStatus
from lambent.testing.sandbox import SILENCE, InitError, Raw, Script, frame
from tests.unit.invoke_world import OWNER, START, TENANCY, World, document


async def later(seconds: float, answer):
    await asyncio.sleep(seconds)
    return answer


async def test_the_first_invocation_is_cold_and_the_next_one_warm_in_the_same_sandbox(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, _: later(0.13361, event))
    first = await world.invoke(payload=b'{"a": 1}')
    assert not world.sandbox.bursting  # the full CPU of init ends with it
    second = await world.invoke(payload=b'{"b": 2}')
    assert first.outcome.payload == b'{"a": 1}'
    assert second.outcome.payload == b'{"b": 2}'
    assert first.outcome.function_error is None
    assert first.executed_version == "$LATEST"
    assert len(world.used) == 1
    arn = "arn:aws:lambda:eu-west-1::runtime:" + "[0-9a-f]{64}"
    assert re.fullmatch(f"INIT_START Runtime Version: python:3.12.0\tRuntime Version ARN: {arn}", world.log()[0])
    assert world.log()[1:] == [
        "START RequestId: aaaaaaaa-0000-4000-8000-000000000002 Version: $LATEST",
        "END RequestId: aaaaaaaa-0000-4000-8000-000000000002",
        "REPORT RequestId: aaaaaaaa-0000-4000-8000-000000000002\tDuration: 133.61 ms\tBilled Duration: 134 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\tInit Duration: 0.00 ms\t",
        "START RequestId: aaaaaaaa-0000-4000-8000-000000000003 Version: $LATEST",
        "END RequestId: aaaaaaaa-0000-4000-8000-000000000003",
        "REPORT RequestId: aaaaaaaa-0000-4000-8000-000000000003\tDuration: 133.61 ms\tBilled Duration: 134 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\t",
    ]


async def test_the_runtime_is_told_everything_about_the_invocation(world: World) -> None:
    await world.create(timeout=7, settings=TENANCY)
    seen = []
    world.provider.script = Script(behaviour=lambda event, context: seen.append(context) or b"null")
    request = world.request(qualifier="$LATEST", client_context='{"custom": {}}', cognito_identity='{"i": 1}', tenant_id="blue")
    await world.invoker.invoke(request)
    (context,) = seen
    assert context.request_id == request.request_id
    assert context.invocation_id not in ("", request.request_id)
    assert context.deadline_ms == int((START + 7) * 1000)
    assert context.function_arn == "arn:aws:lambda:eu-west-1:123456789012:function:hello:$LATEST"
    assert (context.trace_id, context.client_context, context.cognito_identity, context.tenant_id) == (
        "Root=1-a", '{"custom": {}}', '{"i": 1}', "blue")  # fmt: skip


async def test_the_function_finds_its_code_its_limits_and_its_variables(world: World) -> None:
    version = await world.create(memory_size=512, ephemeral_storage=1024, environment={"MINE": "1", "LANG": "C"})
    await world.invoke()
    sandbox = world.sandbox
    assert sandbox.handler == "app.handler"
    assert sandbox.workload.memory_mib == 512
    assert sandbox.workload.temporary_storage.size_mib == 1024
    assert sandbox.workload.task_directory == await world.packages.unpacked(version.code.digest)
    variables = sandbox.environment
    assert variables["MINE"] == "1"
    assert variables["LANG"] == "C"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == sandbox.runtime_api_address
    assert variables["AWS_ENDPOINT_URL"] == f"http://{sandbox.endpoint_address}"
    assert variables["AWS_ACCESS_KEY_ID"] == OWNER.account
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", variables["AWS_LAMBDA_LOG_STREAM_NAME"])
    (stream,) = await world.logs.streams(OWNER, "/aws/lambda/hello", prefix="")
    assert stream.name == variables["AWS_LAMBDA_LOG_STREAM_NAME"]


async def test_a_handler_that_raises_leaves_the_environment_warm_and_its_document_untouched(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        raise ValueError("no")

    world.provider.script = Script(behaviour=behaviour)
    first, second = await world.invoke(), await world.invoke()
    assert first.outcome.function_error == "Unhandled"
    assert first.outcome.status is InvocationStatus.FAILURE
    assert document(first)["errorType"] == "ValueError"
    assert second.outcome.error_type == "Runtime.Unknown"
    assert len(world.used) == 1
    assert world.log()[-1].endswith("Max Memory Used: 1 MB\t")


async def test_a_time_out_has_lambdas_words_and_the_next_invocation_a_new_sandbox_with_the_same_tmp(world: World) -> None:
    await world.create(timeout=3)
    answers = [SILENCE, b'"better"']
    world.provider.script = Script(behaviour=lambda event, _: answers.pop(0))
    slow = world.request()
    result = await world.invoker.invoke(slow)
    assert document(result) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {slow.request_id} Error: Task timed out after 3.00 seconds",
    }
    assert world.log()[-1].endswith(
        "Duration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\tInit Duration: 0.00 ms\tStatus: timeout"
    )
    assert world.used[0].destroyed
    lines = len(world.log())
    assert (await world.invoke()).outcome.payload == b'"better"'
    first, second = world.used
    assert first.workload.temporary_storage == second.workload.temporary_storage
    assert first.environment["AWS_LAMBDA_LOG_STREAM_NAME"] == second.environment["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert [line.split(" ")[0] for line in world.log()[lines:]] == ["START", "END", "REPORT"]
    assert "Init Duration" not in world.log()[-1]


@pytest.mark.parametrize(
    ("how", "error_type", "words"),
    [
        (Exit(code=0), "Runtime.ExitError", "Runtime exited without providing a reason"),
        (Exit(code=1), "Runtime.ExitError", "Runtime exited with error: exit status 1"),
        (Exit(signal=9), "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (Exit(signal=11), "Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
        (Exit(signal=9, out_of_memory=True), "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
    ],
)
async def test_a_runtime_that_dies_is_an_error_that_says_how(world: World, how: Exit, error_type: str, words: str) -> None:
    await world.create()
    answers = [how, b"1"]
    world.provider.script = Script(behaviour=lambda event, _: answers.pop(0))
    request = world.request()
    result = await world.invoker.invoke(request)
    assert document(result) == {"errorType": error_type, "errorMessage": f"RequestId: {request.request_id} Error: {words}"}
    assert result.outcome.status is InvocationStatus.ERROR
    assert world.log()[-1].endswith(f"Status: error\tError Type: {error_type}")
    assert ("Max Memory Used: 128 MB" in world.log()[-1]) is (error_type == "Runtime.OutOfMemory")
    assert (await world.invoke()).outcome.payload == b"1"


async def test_a_runtime_that_dies_between_invocations_costs_the_next_one_nothing_but_a_new_init(world: World) -> None:
    await world.create()
    await world.invoke()
    world.sandbox.die(Exit(code=3))
    await asyncio.sleep(1)
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"
    assert len(world.used) == 2


async def test_a_runtime_that_closes_its_channel_but_lives_is_given_up(world: World) -> None:
    await world.create(timeout=60)

    def close_channel(event, context):
        world.sandbox._client._channel.shutdown(2)
        return later(1000, b"")

    world.provider.script = Script(behaviour=close_channel)
    began = asyncio.get_running_loop().time()
    result = await world.invoke()
    assert document(result)["errorType"] == "Runtime.ExitError"
    assert asyncio.get_running_loop().time() - began < 2


async def test_an_init_error_is_tried_again_in_the_invocation_and_then_told_to_the_caller(world: World) -> None:
    await world.create()
    error = b'{"errorMessage":"Unable to import module \'app\'","errorType":"Runtime.ImportModuleError"}'
    world.provider.script = Script(init=InitError("Runtime.ImportModuleError", error))
    result = await world.invoke()
    assert result.outcome.payload == error
    assert result.outcome.status is InvocationStatus.ERROR
    assert len(world.used) == 2
    heads = [line.split(" ")[0] for line in world.log()]
    assert heads == ["INIT_START", "INIT_REPORT", "START", "END", "REPORT"]
    assert (
        world.log()[1] == "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError"
    )
    assert world.log()[-1].endswith("Status: error\tError Type: Runtime.ImportModuleError")


async def test_an_init_that_fails_once_is_forgiven(world: World) -> None:
    await world.create()
    answers = [Exit(code=1), None]
    world.provider.script = Script(init=lambda environment, handler: answers.pop(0))
    assert (await world.invoke(payload=b"5")).outcome.payload == b"5"
    assert world.log()[1] == "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError"
    assert "Init Duration" not in world.log()[-1]


async def test_init_gets_ten_seconds_and_then_the_functions_timeout(world: World) -> None:
    await world.create(timeout=4)
    world.provider.script = Script(init=SILENCE)
    began = asyncio.get_running_loop().time()
    result = await world.invoke()
    assert document(result)["errorMessage"].endswith("Error: Task timed out after 4.00 seconds")
    assert asyncio.get_running_loop().time() - began == pytest.approx(14, abs=0.2)
    assert world.log()[1] == "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout"


async def test_init_in_the_invocation_takes_its_time_from_the_functions_timeout(world: World) -> None:
    await world.create(timeout=10)
    answers = [Exit(code=1), None]
    world.provider.script = Script(init=lambda environment, handler: answers.pop(0), behaviour=lambda event, _: SILENCE)
    began = asyncio.get_running_loop().time()
    await world.invoke()
    assert asyncio.get_running_loop().time() - began == pytest.approx(10, abs=0.2)


async def test_an_idle_environment_is_frozen_and_a_busy_one_never(world: World) -> None:
    await world.create()
    for _ in range(5):
        await world.invoke()
    assert world.sandbox.freezes == 0
    await asyncio.sleep(1)
    assert world.sandbox.frozen
    await world.invoke()
    assert not world.sandbox.frozen
    assert world.sandbox.freezes == 1


async def leave(world: World, after: float, **more) -> None:
    task = asyncio.get_running_loop().create_task(world.invoke(**more))
    await asyncio.sleep(after)
    task.cancel()
    began = asyncio.get_running_loop().time()
    await asyncio.wait([task])
    assert task.cancelled()
    assert asyncio.get_running_loop().time() == began


async def test_a_caller_that_goes_away_does_not_end_the_invocation(world: World) -> None:
    await world.create(reserved=1)
    world.provider.script = Script(behaviour=lambda event, _: later(1, event))
    for _ in range(2):
        await leave(world, 0.5)
        with pytest.raises(TooManyRequests):
            await world.invoke()
        await asyncio.sleep(0.6)
        assert "Duration: 1000.00 ms" in world.log()[-1]
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"
    assert len(world.used) == 1


async def test_a_caller_that_goes_away_during_a_cold_start_does_not_end_the_invocation(world: World) -> None:
    await world.create()
    done = []
    world.provider.script = Script(init=SILENCE, behaviour=lambda event, _: done.append(event) or event)
    task = asyncio.get_running_loop().create_task(world.invoke(payload=b"1"))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    await world.sandbox._client._say(frame(b"R"))
    await asyncio.sleep(1)
    assert done == [b"1"]
    assert world.log()[-1].startswith("REPORT")


async def test_a_caller_that_goes_away_from_a_time_out_still_leaves_a_reset_environment(world: World) -> None:
    await world.create(timeout=2)
    world.provider.script = Script(behaviour=lambda event, _: SILENCE if event == b"0" else event)
    await leave(world, 1, payload=b"0")
    await asyncio.sleep(2)
    assert world.log()[-1].endswith("Status: timeout")
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"


async def test_the_platform_ends_while_an_abandoned_invocation_runs(tmp_path) -> None:
    async with World(tmp_path).running() as world:
        await world.create(timeout=900)
        world.provider.script = Script(behaviour=lambda event, _: SILENCE)
        await leave(world, 1)
        world.provider.script = Script(init=SILENCE)
        await leave(world, 1)


async def test_a_sandbox_that_cannot_be_prepared_is_a_service_fault_and_leaves_nothing_behind(world: World) -> None:
    await world.create()
    world.provider.refuse_assign = "no room"
    with pytest.raises(ServiceFault, match="could not be started"):
        await world.invoke()
    world.provider.refuse_assign = None
    assert (await world.invoke()).outcome.function_error is None


async def test_a_blank_that_died_while_waiting_is_passed_over(world: World) -> None:
    await world.create()
    await asyncio.sleep(1)
    assert world.plane.blanks("python3.12") == 1
    world.provider.sandboxes[-1].die()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (await world.invoke()).outcome.function_error is None
    assert "INIT_REPORT" not in " ".join(world.log())


async def test_wrong_frames_end_the_environment_and_nothing_else(world: World) -> None:
    await world.create()
    answers = [Raw(frame(b"Q", b"what?")), b"1"]
    world.provider.script = Script(behaviour=lambda event, _: answers.pop(0))
    result = await world.invoke()
    assert document(result)["errorType"] == "Runtime.Unknown"
    assert (await world.invoke()).outcome.payload == b"1"
