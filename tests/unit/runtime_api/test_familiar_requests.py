"""What a stock client says again and again is served without parsing, and exactly as what it said first."""

import asyncio
import json

from lambent.core.invocation import Invocation
from lambent.runtime_api.familiar import Familiar
from tests.unit.invoke_world import World
from tests.unit.runtime_api.stock_client import BASE, Client

NEXT = f"GET {BASE}/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n".encode()


def invocation(number: int) -> Invocation:
    return Invocation(
        request_id=f"request-{number}", invocation_id=f"attempt-{number}", function_arn="arn", payload=b"1", trace_id=""
    )


def response(number: int, body: bytes, path: str = "/x") -> bytes:
    head = f"POST {path}/request-{number} HTTP/1.1\r\nId: attempt-{number}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def acquainted() -> Familiar:
    familiar = Familiar()
    familiar.handed(invocation(1))
    familiar.learn_response(response(1, b"abc"), 3)
    familiar.handed(invocation(2))
    return familiar


async def served(world: World, client: Client, payload: bytes, answer: bytes) -> None:
    """One more invocation, on a client that is through with the one before."""
    invoked = asyncio.get_running_loop().create_task(world.invoke(payload=payload, tenant_id="blue"))
    _, headers, body = await client.next()
    assert body == payload
    identity = headers["lambda-runtime-aws-request-id"]
    attempt = {"Lambda-Runtime-Invocation-Id": headers["lambda-runtime-invocation-id"]}
    status, _, body = await client.call("POST", f"{BASE}/invocation/{identity}/response", answer, attempt)
    assert (status, json.loads(body)) == (202, {"status": "OK"})
    assert (await invoked).outcome.payload == answer


async def acquaint(world: World, runtime: Client) -> None:
    await runtime.next()
    await runtime.call("POST", f"{BASE}/invocation/{runtime.request.request_id}/response", b"1")
    await runtime.invoked
    await served(world, runtime, b"0", b"0")


def test_a_response_that_differs_in_its_ids_and_its_body_is_recognised():
    assert acquainted().response(response(2, b"xyz")) == b"xyz"


def test_what_differs_in_anything_else_is_not_recognised():
    familiar = acquainted()
    assert familiar.response(response(3, b"xyz")) is None
    assert familiar.response(response(1, b"xyz")) is None
    assert familiar.response(response(2, b"wxyz")) is None
    assert familiar.response(response(2, b"xyz", path="/y")) is None
    assert familiar.response(response(2, b"xyz") + b"GET") is None
    assert familiar.response(response(2, b"xyz")[:-1]) is None
    assert familiar.response(response(2, b"xyz").replace(b"attempt-2", b"attempt-1")) is None
    assert not familiar.is_next(b"")


def test_a_chunked_or_ambiguous_response_is_not_learnt():
    familiar = Familiar()
    familiar.handed(invocation(1))
    familiar.learn_response(response(1, b"3\r\nabc\r\n0\r\n\r\n"), 3)
    familiar.learn_response(response(1, b"abc", path="/request-1"), 3)
    familiar.handed(invocation(2))
    assert familiar.response(response(2, b"3\r\nabc\r\n0\r\n\r\n")) is None
    assert familiar.response(response(2, b"abc", path="/request-1")) is None


def test_what_is_remembered_is_bounded():
    familiar = acquainted()
    for size in range(3, 1000):
        familiar.learn_response(response(2, b"x" * size), size)
    assert familiar.response(response(2, b"x" * 3)) is None
    assert familiar.response(response(2, b"x" * 999)) == b"x" * 999


async def test_invocation_after_invocation_gets_its_own_event_and_answer(world: World, runtime: Client) -> None:
    await acquaint(world, runtime)
    for number in range(10, 20):
        await served(world, runtime, b"%d" % number, b'"%d"' % (number * number))
    assert len(world.used) == 1


async def test_a_familiar_request_in_the_wrong_state_is_refused_in_the_emulators_words(world: World, runtime: Client) -> None:
    await acquaint(world, runtime)
    invoked = asyncio.get_running_loop().create_task(world.invoke(payload=b"5", tenant_id="blue"))
    _, headers, _ = await runtime.next()
    status, _, body = await runtime.next()
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    path = f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response"
    attempt = {"Lambda-Runtime-Invocation-Id": headers["lambda-runtime-invocation-id"]}
    assert (await runtime.call("POST", path, b"6", attempt))[0] == 202
    status, _, body = await runtime.call("POST", path, b"7", attempt)
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
    assert (await invoked).outcome.payload == b"6"


async def test_what_follows_a_waiting_next_is_answered_after_it(world: World, runtime: Client) -> None:
    await acquaint(world, runtime)
    runtime.writer.write(NEXT)
    await asyncio.sleep(0.001)
    runtime.writer.write(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: runtime\r\n\r\n")
    await asyncio.sleep(0.001)
    invoked = asyncio.get_running_loop().create_task(world.invoke(payload=b"8", tenant_id="blue"))
    _, headers, body = await runtime.reply()
    assert body == b"8"
    assert (await runtime.reply())[2] == b"pong"
    await runtime.call("POST", f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response", b"9")
    assert (await invoked).outcome.payload == b"9"


async def test_nothing_is_delivered_to_a_familiar_client_that_has_gone(world: World, runtime: Client) -> None:
    await acquaint(world, runtime)
    runtime.writer.write(NEXT)
    await asyncio.sleep(0.001)
    runtime.close()
    await asyncio.sleep(0.001)
    again = await Client(f"{runtime.host}:{runtime.port}").open()
    await served(world, again, b"2", b"3")
    again.close()


async def test_a_familiar_request_in_two_pieces_is_served_all_the_same(world: World, runtime: Client) -> None:
    await acquaint(world, runtime)
    invoked = asyncio.get_running_loop().create_task(world.invoke(payload=b"5", tenant_id="blue"))
    runtime.writer.write(NEXT[:30])
    await asyncio.sleep(0.001)
    runtime.writer.write(NEXT[30:])
    _, headers, body = await runtime.reply()
    assert body == b"5"
    await runtime.call("POST", f"{BASE}/invocation/{headers['lambda-runtime-aws-request-id']}/response", b"6")
    assert (await invoked).outcome.payload == b"6"
