"""The whole way with unmodified boto3 over a real socket, and with plain bytes where boto3 is too well-behaved."""

import asyncio
import contextlib
import socket

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambent.api.app import REST_SERVICES
from lambent.api.model import load_service
from lambent.core.errors import ResourceNotFound


def client(service: str, endpoint: str, **options):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id=options.get("key", "123456789012"),
        aws_secret_access_key=options.get("secret", "secret"),
        config=Config(retries={"max_attempts": 0}, read_timeout=20, connect_timeout=5),
    )


async def test_invoke_by_name_and_arn(world, serve) -> None:
    async with serve(world.app) as endpoint:
        lam = client("lambda", endpoint)
        for name in ("hello", "arn:aws:lambda:eu-west-1:123456789012:function:hello"):
            reply = await asyncio.to_thread(lam.invoke, FunctionName=name, Payload=b'{"a":1}', LogType="Tail")
            assert await asyncio.to_thread(reply["Payload"].read) == b'{"a":1}'
            assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "7")
    assert {each.reference.arn for each in world.door.invoked} == {"arn:aws:lambda:eu-west-1:123456789012:function:hello"}


async def test_a_response_stream(world, serve) -> None:
    async with serve(world.app) as endpoint:
        lam = client("lambda", endpoint)

        def read():
            return list(lam.invoke_with_response_stream(FunctionName="hello", Payload=b'"chunk"')["EventStream"])

        assert await asyncio.to_thread(read) == [{"PayloadChunk": {"Payload": b'"chunk"'}}, {"InvokeComplete": {}}]


async def test_errors_arrive_as_modelled_exceptions(world, serve) -> None:
    world.replies["GetFunction"] = ResourceNotFound("Function not found: f")
    async with serve(world.app) as endpoint:
        lam = client("lambda", endpoint)
        with pytest.raises(lam.exceptions.ResourceNotFoundException) as caught:
            await asyncio.to_thread(lam.get_function, FunctionName="f")
        assert caught.value.response["Message"] == "Function not found: f"
        with pytest.raises(lam.exceptions.RequestTooLargeException, match="7000002 byte payload is too large"):
            await asyncio.to_thread(lam.invoke, FunctionName="f", Payload=b'"' + b"x" * 7_000_000 + b'"')
        with pytest.raises(ClientError, match="Request must be smaller than 70167211 bytes for the CreateFunction operation"):
            await asyncio.to_thread(
                lam.create_function,
                FunctionName="f",
                Role="arn:aws:iam::123456789012:role/r",
                Code={"ZipFile": b"x" * 53_000_000},
            )
        assert (await asyncio.to_thread(lam.list_functions))["ResponseMetadata"]["HTTPStatusCode"] == 200


async def test_signed_requests_pass_and_others_do_not(make_world, serve) -> None:
    import time

    from lambent.testing.system import FakeClock

    world = make_world(access_keys={"123456789012": "right"}, clock=FakeClock(time.time()))
    async with serve(world.app) as endpoint:
        lam = client("lambda", endpoint, secret="right")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
        assert (await asyncio.to_thread(lam.get_function, FunctionName=arn, Qualifier="$LATEST"))["ResponseMetadata"][
            "HTTPStatusCode"
        ] == 200
        assert (await asyncio.to_thread(lam.invoke, FunctionName=arn, Payload=b"1" * 4000, InvocationType="Event"))[
            "StatusCode"
        ] == 202
        assert (await asyncio.to_thread(client("logs", endpoint, secret="right").describe_log_groups))["logGroups"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            await asyncio.to_thread(client("lambda", endpoint, secret="wrong").list_functions)
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            await asyncio.to_thread(client("lambda", endpoint, key="AKIDNOBODY").list_functions)


async def test_a_client_that_goes_away_does_not_stop_its_invocation(world, serve) -> None:
    started, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    invoke = world.door.invoke

    async def slow(request):
        started.set()
        await go_on.wait()
        ended.set()
        return await invoke(request)

    world.door.invoke = slow
    async with serve(world.app) as endpoint, asyncio.timeout(10):
        _, writer = await asyncio.open_connection("127.0.0.1", int(endpoint.rpartition(":")[2]))
        writer.write(b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
        await started.wait()
        writer.close()
        await writer.wait_closed()
        go_on.set()
        await ended.wait()


URIS = sorted({operation.uri for name in REST_SERVICES for operation in load_service(name).operations.values()})
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MEMBERS = sorted({name for shape in load_service("lambda").shapes.values() for name in shape.members})


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_request_makes_the_api_fail(send, data) -> None:
    import json
    from urllib.parse import quote

    uri = data.draw(st.sampled_from(URIS))
    while "{" in uri:
        before, _, rest = uri.partition("{")
        label = data.draw(st.sampled_from(["f", "arn:aws:lambda:us-east-1:000000000000:function:f", "1"]) | TEXT)
        uri = before + quote(label, safe=data.draw(st.sampled_from(["", ":/"]))) + rest.partition("}")[2]
    query = data.draw(st.dictionaries(st.sampled_from(["Qualifier", "MaxItems", "Marker", "tagKeys", "Arn"]), TEXT, max_size=3))
    if query:
        uri += ("&" if "?" in uri else "?") + "&".join(f"{name}={quote(value)}" for name, value in query.items())
    document = data.draw(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=6) | JSON)
    body = data.draw(st.just(json.dumps(document).encode()) | st.binary(max_size=40))
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(["x_amz_invocation_type", "x_amz_log_type", "x_amz_client_context", "authorization", "x_amz_target", "x_amzn_requestid", "origin"]),
            st.sampled_from(["Event", "Tail", "DryRun", "Logs_20140328.FilterLogEvents", "Logs_20140328.GetLogEvents"]) | st.text("abc/=,: é", max_size=20),
            max_size=3,
        )
    )  # fmt: skip
    method = data.draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]))
    status, reply, _ = await send(method, uri, body, **headers)
    assert status != 500, (method, uri, body)
    assert "x-amzn-requestid" in reply


VALID = b'POST /2015-03-31/functions/f/invocations?Qualifier=1 HTTP/1.1\r\nHost: h\r\nX-Amz-Log-Type: Tail\r\nContent-Length: 7\r\n\r\n{"a":1}'


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_bytes_make_the_server_fail_or_hang(world, serve, data) -> None:
    mutated = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(mutated)))
        end = data.draw(st.integers(place, min(len(mutated), place + 8)))
        mutated[place:end] = data.draw(
            st.binary(max_size=8)
            | st.sampled_from([b"\r\n", b"\n", b" ", b":", b"chunked", b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"])
        )
    garbage = data.draw(st.just(bytes(mutated)) | st.binary(max_size=200))
    async with serve(world.app) as endpoint, asyncio.timeout(20):
        port = int(endpoint.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            assert b" 500 " not in (await reader.read()).partition(b"\r\n")[0]
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(VALID + b"")
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
