"""Unmodified boto3 on log groups: made, set, filled, read, tailed, tagged, deleted."""

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.server_process import ServerProcess

GROUP = "/app/one"


@pytest.fixture
def logs(server: ServerProcess) -> Any:
    return boto3.client(
        "logs",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False, retries={"max_attempts": 0}),
    )


def code(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    return str(caught.value.response["Error"]["Code"])


def test_a_group_lives_from_creation_to_deletion(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP, tags={"team": "a"})
    assert code(logs.create_log_group, logGroupName=GROUP) == "ResourceAlreadyExistsException"
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    assert code(logs.put_retention_policy, logGroupName=GROUP, retentionInDays=2) == "InvalidParameterException"
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    assert code(logs.create_log_stream, logGroupName=GROUP, logStreamName="s") == "ResourceAlreadyExistsException"
    now = int(time.time() * 1000)
    reply = logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="s",
        logEvents=[{"timestamp": now, "message": '{"level":"ERROR","n":1}'}, {"timestamp": now + 1, "message": "plain"}],
    )
    assert reply["nextSequenceToken"]
    assert "rejectedLogEventsInfo" not in reply
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert (group["retentionInDays"], group["logGroupClass"], group["storedBytes"] > 0) == (7, "STANDARD", True)
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now, now + 1)
    found = logs.filter_log_events(logGroupName=GROUP, filterPattern='{ $.level = "ERROR" && $.n < 2 }')["events"]
    assert [each["message"] for each in found] == ['{"level":"ERROR","n":1}']
    logs.tag_resource(resourceArn=group["logGroupArn"], tags={"stage": "b"})
    logs.untag_resource(resourceArn=group["logGroupArn"], tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"stage": "b"}
    logs.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=True)
    assert code(logs.delete_log_group, logGroupName=GROUP) == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=group["logGroupArn"], deletionProtectionEnabled=False)
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="s")
    assert code(logs.get_log_events, logGroupName=GROUP, logStreamName="s") == "ResourceNotFoundException"
    logs.delete_log_group(logGroupName=GROUP)
    assert code(logs.describe_log_streams, logGroupName=GROUP) == "ResourceNotFoundException"


def test_a_subscription_filter_is_stored_and_shown(logs: Any) -> None:
    logs.create_log_group(logGroupName="/app/two")
    members = {
        "logGroupName": "/app/two",
        "filterName": "f",
        "destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
    }
    assert code(logs.put_subscription_filter, filterPattern="{ $.a }", **members) == "InvalidParameterException"
    logs.put_subscription_filter(filterPattern="ERROR", **members)
    (shown,) = logs.describe_subscription_filters(logGroupName="/app/two")["subscriptionFilters"]
    assert (shown["filterPattern"], shown["distribution"]) == ("ERROR", "ByLogStream")
    logs.delete_subscription_filter(logGroupName="/app/two", filterName="f")
    assert code(logs.delete_subscription_filter, logGroupName="/app/two", filterName="f") == "ResourceNotFoundException"


def test_what_is_not_there_is_not_found(logs: Any) -> None:
    for call, members in (
        (logs.delete_log_group, {}),
        (logs.create_log_stream, {"logStreamName": "s"}),
        (logs.delete_log_stream, {"logStreamName": "s"}),
        (logs.put_retention_policy, {"retentionInDays": 1}),
        (logs.put_log_events, {"logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}]}),
        (logs.describe_subscription_filters, {}),
    ):
        assert code(call, logGroupName="/none", **members) == "ResourceNotFoundException"
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:/none"
    assert code(logs.list_tags_for_resource, resourceArn=arn) == "ResourceNotFoundException"
    assert code(logs.list_tags_for_resource, resourceArn="arn:aws:s3:::b") == "InvalidParameterException"
    assert (
        code(logs.start_live_tail, logGroupIdentifiers=["arn:aws:logs:us-east-1:000000000000:log-group:/none"])
        == "ResourceNotFoundException"
    )


def test_a_live_tail_sees_what_is_written_after_it_began(logs: Any) -> None:
    logs.create_log_group(logGroupName="/app/live")
    logs.create_log_stream(logGroupName="/app/live", logStreamName="s")
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/app/live"
    session = logs.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="-quiet")["responseStream"]
    seen: list[str] = []
    for number, event in enumerate(session):
        if number == 0:
            assert event["sessionStart"]["logGroupIdentifiers"] == [arn]
            threading.Timer(0.1, _put, (logs, "loud", "quiet", "loud too")).start()
            continue
        seen += [each["message"] for each in event["sessionUpdate"]["sessionResults"]]
        if "loud too" in seen or number > 60:
            break
    session.close()
    assert seen == ["loud", "loud too"]


def _put(logs: Any, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": each} for each in messages]
    logs.put_log_events(logGroupName="/app/live", logStreamName="s", logEvents=events)
