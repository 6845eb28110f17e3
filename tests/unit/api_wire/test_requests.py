"""From bytes to members: routes, labels, types, constraints; and the words in which bad input is refused."""

import base64
import json

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
CREATE = "/2015-03-31/functions"


def creation(**members) -> bytes:
    return json.dumps({"FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/r", "Code": {}, **members}).encode()


def message(body: bytes) -> str:
    document = json.loads(body)
    return document.get("message") or document["Message"]


@pytest.mark.parametrize(
    ("method", "target", "operation", "members"),
    [
        ("GET", "/2015-03-31/functions/hello", "GetFunction", {"FunctionName": "hello"}),
        ("GET", "/2015-03-31/functions/hello/", "GetFunction", {"FunctionName": "hello"}),
        ("GET", f"/2015-03-31/functions/{ARN}:live", "GetFunction", {"FunctionName": f"{ARN}:live"}),
        ("GET", f"/2015-03-31/functions/{ARN.replace(':', '%3A')}", "GetFunction", {"FunctionName": ARN}),
        ("GET", "/2015-03-31/functions/f?Qualifier=%24LATEST", "GetFunction", {"FunctionName": "f", "Qualifier": "$LATEST"}),
        ("GET", "/2015-03-31/functions/", "ListFunctions", {}),
        ("GET", "/2015-03-31/functions?MaxItems=7&Marker=a%2Bb+c", "ListFunctions", {"MaxItems": 7, "Marker": "a+b c"}),
        ("DELETE", "/2015-03-31/functions/f/aliases/a", "DeleteAlias", {"FunctionName": "f", "Name": "a"}),
        ("DELETE", f"/2017-03-31/tags/{ARN}?tagKeys=a&tagKeys=b", "UntagResource", {"Resource": ARN, "TagKeys": ["a", "b"]}),
        ("GET", "/2018-10-31/layers", "ListLayers", {}),
        (
            "GET",
            "/2018-10-31/layers?find=LayerVersion&Arn=arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Alayer%3Al%3A1",
            "GetLayerVersionByArn",
            {"Arn": "arn:aws:lambda:us-east-1:000000000000:layer:l:1"},
        ),
        ("GET", "/2018-10-31/layers/l/versions/3", "GetLayerVersion", {"LayerName": "l", "VersionNumber": 3}),
        ("GET", "/2016-08-19/account-settings/", "GetAccountSettings", {}),
    ],
)
async def test_a_request_reaches_its_operation_with_its_members(world, send, method, target, operation, members) -> None:
    status, _, _ = await send(method, target)
    assert status < 300
    assert world.seen[operation][1] == members


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", "/nope"), ("PUT", CREATE), ("GET", "//2015-03-31/functions"), ("GET", "/2015-03-31/functions//policy"), ("HEAD", CREATE), ("OPTIONS", "*"), ("GET", "/_lambent/nope"), ("POST", "/_lambent/health")],
)  # fmt: skip
async def test_an_unknown_path_is_an_unknown_operation(send, method, target) -> None:
    status, headers, _ = await send(method, target)
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


@pytest.mark.parametrize(
    "target",
    ["/2015-03-31/functions/f/policy", "/2025-03-07/web-functions/f/revisions/1", "/2026-10-01/runtimes", "/2025-09-09/microvms"],
)
async def test_an_operation_that_is_not_done_says_so(send, target) -> None:
    status, headers, body = await send("GET", target)
    assert (status, headers["x-amzn-errortype"]) == (501, "NotImplementedException")
    assert "does not do" in message(body)


async def test_blobs_are_decoded_unknown_members_ignored_and_nulls_absent(world, send) -> None:
    code = base64.b64encode(b"PK").decode()
    await send("POST", CREATE, creation(Code={"ZipFile": code, "Nope": 1}, Nope=[], Timeout=None, MemorySize=128.0))
    members = world.seen["CreateFunction"][1]
    assert members == {
        "FunctionName": "f",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Code": {"ZipFile": b"PK"},
        "MemorySize": 128,
    }


@pytest.mark.parametrize("target", ["/2015-03-31/functions?MaxItems=x", "/2015-03-31/functions?MaxItems=", "/2018-10-31/layers/l/versions/x",
                                    "/2018-10-31/layers/l/versions/99999999999999999999999", "/2015-03-31/functions?MaxItems=1e9999"])  # fmt: skip
async def test_text_that_is_no_number_in_a_path_or_query_is_refused(send, target) -> None:
    assert (await send("GET", target))[0] == 400


@pytest.mark.parametrize("name", ["a%20b", "%00", "%ff", "f%2Fg", "f:g:h:i", "a" * 300, "é", "%C3%A9", "$LATEST"])
async def test_a_name_of_a_wrong_form_is_a_validation_fault(send, name) -> None:
    status, headers, _ = await send("GET", f"/2015-03-31/functions/{name}")
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")


async def test_each_reply_has_a_request_id_of_its_own(send) -> None:
    ids = [(await send("GET", CREATE))[1]["x-amzn-requestid"] for _ in range(2)]
    assert len(set(ids)) == 2


async def test_an_unexpected_exception_is_a_500_that_tells_nothing_and_is_logged_once(world, send, caplog) -> None:
    world.replies["ListFunctions"] = RuntimeError("internals")
    status, headers, body = await send("GET", CREATE)
    assert (status, json.loads(body)) == (500, {"Type": "Service", "Message": "An internal error occurred."})
    assert [each.request_id for each in caplog.records] == [headers["x-amzn-requestid"]]
    assert "internals" in caplog.text


@pytest.mark.parametrize(
    ("target", "method", "limit", "operation"),
    [(CREATE, "POST", 70_167_211, "CreateFunction"), ("/2015-03-31/functions/f/code", "PUT", 70_167_211, "UpdateFunctionCode")],
)
async def test_an_oversized_request_is_refused_by_its_head(world, method, target, limit, operation) -> None:
    from lambent.http import Request

    request = Request(method, target.encode(), b"", [(b"host", b"h")])
    request.content_length = limit
    assert world.app.admit(request) == limit
    request.content_length = limit + 1
    response = world.app.admit(request)
    assert response.status == 413
    assert message(response.body) == f"Request must be smaller than {limit} bytes for the {operation} operation"


async def test_replies_are_made_by_the_model(world, send) -> None:
    world.replies["CreateFunction"] = {"FunctionName": "é", "Layers": None, "MemorySize": 128}
    world.replies["DeleteFunction"] = {"StatusCode": 204}
    world.replies["CreateEventSourceMapping"] = {"LastModified": 1700000000.5}
    status, headers, body = await send("POST", CREATE, creation())
    assert (status, headers["content-type"], body) == (201, "application/json", '{"FunctionName":"é","MemorySize":128}'.encode())
    assert (await send("DELETE", "/2015-03-31/functions/f"))[::2] == (204, b"")
    assert (await send("DELETE", "/2015-03-31/functions/f/aliases/a"))[::2] == (204, b"")
    status, _, body = await send("POST", "/2015-03-31/event-source-mappings", b'{"FunctionName":"f"}')
    assert (status, body) == (202, b'{"LastModified":1700000000.5}')
    world.replies["DeleteFunction"] = {"StatusCode": 202}
    assert (await send("DELETE", "/2015-03-31/functions/f"))[0] == 202


async def test_the_account_and_region_come_from_the_credential_scope(world, send) -> None:
    for key, region, account in (("AKID", "eu-west-1", "000000000000"), ("123456789012", "us-west-2", "123456789012")):
        await send(
            "GET",
            CREATE,
            authorization=f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/lambda/aws4_request, SignedHeaders=host, Signature=x",
        )
        caller = world.seen["ListFunctions"][0].caller
        assert (caller.account, caller.region) == (account, region)


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", "AWS4-HMAC-SHA256 Credential=a/b", "AWS4-HMAC-SHA256 Credential=AKID/20260101/../lambda/aws4_request"],
)
async def test_a_scope_that_cannot_be_read_means_the_defaults(world, send, header) -> None:
    await send("GET", CREATE, authorization=header)
    caller = world.seen["ListFunctions"][0].caller
    assert (caller.account, caller.region) == ("000000000000", "us-east-1")


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), ("http://[::bad", 403), ("http://127.0.0.1.evil.example", 403),
                                                ("http://localhost:3000", 200), ("http://127.0.0.1:4566", 200)])  # fmt: skip
async def test_a_web_page_of_another_site_cannot_drive_an_open_server(send, origin, status) -> None:
    assert (await send("GET", CREATE, origin=origin))[0] == status


async def test_the_endpoint_is_the_address_that_the_caller_used(world, send) -> None:
    await send("GET", CREATE)
    assert world.seen["ListFunctions"][0].endpoint == "http://127.0.0.1:4566"


async def test_health_tells_status_version_and_isolation(send) -> None:
    status, _, body = await send("GET", "/_lambent/health")
    document = json.loads(body)
    assert (status, document["status"], document["isolation"]) == (200, "ok", "bwrap")
    assert document["version"]


@pytest.mark.parametrize(("size", "damage", "status"), [(700_000, None, 201), (700_001, None, 201), (700_002, None, 201),
                                                       (700_000, 262_143, 400), (700_000, 500_000, 400)])  # fmt: skip
async def test_a_large_blob_is_decoded_in_slices_and_checked_as_a_whole(world, send, size, damage, status) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    encoded = bytearray(base64.b64encode(content))
    if damage is not None:
        encoded[damage] = ord("=")
    got, _, _ = await send("POST", CREATE, creation(Code={"ZipFile": encoded.decode()}))
    assert got == status
    assert status != 201 or world.seen["CreateFunction"][1]["Code"]["ZipFile"] == content
