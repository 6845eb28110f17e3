"""The HTTP Runtime API for stock clients: every route, its states and its exact replies (facts E1)."""

import asyncio
import base64
import json

from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import START, World, document
from tests.unit.runtime_api.stock_client import BASE, Client


async def test_next_has_the_event_and_its_headers_and_response_completes_it(world: World, runtime: Client) -> None:
    status, headers, body = await runtime.next()
    assert (status, body) == (200, b'{"n": 1}')
    assert headers["content-type"] == "application/json"
    assert headers["lambda-runtime-aws-request-id"] == runtime.request.request_id
    assert headers["lambda-runtime-deadline-ms"] == str(int((START + 30) * 1000))
    assert headers["lambda-runtime-invoked-function-arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:hello"
    assert headers["lambda-runtime-trace-id"] == "Root=1-a"
    assert headers["lambda-runtime-client-context"] == '{ "custom": {}}'
    assert headers["lambda-runtime-aws-tenant-id"] == "blue"
    assert headers["lambda-runtime-invocation-id"]
    status, _, body = await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b'"done"')
    assert (status, json.loads(body)) == (202, {"status": "OK"})
    assert (await runtime.invoked).outcome.payload == b'"done"'


async def test_a_runtime_that_is_not_back_yet_gets_the_next_event_when_it_asks(world: World, runtime: Client) -> None:
    await runtime.next()
    await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b"1")
    await runtime.invoked
    second = asyncio.get_running_loop().create_task(world.invoke(payload=b"2", tenant_id="blue"))
    await asyncio.sleep(1)
    _, headers, body = await runtime.next()
    assert body == b"2"
    await runtime.call("POST", f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response", b"22")
    assert (await second).outcome.payload == b"22"
    assert len(world.used) == 1


async def test_an_error_reaches_the_caller_verbatim(world: World, runtime: Client) -> None:
    await runtime.next()
    error = b'{"errorMessage":"no","errorType":"MyError"}'
    path = f"{BASE}/invocation/{runtime.request.request_id}/error"
    status, _, _ = await runtime.call("POST", path, error, {"Lambda-Runtime-Function-Error-Type": "Function.MyError"})
    assert status == 202
    outcome = (await runtime.invoked).outcome
    assert (outcome.payload, outcome.function_error, outcome.error_type) == (error, "Unhandled", "Function.MyError")


async def test_wrong_and_repeated_answers_are_refused_in_the_emulators_words(world: World, runtime: Client) -> None:
    await runtime.next()
    mine = runtime.request.request_id
    status, _, body = await runtime.call("POST", f"{BASE}/invocation/wrong/response", b"1")
    assert (status, json.loads(body)) == (400, {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
    status, _, body = await runtime.call(
        "POST", f"{BASE}/invocation/{mine}/response", b"1", {"Lambda-Runtime-Invocation-Id": "other"}
    )
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidInvocationId")
    status, _, body = await runtime.next()
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    status, _, body = await runtime.call("POST", f"{BASE}/init/error", b"{}")
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    assert (await runtime.call("POST", f"{BASE}/invocation/{mine}/response", b"1"))[0] == 202
    status, _, body = await runtime.call("POST", f"{BASE}/invocation/{mine}/response", b"2")
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    assert (await runtime.invoked).outcome.payload == b"1"


async def test_a_declared_oversized_response_is_413_and_an_error_for_the_caller(world: World, runtime: Client) -> None:
    await runtime.next()
    status, _, body = await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", bytes(6_291_557))
    assert status == 413
    assert json.loads(body) == {
        "errorType": "RequestEntityTooLarge",
        "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert document(await runtime.invoked)["errorType"] == "Function.ResponseSizeTooLarge"


def chunked(*pieces: bytes, trailers: str = "") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers.encode() + b"\r\n"


STREAMING = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}


async def test_a_streamed_response_is_collected(world: World, runtime: Client) -> None:
    await runtime.next()
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    status, _, _ = await runtime.call("POST", path, chunked(b"one ", b"two"), STREAMING)
    assert status == 202
    assert (await runtime.invoked).outcome.payload == b"one two"


async def test_a_stream_that_fails_midway_says_so_in_its_trailers(world: World, runtime: Client) -> None:
    await runtime.next()
    error = b'{"errorMessage":"midway"}'
    trailers = f"Lambda-Runtime-Function-Error-Type: Function.Midway\r\nLambda-Runtime-Function-Error-Body: {base64.b64encode(error).decode()}\r\n"
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    names = {"Trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"}
    await runtime.call("POST", path, chunked(b"one", trailers=trailers), STREAMING | names)
    outcome = (await runtime.invoked).outcome
    assert (outcome.payload, outcome.error_type) == (error, "Function.Midway")


async def test_a_chunked_response_over_the_limit_is_an_error_and_memory_stays_bounded(world: World, runtime: Client) -> None:
    await runtime.next()
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    piece = bytes(1024 * 1024)
    status, _, _ = await runtime.call("POST", path, chunked(*[piece] * 6, bytes(200)), STREAMING)
    assert status == 413
    assert document(await runtime.invoked)["errorType"] == "Function.ResponseSizeTooLarge"


async def test_a_chunked_response_without_end_is_broken_off(world: World, runtime: Client) -> None:
    await runtime.next()
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    runtime.writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(9):
        runtime.writer.write(b"100000\r\n" + bytes(1024 * 1024) + b"\r\n")
    await runtime.writer.drain()
    assert document(await runtime.invoked)["errorType"] == "Function.ResponseSizeTooLarge"


async def test_a_response_that_is_cut_off_is_truncated(world: World, runtime: Client) -> None:
    await runtime.next()
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    runtime.writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".encode())
    await runtime.writer.drain()
    runtime.close()
    assert document(await runtime.invoked)["errorType"] == "Runtime.TruncatedResponse"


async def test_an_unknown_response_mode_is_refused(world: World, runtime: Client) -> None:
    await runtime.next()
    path = f"{BASE}/invocation/{runtime.request.request_id}/response"
    status, _, body = await runtime.call("POST", path, b"1", {"Lambda-Runtime-Function-Response-Mode": "telepathy"})
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidFunctionResponseMode")
    assert (await runtime.invoked).outcome.error_type == "Runtime.InvalidResponseModeHeader"


async def test_an_init_error_is_what_the_caller_gets(world: World) -> None:
    await world.create(runtime="provided.al2", timeout=30)
    error = b'{"errorMessage":"no entry","errorType":"Runtime.NoSuchHandler"}'
    tasks = []

    async def fail(address: str) -> None:
        client = await Client(address).open()
        status, _, body = await client.call(
            "POST", f"{BASE}/init/error", error, {"Lambda-Runtime-Function-Error-Type": "Runtime.NoSuchHandler"}
        )
        assert (status, json.loads(body)) == (202, {"status": "OK"})
        client.close()

    def init(environment, handler):
        tasks.append(asyncio.get_running_loop().create_task(fail(environment["AWS_LAMBDA_RUNTIME_API"])))
        return SILENCE

    world.provider.script = Script(init=init)
    result = await world.invoke()
    assert result.outcome.payload == error
    assert "Status: error\tError Type: Runtime.NoSuchHandler" in world.log()[1]
    await asyncio.gather(*tasks)
    assert len(tasks) == 2


async def test_other_routes(world: World, runtime: Client) -> None:
    assert (await runtime.call("GET", "/ping"))[::2] == (200, b"pong")
    assert (await runtime.call("GET", "/2018-06-01/ping"))[::2] == (200, b"pong")
    assert (await runtime.call("GET", f"{BASE}/restore/next"))[0] == 404
    assert (await runtime.call("POST", f"{BASE}/restore/error"))[0] == 403
    assert (await runtime.call("GET", "/2019-01-01/runtime/invocation/next"))[0] == 404
    assert (await runtime.call("POST", f"{BASE}/invocation/next"))[0] == 405
    assert (await runtime.call("GET", f"{BASE}/nothing"))[0] == 404
    await runtime.next()
    await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b"1")


async def test_a_runtime_that_reconnects_while_it_waits_is_served_on_its_new_connection(world: World, runtime: Client) -> None:
    await runtime.next()
    await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b"1")
    await runtime.invoked
    runtime.writer.write(f"GET {BASE}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await asyncio.sleep(0.001)
    runtime.close()
    await asyncio.sleep(0.001)
    second = asyncio.get_running_loop().create_task(world.invoke(payload=b"2", tenant_id="blue"))
    again = await Client(f"{runtime.host}:{runtime.port}").open()
    _, headers, body = await again.next()
    assert body == b"2"
    await again.call("POST", f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response", b"3")
    assert (await second).outcome.payload == b"3"
    again.close()


async def test_a_function_that_speaks_frames_cannot_also_use_http(world: World) -> None:
    await world.create()
    statuses = []

    async def behaviour(event, context):
        client = await Client(context.environment["AWS_LAMBDA_RUNTIME_API"]).open()
        statuses.append((await client.next())[0])
        statuses.append((await client.call("POST", f"{BASE}/invocation/{context.request_id}/response", b"forged"))[0])
        statuses.append((await client.call("POST", f"{BASE}/invocation/{context.request_id}/response", bytes(7_000_000)))[0])
        client.close()
        return event

    world.provider.script = Script(behaviour=behaviour)
    assert (await world.invoke(payload=b"1")).outcome.payload == b"1"
    assert statuses == [403, 403, 413]
    assert (await world.invoke(payload=b"2")).outcome.payload == b"2"


async def test_a_hundred_connections_are_too_many(world: World, runtime: Client) -> None:
    clients = [await Client(f"{runtime.host}:{runtime.port}").open() for _ in range(100)]
    await asyncio.sleep(0.01)
    closed = 0
    for client in clients:
        try:
            async with asyncio.timeout(0.01):
                closed += await client.reader.read(1) == b""
        except TimeoutError:
            pass
    assert closed >= 36
    for client in clients:
        client.close()
    await runtime.next()
    await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b"1")
    assert (await runtime.invoked).outcome.payload == b"1"


async def test_connections_to_the_aws_endpoint_are_handed_over(world: World) -> None:
    await world.create()

    async def behaviour(event, context):
        host, port = context.environment["AWS_ENDPOINT_URL"].removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        await asyncio.sleep(0.01)
        writer.close()
        return event

    world.provider.script = Script(behaviour=behaviour)
    await world.invoke()
    (connection,) = world.endpoint_connections
    assert connection.gettimeout() == 0
    connection.close()
