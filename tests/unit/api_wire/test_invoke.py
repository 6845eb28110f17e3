"""Invoke on the wire: status, headers and limits by invocation type."""

import base64
import json

import pytest
from botocore.eventstream import EventStreamBuffer

from lambent.core.errors import ResourceNotFound, ThrottleReason, TooManyRequests
from lambent.core.invocation import InvocationStatus, Outcome

INVOKE = "/2015-03-31/functions/hello/invocations"
STREAM = "/2021-11-15/functions/hello/response-streaming-invocations"
ASYNC = "/2014-11-13/functions/hello/invoke-async/"


def words(body: bytes) -> str:
    document = json.loads(body)
    return document.get("message") or document["Message"]


async def test_a_synchronous_reply_has_the_result_and_the_version_that_ran(world, send) -> None:
    status, headers, body = await send("POST", INVOKE, b'{"a": 1}')
    assert (status, body, headers["x-amz-executed-version"], headers["content-type"]) == (
        200,
        b'{"a": 1}',
        "7",
        "application/json",
    )
    assert headers["x-amzn-requestid"] == world.door.invoked[0].request_id
    assert headers["x-amzn-remapped-content-length"] == "0"
    assert headers["x-amzn-trace-id"].startswith("root=1-")
    assert headers["x-amzn-trace-id"].endswith(";sampled=0")
    assert not {"x-amz-function-error", "x-amz-log-result"} & set(headers)


async def test_an_empty_body_is_an_empty_object_for_the_function(world, send) -> None:
    await send("POST", INVOKE)
    assert world.door.invoked[0].payload == b"{}"


@pytest.mark.parametrize(
    "event", [b"1", b'"x"', b"null", b" [1, 2]\n", b'{"a":1,"a":2}', '"\u00e9"'.encode(), b'"\\ud800"', b"1" * 10_000, b"1e999"]
)
async def test_any_json_document_is_an_event_and_goes_through_byte_for_byte(world, send, event) -> None:
    assert (await send("POST", INVOKE, event))[0] == 200
    assert world.door.invoked[0].payload == event


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            b"test data",
            "Unrecognized token 'test': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        ),
        (b"{a", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name"),
        (b'{"a":}', "Unexpected character ('}' (code 125)): expected a valid value"),
        (b'{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value"),
        (b"[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate entries"),
        (b"{}{}", "Unexpected character ('{' (code 123)): Expected space separating root-level values"),
        (b"[1,", "Unexpected end-of-input"),
        (b"\x97", "Invalid UTF-8 start byte 0x97"),
        (b"NaN", "Unrecognized token 'NaN'"),
        (b"[-Infinity]", "Unrecognized token '-Infinity'"),
        (b"[" * 100_000, "Document nesting depth"),
        ("[1]".encode("utf-16"), "Invalid UTF-8 start byte 0xff"),
        (b"\xef\xbb\xbf{}", "Unexpected character"),
    ],
    ids=lambda each: repr(each[:12]) if isinstance(each, bytes) else "",
)
async def test_an_event_that_is_not_json_is_refused_with_the_place(world, send, event, told) -> None:
    status, headers, body = await send("POST", INVOKE, event)
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert words(body).startswith(f"Could not parse request body into json: Could not parse payload into json: {told}")
    assert "\n at [Source: (byte[])" in words(body)
    assert not world.door.invoked


LARGE = b'{"a":"' + b"x" * 100_000 + b'"'


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (LARGE + b"}", 200),
        (LARGE + b',"b":' + b"[" * 500 + b"]" * 500 + b"}", 200),
        (LARGE + b',"b":' + b"9" * 10_000 + b"}", 200),
        (LARGE, 400),
        (LARGE + b"}}", 400),
        (LARGE + b"}\0", 400),
        (LARGE + b',"b":NaN}', 400),
        (LARGE + b',"b":"\xff"}', 400),
        (b"[" * 200_000, 400),
    ],
    ids=["whole", "deep", "digits", "cut", "more", "nul", "nan", "bytes", "deeper"],
)
async def test_a_large_event_is_checked_as_strictly_as_a_small_one(world, send, event, status) -> None:
    got, _, body = await send("POST", INVOKE, event)
    assert got == status
    assert len(world.door.invoked) == (status == 200)
    assert status == 200 or "Could not parse payload into json: " in words(body)


async def test_a_function_error_is_a_200_with_a_header(world, send) -> None:
    world.door.outcome = Outcome(status=InvocationStatus.FAILURE, payload=b'{"errorType":"E"}', error_type="E")
    status, headers, body = await send("POST", INVOKE, x_amz_log_type="Tail")
    assert (status, headers["x-amz-function-error"], body) == (200, "Unhandled", b'{"errorType":"E"}')
    assert base64.b64decode(headers["x-amz-log-result"]) == b"START\nEND\n"


async def test_an_event_is_accepted_with_202_and_no_body(world, send) -> None:
    status, headers, body = await send("POST", INVOKE, b"{}", x_amz_invocation_type="Event")
    assert (status, body) == (202, b"")
    assert headers["x-amzn-requestid"] == world.door.accepted[0].request_id
    assert not world.door.invoked


async def test_two_events_with_one_caller_supplied_id_are_two_events(world, send) -> None:
    for _ in range(2):
        await send("POST", INVOKE, b"{}", x_amz_invocation_type="Event", x_amzn_requestid="aaaaaaaa-0000-4000-8000-000000000001")
    assert len({each.request_id for each in world.door.accepted}) == 2


async def test_a_dry_run_runs_nothing(world, send) -> None:
    status, headers, body = await send("POST", INVOKE, b"{}", x_amz_invocation_type="DryRun")
    assert (status, body, headers["x-amz-executed-version"]) == (204, b"", "7")
    assert not world.door.invoked


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
async def test_the_payload_limit_is_that_of_the_invocation_type(send, kind, limit) -> None:
    status, _, _ = await send("POST", INVOKE, b'"' + b"x" * (limit - 2) + b'"', x_amz_invocation_type=kind)
    assert status in (200, 202)
    status, headers, body = await send("POST", INVOKE, b'"' + b"x" * (limit - 1) + b'"', x_amz_invocation_type=kind)
    assert (status, headers["x-amzn-errortype"]) == (413, "RequestTooLargeException")
    assert words(body) == f"{limit + 1} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"


@pytest.mark.parametrize(
    ("target", "arn"),
    [
        (INVOKE, "arn:aws:lambda:us-east-1:000000000000:function:hello"),
        (f"{INVOKE}?Qualifier=live", "arn:aws:lambda:us-east-1:000000000000:function:hello:live"),
        ("/2015-03-31/functions/hello:live/invocations", "arn:aws:lambda:us-east-1:000000000000:function:hello:live"),
        ("/2015-03-31/functions/hello%3Alive/invocations/", "arn:aws:lambda:us-east-1:000000000000:function:hello:live"),
        ("/2015-03-31/functions/000000000000:function:hello/invocations", "arn:aws:lambda:us-east-1:000000000000:function:hello"),
        (
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello/invocations?Qualifier=$LATEST",
            "arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST",
        ),
    ],
)
async def test_every_form_of_a_name_finds_the_function(world, send, target, arn) -> None:
    assert (await send("POST", target))[0] == 200
    assert world.door.invoked[0].reference.arn == arn


@pytest.mark.parametrize(
    ("target", "headers", "kind"),
    [
        ("/2015-03-31/functions/he%20llo/invocations", {}, "ValidationException"),
        (f"{INVOKE}?Qualifier=", {}, "ValidationException"),
        (f"{INVOKE}?Qualifier=a.b", {}, "ValidationException"),
        (f"/2015-03-31/functions/{'x' * 65}/invocations", {}, "ValidationException"),
        ("/2015-03-31/functions/hello:a/invocations?Qualifier=b", {}, "InvalidParameterValueException"),
        ("/2015-03-31/functions/111111111111:function:hello/invocations", {}, "AccessDeniedException"),
        ("/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:f/invocations", {}, "ResourceNotFoundException"),
        (INVOKE, {"x_amz_invocation_type": "Nope"}, "ValidationException"),
        (INVOKE, {"x_amz_log_type": "tail"}, "ValidationException"),
        (INVOKE, {"x_amz_tenant_id": "a,b"}, "ValidationException"),
        (INVOKE, {"x_amz_tenant_id": "t" * 257}, "ValidationException"),
        (INVOKE, {"x_amz_client_context": "!"}, "InvalidRequestContentException"),
        (INVOKE, {"x_amz_client_context": base64.b64encode(b"{").decode()}, "InvalidRequestContentException"),
        (INVOKE, {"x_amz_client_context": base64.b64encode(b"[]").decode()}, "InvalidRequestContentException"),
        (
            INVOKE,
            {"x_amz_client_context": base64.b64encode(b'{"a":"' + b"x" * 2700 + b'"}').decode()},
            "InvalidRequestContentException",
        ),
        (INVOKE, {"x_amzn_requestid": "not-a-uuid"}, "InvalidRequestContentException"),
        (INVOKE, {"x_amz_durable_execution_name": "d"}, "InvalidParameterValueException"),
    ],
)
async def test_a_bad_request_is_refused_before_anything_runs(world, send, target, headers, kind) -> None:
    status, reply, _ = await send("POST", target, b"{}", **headers)
    assert reply["x-amzn-errortype"] == kind
    assert 400 <= status < 500
    assert not world.door.invoked


async def test_what_the_caller_sends_along_reaches_the_data_plane(world, send) -> None:
    request_id = "AAAAAAAA-0000-4000-8000-00000000000F"
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    context = base64.b64encode(b'{"custom":{"a":"b"}}').decode()
    status, headers, _ = await send(
        "POST",
        INVOKE,
        b"{}",
        x_amzn_requestid=request_id,
        x_amzn_trace_id=trace,
        x_amz_client_context=context,
        x_amz_tenant_id="blue one",
    )
    got = world.door.invoked[0]
    assert status == 200
    assert (got.request_id, got.trace_id, got.client_context, got.tenant_id) == (
        request_id.lower(),
        trace,
        '{"custom":{"a":"b"}}',
        "blue one",
    )
    assert headers["x-amzn-requestid"] == request_id.lower()
    assert headers["x-amzn-trace-id"] == "root=1-5759e988-bd862e3fe1be46a994272793;sampled=1"


@pytest.mark.parametrize("trace", ["", "nonsense", "Root=\xe9", "Root=" + "x" * 2000])
async def test_a_trace_header_that_cannot_be_passed_on_is_replaced(world, send, trace) -> None:
    await send("POST", INVOKE, b"{}", x_amzn_trace_id=trace)
    assert world.door.invoked[0].trace_id.startswith("Root=1-6553f100-")


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (TooManyRequests(ThrottleReason.ACCOUNT_CONCURRENCY), 429, "ConcurrentInvocationLimitExceeded"),
        (ResourceNotFound("no"), 404, None),
    ],
    ids=["throttle", "missing"],
)
async def test_a_platform_fault_is_an_error_reply(world, send, fault, status, reason) -> None:
    world.door.fault = fault
    got, _, body = await send("POST", INVOKE, b"{}")
    assert (got, json.loads(body).get("Reason")) == (status, reason)


async def test_the_legacy_operation_takes_256_kilobytes(world, send) -> None:
    status, _, body = await send("POST", ASYNC, b"{}")
    assert (status, json.loads(body)) == (202, {"Status": 202})
    status, _, body = await send("POST", ASYNC, b'"' + b"x" * 262_144 + b'"')
    assert (status, len(world.door.accepted)) == (413, 1)
    assert "limit 262144 bytes" in words(body)


def frames(body: bytes) -> list[tuple[str, bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(each.headers[":event-type"], each.payload) for each in buffer]


async def test_a_stream_is_payload_chunks_and_then_its_completion(send) -> None:
    event = b'"' + b"x" * 300_000 + b'"'
    status, headers, body = await send("POST", STREAM, event, x_amz_log_type="Tail")
    got = frames(body)
    assert (status, headers["content-type"], headers["x-amz-executed-version"]) == (
        200,
        "application/vnd.amazon.eventstream",
        "7",
    )
    assert [name for name, _ in got] == ["PayloadChunk"] * 3 + ["InvokeComplete"]
    assert b"".join(payload for name, payload in got if name == "PayloadChunk") == event
    assert base64.b64decode(json.loads(got[-1][1])["LogResult"]) == b"START\nEND\n"


@pytest.mark.parametrize(
    ("status", "error_type", "code"),
    [(InvocationStatus.FAILURE, "ValueError", "Unhandled"), (InvocationStatus.TIMEOUT, "Sandbox.Timedout", "Sandbox.Timedout")],
)
async def test_a_function_error_is_told_in_the_completion_of_a_stream(world, send, status, error_type, code) -> None:
    world.door.outcome = Outcome(status=status, payload=b'{"errorType":"E"}', error_type=error_type)
    _, _, body = await send("POST", STREAM, b"{}")
    assert [(name, json.loads(payload)) for name, payload in frames(body)] == [
        ("InvokeComplete", {"ErrorCode": code, "ErrorDetails": '{"errorType":"E"}'})
    ]


async def test_a_stream_cannot_be_an_event(send) -> None:
    assert (await send("POST", STREAM, b"{}", x_amz_invocation_type="Event"))[1]["x-amzn-errortype"] == "ValidationException"
    assert (await send("POST", STREAM, b"{}", x_amz_invocation_type="DryRun"))[0] == 204
