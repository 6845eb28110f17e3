"""Streamed responses by HTTP: read as they come, held back, ended by trailers, by a lost connection, by the limit or the deadline."""

import asyncio
import base64
import json

import pytest

from lambent.core.invocation import InvocationStatus
from lambent.invoke.response_stream import HELD_BYTES
from lambent.invoke.streamed_invoke import StreamedInvoke
from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import World, document
from tests.unit.runtime_api.stock_client import BASE, Client

STREAMING = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
IN_FLIGHT_BYTES = HELD_BYTES + 16 * 1024 * 1024
"""Held, and what the buffers of a loopback connection take besides."""


@pytest.fixture
async def runtime(world: World):
    """A provided function whose bootstrap is this test, under a caller that reads the response as it comes."""
    await world.create(runtime="provided.al2023", timeout=30)
    addresses = asyncio.Queue()
    world.provider.script = Script(
        init=lambda environment, handler: addresses.put_nowait(environment["AWS_LAMBDA_RUNTIME_API"]) or SILENCE
    )
    request = world.request(payload=b"1")
    starting = asyncio.get_running_loop().create_task(StreamedInvoke.start(world.invoker.invoke, request, limit=world.limit))
    client = await Client(await addresses.get()).open()
    client.request, client.starting = request, starting
    client.path = f"{BASE}/invocation/{request.request_id}/response"
    await client.next()
    yield client
    client.close()
    await (await starting).aclose()


@pytest.fixture
async def world(world: World):
    world.limit = 40 * 1024 * 1024
    return world


def begin(client: Client, **headers: str) -> None:
    """Send the head of a streamed response."""
    lines = [
        f"POST {client.path} HTTP/1.1",
        "Host: x",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    lines += [f"{name}: {value}" for name, value in STREAMING.items()]
    client.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")


def chunk(client: Client, data: bytes) -> None:
    client.writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def end(client: Client, **trailers: str) -> None:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in trailers.items())
    client.writer.write(b"0\r\n" + fields.encode() + b"\r\n")


async def read_all(started: StreamedInvoke) -> bytes:
    received = bytearray()
    while piece := await started.read():
        received += piece
    return bytes(received)


async def test_each_chunk_is_there_before_the_runtime_sends_the_next(runtime: Client) -> None:
    begin(runtime, Content_Type="text/plain; charset=utf-8")
    started = await runtime.starting
    assert (started.begun, started.content_type, started.executed_version) == (True, "text/plain; charset=utf-8", "$LATEST")
    for data in (b"one", b"two", b"three"):
        chunk(runtime, data)
        assert await started.read() == data
    end(runtime)
    assert await started.read() == b""
    assert (await started.result()).outcome.status is InvocationStatus.SUCCESS
    status, _, body = await runtime.reply()
    assert (status, json.loads(body)) == (202, {"status": "OK"})


async def test_the_default_content_type_is_octets_and_a_length_may_be_declared(runtime: Client) -> None:
    headers = {"Lambda-Runtime-Function-Response-Mode": "streaming"}
    status, _, _ = await runtime.call("POST", runtime.path, b"whole", headers)
    started = await runtime.starting
    assert (status, started.content_type, await read_all(started)) == (202, "application/octet-stream", b"whole")


async def test_a_reader_who_does_not_read_holds_the_runtime_up(world: World, runtime: Client) -> None:
    begin(runtime)
    started = await runtime.starting
    sent = 0

    async def flood() -> None:
        nonlocal sent
        for _ in range(512):
            chunk(runtime, bytes(64 * 1024))
            await runtime.writer.drain()
            sent += 64 * 1024
        end(runtime)

    flooding = asyncio.get_running_loop().create_task(flood())
    await asyncio.sleep(5)
    assert sent < IN_FLIGHT_BYTES
    assert len(await read_all(started)) == 512 * 64 * 1024
    await flooding
    assert (await runtime.reply())[0] == 202


async def test_after_the_end_the_runtime_is_heard_although_the_response_is_still_being_read(
    world: World, runtime: Client
) -> None:
    begin(runtime)
    chunk(runtime, bytes(2 * HELD_BYTES))
    started = await runtime.starting
    assert await started.read()
    reading = asyncio.get_running_loop().create_task(read_all(started))
    end(runtime)
    assert (await runtime.reply())[0] == 202
    await reading
    second = asyncio.get_running_loop().create_task(world.invoke(payload=b"2"))
    _, headers, body = await runtime.next()
    assert body == b"2"
    await runtime.call("POST", f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response", b"22")
    assert (await second).outcome.payload == b"22"


async def test_an_error_midway_comes_in_the_trailers(runtime: Client) -> None:
    begin(runtime, Trailer="Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    chunk(runtime, b"half")
    error = b'{"errorMessage":"midway"}'
    names = {
        "Lambda_Runtime_Function_Error_Type": "MyError",
        "Lambda_Runtime_Function_Error_Body": base64.b64encode(error).decode(),
    }
    end(runtime, **names)
    assert (await runtime.reply())[0] == 202
    started = await runtime.starting
    assert await read_all(started) == b"half"
    outcome = (await started.result()).outcome
    assert (outcome.payload, outcome.error_type, started.error_code) == (error, "Runtime.Unknown", "MyError")


async def test_a_lost_connection_is_a_truncated_response(runtime: Client) -> None:
    begin(runtime)
    chunk(runtime, b"half")
    started = await runtime.starting
    assert await started.read() == b"half"
    runtime.close()
    assert await started.read() == b""
    assert document(await started.result())["errorType"] == "Runtime.TruncatedResponse"
    assert started.error_code == "Runtime.TruncatedResponse"


async def test_chunks_that_are_none_end_the_response_with_400(runtime: Client) -> None:
    begin(runtime)
    chunk(runtime, b"half")
    runtime.writer.write(b"zzz\r\n")
    status, _, body = await runtime.reply()
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequest")
    started = await runtime.starting
    assert await read_all(started) == b"half"
    assert started.error_code == "Runtime.TruncatedResponse"


async def test_a_response_over_the_limit_is_413_and_cut_off_at_it(world: World, runtime: Client) -> None:
    begin(runtime)
    started = await runtime.starting
    reading = asyncio.get_running_loop().create_task(read_all(started))
    for _ in range(41):
        chunk(runtime, bytes(1024 * 1024))
        await asyncio.sleep(0)
    status, headers, body = await runtime.reply()
    assert (status, json.loads(body)["errorType"], headers["connection"]) == (413, "RequestEntityTooLarge", "close")
    assert len(await reading) == world.limit
    assert started.error_code == "Function.ResponseSizeTooLarge"


async def test_while_a_response_streams_nothing_else_answers(runtime: Client) -> None:
    begin(runtime)
    chunk(runtime, b"a")
    started = await runtime.starting
    other = await Client(f"{runtime.host}:{runtime.port}").open()
    for path in (runtime.path, runtime.path.replace("/response", "/error")):
        status, _, body = await other.call("POST", path, b"forged")
        assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    status, _, _ = await other.call("POST", runtime.path, b"", {"Lambda-Runtime-Function-Response-Mode": "streaming"})
    assert status == 403
    assert (await other.next())[0] == 403
    other.close()
    chunk(runtime, b"b")
    end(runtime)
    assert await read_all(started) == b"ab"


async def test_wrong_ids_are_refused_before_the_body(runtime: Client) -> None:
    other = runtime.path.replace(runtime.request.request_id, "wrong")
    streaming = {"Lambda-Runtime-Function-Response-Mode": "streaming"}
    assert (await runtime.call("POST", other, b"x", streaming))[0] == 400
    status, _, body = await runtime.call("POST", runtime.path, b"x", {**streaming, "Lambda-Runtime-Invocation-Id": "other"})
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidInvocationId")
    assert not runtime.starting.done()
    assert (await runtime.call("POST", runtime.path, b"x", streaming))[0] == 202


async def test_a_deadline_midway_ends_the_response(runtime: Client) -> None:
    begin(runtime)
    chunk(runtime, b"half")
    started = await runtime.starting
    assert await read_all(started) == b"half"
    assert (await started.result()).outcome.status is InvocationStatus.TIMEOUT
    assert started.error_code == "Sandbox.Timedout"


async def test_trailers_without_end_are_refused(runtime: Client) -> None:
    begin(runtime)
    chunk(runtime, b"half")
    runtime.writer.write(b"0\r\nLambda-Runtime-Function-Error-Body: ")
    for _ in range(40):
        runtime.writer.write(b"A" * 65536)
        await asyncio.sleep(0.001)
    assert (await runtime.reply())[0] == 431
    started = await runtime.starting
    assert await read_all(started) == b"half"
    assert started.error_code == "Runtime.TruncatedResponse"


async def test_a_client_that_expects_to_be_told_to_continue_is_told(runtime: Client) -> None:
    begin(runtime, Expect="100-continue")
    assert (await runtime.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    chunk(runtime, b"x")
    end(runtime)
    assert await read_all(await runtime.starting) == b"x"
