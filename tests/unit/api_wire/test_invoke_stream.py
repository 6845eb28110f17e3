"""InvokeWithResponseStream on a real socket: events as they are produced, slow clients, clients that go, errors midway."""

import asyncio
import socket

import boto3
import pytest
from botocore.config import Config

from lambent.core.errors import ServiceFault
from lambent.core.function_errors import failed, response_too_large, timed_out
from lambent.core.invocation import InvocationStatus, InvokeResult, Outcome

PATH = "/2021-11-15/functions/hello/response-streaming-invocations"


class StreamingDoor:
    """A data plane whose function is the test: it takes pieces from `pieces`, None being the end."""

    def __init__(self) -> None:
        self.pieces = asyncio.Queue()
        self.content_type = "application/octet-stream"
        self.outcome = Outcome(status=InvocationStatus.SUCCESS, payload=b"")
        self.fault = None
        self.error_type = ""
        self.written = 0
        self.over = asyncio.Event()
        self.cancelled = False

    async def invoke(self, request):
        sink = request.response_sink
        sink.resolved("7")
        try:
            sink.begin(self.content_type)
            while (piece := await self.pieces.get()) is not None:
                more = sink.write(piece)
                self.written += len(piece)
                if not more:
                    wanted = asyncio.Event()
                    sink.when_wanted(wanted.set)
                    await wanted.wait()
            if self.fault is not None:
                raise self.fault
            if self.error_type:
                sink.broken_off(self.error_type)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.over.set()
        return InvokeResult(outcome=self.outcome, executed_version="7", log_tail=b"START\nEND\n")


@pytest.fixture
def door() -> StreamingDoor:
    return StreamingDoor()


@pytest.fixture
async def endpoint(make_world, serve, door):
    async with serve(make_world(invoker=door).app) as url:
        yield url


def boto3_client(endpoint: str):
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}, read_timeout=20, connect_timeout=5),
    )


async def invoke(endpoint: str, **options):
    return await asyncio.to_thread(boto3_client(endpoint).invoke_with_response_stream, FunctionName="hello", **options)


async def event_of(events) -> dict:
    return await asyncio.to_thread(next, events)


async def test_each_event_arrives_before_the_function_makes_the_next(endpoint: str, door: StreamingDoor) -> None:
    door.content_type = "text/event-stream"
    reply = await invoke(endpoint, LogType="Tail")
    assert (reply["ExecutedVersion"], reply["StatusCode"]) == ("7", 200)
    assert reply["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-amzn-remapped-content-type"] == "text/event-stream"
    events = iter(reply["EventStream"])
    for piece in (b"one", b"two", b"\x00" * 100_000):
        assert not door.over.is_set()
        door.pieces.put_nowait(piece)
        assert await event_of(events) == {"PayloadChunk": {"Payload": piece}}
    door.pieces.put_nowait(None)
    assert await event_of(events) == {"InvokeComplete": {"LogResult": "U1RBUlQKRU5ECg=="}}
    reply["EventStream"].close()


@pytest.mark.parametrize(
    ("outcome", "own_name", "code"),
    [
        (failed("MyError", b'{"errorType":"MyError"}'), "MyError", "MyError"),
        (failed("Runtime.TruncatedResponse", b"{}"), "", "Runtime.TruncatedResponse"),
        (timed_out("id", 3.0), "", "Sandbox.Timedout"),
        (response_too_large(1000), "", "Function.ResponseSizeTooLarge"),
    ],
)
async def test_an_error_midway_is_told_at_the_end(endpoint: str, door: StreamingDoor, outcome, own_name: str, code: str) -> None:
    door.outcome, door.error_type = outcome, own_name
    door.pieces.put_nowait(b"half")
    door.pieces.put_nowait(None)
    reply = await invoke(endpoint)
    events = iter(reply["EventStream"])
    assert await event_of(events) == {"PayloadChunk": {"Payload": b"half"}}
    details = outcome.payload.decode()
    assert await event_of(events) == {"InvokeComplete": {"ErrorCode": code, "ErrorDetails": details}}
    reply["EventStream"].close()


async def test_a_fault_of_the_platform_midway_is_told_at_the_end(endpoint: str, door: StreamingDoor) -> None:
    door.fault = ServiceFault("The execution environment was shut down.")
    door.pieces.put_nowait(b"half")
    door.pieces.put_nowait(None)
    reply = await invoke(endpoint)
    events = iter(reply["EventStream"])
    await event_of(events)
    complete = (await event_of(events))["InvokeComplete"]
    assert complete == {"ErrorCode": "ServiceException", "ErrorDetails": "The execution environment was shut down."}
    reply["EventStream"].close()


async def raw_connection(endpoint: str) -> socket.socket:
    """A client that has sent its request, with the smallest buffer there is for what comes back."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n" + "{}"
    await asyncio.get_running_loop().sock_sendall(connection, head.encode())
    return connection


async def test_a_client_that_does_not_read_holds_the_function_up(endpoint: str, door: StreamingDoor) -> None:
    connection = await raw_connection(endpoint)
    for _ in range(1024):
        door.pieces.put_nowait(bytes(64 * 1024))
    door.pieces.put_nowait(None)
    before = -1
    while before != door.written or not before:
        before = door.written
        await asyncio.sleep(0.3)
    assert door.written < 16 * 1024 * 1024
    loop, received = asyncio.get_running_loop(), 0
    while not door.over.is_set():
        received += len(await loop.sock_recv(connection, 1 << 20))
    assert door.written == 64 * 1024 * 1024
    connection.close()


@pytest.mark.parametrize("held_up", [False, True])
async def test_a_client_that_goes_ends_the_reply_and_lets_the_invocation_go_on_alone(
    endpoint: str, door: StreamingDoor, held_up: bool
) -> None:
    connection = await raw_connection(endpoint)
    door.pieces.put_nowait(b"first")
    assert b"first" in await asyncio.get_running_loop().sock_recv(connection, 65536)
    for _ in range(200 if held_up else 0):
        door.pieces.put_nowait(bytes(64 * 1024))
    await asyncio.sleep(0.1)
    connection.close()
    async with asyncio.timeout(20):
        while not door.over.is_set():
            door.pieces.put_nowait(b"more")
            await asyncio.sleep(0.01)
    assert door.cancelled  # which the invoker takes for the caller going away


async def test_errors_before_the_start_are_as_for_invoke(endpoint: str, door: StreamingDoor) -> None:
    reader, writer = await asyncio.open_connection(*endpoint.removeprefix("http://").split(":"))
    body = b"not json"
    writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (PATH.encode(), len(body), body))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"InvalidRequestContentException" in head
    writer.close()
    assert not door.over.is_set()
