"""The CloudWatch Logs operations over a LogStore: what `aws logs tail` and `lambent logs` need."""

import json

import pytest

from lambent.core.function import Owner

OWNER = Owner(account="000000000000", region="us-east-1")
GROUP = "/aws/lambda/hello"


@pytest.fixture
def filled(world):
    for name in ("2026/01/01/[7]aa", "2026/01/01/[7]bb"):
        stream = world.logs.open_stream(OWNER, GROUP, name)
        for second in range(5):
            stream.write(1000 + second, f"{name[-2:]} line {second} ERROR code={second}".encode())
    world.logs.open_stream(OWNER, "/aws/lambda/other", "s").write(1, b"x")
    return world


@pytest.fixture
def logs(filled, send):
    async def call(operation: str, **members):
        body = json.dumps(members).encode()
        status, headers, reply = await send(
            "POST", "/", body, x_amz_target=f"Logs_20140328.{operation}", content_type="application/x-amz-json-1.1"
        )
        assert headers["content-type"] == "application/x-amz-json-1.1"
        assert headers["x-amzn-requestid"]
        return status, json.loads(reply)

    return call


async def test_groups_are_listed_by_prefix_or_part_and_in_pages(logs) -> None:
    _, reply = await logs("DescribeLogGroups", limit=1)
    assert [each["logGroupName"] for each in reply["logGroups"]] == [GROUP]
    assert reply["logGroups"][0]["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*"
    _, reply = await logs("DescribeLogGroups", nextToken=reply["nextToken"])
    assert [each["logGroupName"] for each in reply["logGroups"]] == ["/aws/lambda/other"]
    assert "nextToken" not in reply
    for members in ({"logGroupNamePrefix": "/aws/lambda/h"}, {"logGroupNamePattern": "HELL"}):
        _, reply = await logs("DescribeLogGroups", **members)
        assert [each["logGroupName"] for each in reply["logGroups"]] == [GROUP]


async def test_streams_are_listed_by_name_or_last_event_either_way(filled, logs) -> None:
    filled.logs.open_stream(OWNER, GROUP, "2026/01/01/[7]aa").write(2000, b"late")
    for members, order in (
        ({}, "ab"),
        ({"descending": True}, "ba"),
        ({"orderBy": "LastEventTime"}, "ba"),
        ({"orderBy": "LastEventTime", "descending": True}, "ab"),
    ):
        _, reply = await logs("DescribeLogStreams", logGroupName=GROUP, **members)
        assert "".join(each["logStreamName"][-1] for each in reply["logStreams"]) == order
    _, first = await logs("DescribeLogStreams", logGroupName=GROUP, limit=1)
    _, second = await logs(
        "DescribeLogStreams",
        logGroupIdentifier=f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}",
        nextToken=first["nextToken"],
    )
    assert [each["logStreamName"][-2:] for each in first["logStreams"] + second["logStreams"]] == ["aa", "bb"]


async def test_events_of_a_stream_are_read_forwards_until_the_token_stays(logs) -> None:
    token, seen = None, []
    while True:
        options = {"nextToken": token} if token else {}
        _, reply = await logs(
            "GetLogEvents", logGroupName=GROUP, logStreamName="2026/01/01/[7]aa", startFromHead=True, limit=2, **options
        )
        if reply["nextForwardToken"] == token:
            break
        token = reply["nextForwardToken"]
        seen += [each["timestamp"] for each in reply["events"]]
    assert seen == [1_000_000, 1_001_000, 1_002_000, 1_003_000, 1_004_000]


async def test_without_a_start_the_newest_page_comes_first_and_older_ones_follow_backwards(logs) -> None:
    token, pages = None, []
    while True:
        options = {"nextToken": token} if token else {}
        _, reply = await logs("GetLogEvents", logGroupName=GROUP, logStreamName="2026/01/01/[7]bb", limit=2, **options)
        if reply["nextBackwardToken"] == token:
            break
        token = reply["nextBackwardToken"]
        pages.append([each["timestamp"] // 1000 for each in reply["events"]])
    assert pages == [[1003, 1004], [1001, 1002], [1000]]


async def test_the_forward_token_of_the_newest_page_follows_what_comes_later(filled, logs) -> None:
    _, reply = await logs("GetLogEvents", logGroupName=GROUP, logStreamName="2026/01/01/[7]aa")
    filled.logs.open_stream(OWNER, GROUP, "2026/01/01/[7]aa").write(1010, b"later")
    _, reply = await logs(
        "GetLogEvents", logGroupName=GROUP, logStreamName="2026/01/01/[7]aa", nextToken=reply["nextForwardToken"]
    )
    assert [each["message"] for each in reply["events"]] == ["later"]


async def test_a_page_holds_a_megabyte(filled, logs) -> None:
    stream = filled.logs.open_stream(OWNER, GROUP, "big")
    for second in range(3):
        stream.write(second, b"x" * 500_000)
    for start in (True, False):
        _, reply = await logs("GetLogEvents", logGroupName=GROUP, logStreamName="big", startFromHead=start)
        assert [each["timestamp"] for each in reply["events"]] == ([0, 1000] if start else [1000, 2000])


async def test_filtering_goes_over_all_streams_in_order_of_time(logs) -> None:
    _, reply = await logs("FilterLogEvents", logGroupName=GROUP, startTime=1_001_000, endTime=1_003_000)
    assert [each["message"][:9] for each in reply["events"]] == ["aa line 1", "bb line 1", "aa line 2", "bb line 2"]
    assert len({each["eventId"] for each in reply["events"]}) == 4
    _, reply = await logs("FilterLogEvents", logGroupName=GROUP, filterPattern='"line 3"', logStreamNamePrefix="2026/01/01/[7]b")
    assert [each["message"][:9] for each in reply["events"]] == ["bb line 3"]
    _, reply = await logs("FilterLogEvents", logGroupName=GROUP, filterPattern="code=4", logStreamNames=["2026/01/01/[7]aa"])
    assert [each["logStreamName"][-2:] for each in reply["events"]] == ["aa"]


async def test_filtered_pages_lose_and_repeat_nothing(logs) -> None:
    token, seen = None, []
    while True:
        options = {"nextToken": token} if token else {}
        _, reply = await logs("FilterLogEvents", logGroupName=GROUP, limit=3, filterPattern="-aa", **options)
        seen += [each["message"][:9] for each in reply["events"]]
        token = reply.get("nextToken")
        if token is None:
            break
    assert seen == [f"bb line {n}" for n in range(5)]


@pytest.mark.parametrize(
    ("operation", "members", "kind"),
    [
        ("DescribeLogStreams", {"logGroupName": "/none"}, "ResourceNotFoundException"),
        ("FilterLogEvents", {"logGroupName": "/none"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "none"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": GROUP}, "InvalidParameterException"),
        ("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "a:b"}, "InvalidParameterException"),
        (
            "GetLogEvents",
            {"logGroupName": GROUP, "logStreamName": "2026/01/01/[7]aa", "nextToken": "f/x"},
            "InvalidParameterException",
        ),
        ("GetLogEvents", {"logStreamName": "s"}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": GROUP, "limit": 10_001}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": GROUP, "filterPattern": "{ $.a = }"}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": GROUP, "nextToken": "!"}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": GROUP, "nextToken": "eHg="}, "InvalidParameterException"),
        (
            "FilterLogEvents",
            {"logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "a"},
            "InvalidParameterException",
        ),
        ("FilterLogEvents", {"logGroupName": 5}, "SerializationException"),
        ("DescribeLogStreams", {"logGroupName": GROUP, "nextToken": "eHg="}, "InvalidParameterException"),
        (
            "DescribeLogStreams",
            {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"},
            "InvalidParameterException",
        ),
        ("DescribeLogGroups", {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}, "InvalidParameterException"),
        ("Nope", {}, "UnknownOperationException"),
    ],
)
async def test_a_bad_request_is_status_400_with_its_code_in_the_body(logs, operation, members, kind) -> None:
    status, reply = await logs(operation, **members)
    assert (status, reply["__type"]) == (400, kind)
    assert reply["message"]


async def test_other_operations_are_not_there_and_say_so(logs) -> None:
    status, reply = await logs("StartQuery", logGroupName=GROUP)
    assert (status, reply["__type"]) == (501, "NotImplementedException")


@pytest.mark.parametrize("target", ["", "Logs_20140328", "Other.DescribeLogGroups", "Logs_20140328.DescribeLogGroups.x"])
async def test_a_target_of_no_service_is_unknown(send, target) -> None:
    status, _, reply = await send("POST", "/", b"{}", x_amz_target=target)
    assert (status, json.loads(reply)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff"])
async def test_a_body_that_is_no_object_is_a_serialization_fault(send, body) -> None:
    status, _, reply = await send("POST", "/", body, x_amz_target="Logs_20140328.DescribeLogGroups")
    assert (status, json.loads(reply)["__type"]) == (400, "SerializationException")
