"""Unmodified boto3: event source mappings of every kind of source, as at AWS; nothing is polled."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import ServerProcess, deployed

HERE = "us-east-1:000000000000"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:s"
BASIC = [{"Type": "BASIC_AUTH", "URI": SECRET}]
_SECONDS = 60.0


@pytest.fixture(scope="module")
def name(client: Any) -> str:
    """A function with version 1 and alias `live`; tests map sources of their own to it."""
    name = deployed(client, {"f.py": "def handler(e, c): return e"}, runtime="python3.12", Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


@pytest.fixture
def own() -> str:
    """A name that no other test has."""
    return f"s{uuid.uuid4().hex[:12]}"


def settled(client: Any, identifier: str, state: str) -> Any:
    """The mapping in this state, reached by itself."""
    deadline = time.monotonic() + _SECONDS
    while (shown := client.get_event_source_mapping(UUID=identifier))["State"] != state:
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    return without_metadata(shown)


def until_gone(client: Any, identifier: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            shown = client.get_event_source_mapping(UUID=identifier)
        except client.exceptions.ResourceNotFoundException:
            return
        assert shown["State"] == "Deleting"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def without_metadata(reply: Any) -> Any:
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_a_mapping_lives_from_creating_to_gone(client: Any, name: str, own: str) -> None:
    queue = f"arn:aws:sqs:{HERE}:{own}"
    made = client.create_event_source_mapping(EventSourceArn=queue, FunctionName=name, BatchSize=5)
    identifier = made["UUID"]
    assert (made["ResponseMetadata"]["HTTPStatusCode"], made["State"]) == (202, "Creating")
    assert made["EventSourceMappingArn"] == f"arn:aws:lambda:{HERE}:event-source-mapping:{identifier}"
    assert isinstance(made["LastModified"], datetime)
    in_use = "Cannot delete the event source mapping because it is in use."
    assert refused(client.delete_event_source_mapping, UUID=identifier) == (400, "ResourceInUseException", in_use)
    shown = settled(client, identifier, "Enabled")
    assert shown["LastModified"] > made["LastModified"]
    assert "LastProcessingResult" not in shown
    changed = client.update_event_source_mapping(UUID=identifier, Enabled=False, BatchSize=7)
    assert (changed["ResponseMetadata"]["HTTPStatusCode"], changed["State"], changed["BatchSize"]) == (202, "Disabling", 7)
    assert settled(client, identifier, "Disabled")["BatchSize"] == 7
    deleted = client.delete_event_source_mapping(UUID=identifier)
    assert (deleted["ResponseMetadata"]["HTTPStatusCode"], deleted["State"]) == (202, "Deleting")
    until_gone(client, identifier)
    gone = "The resource you requested does not exist."
    assert refused(client.delete_event_source_mapping, UUID=identifier) == (404, "ResourceNotFoundException", gone)


SOURCES: dict[str, dict[str, Any]] = {
    "fifo": {"EventSourceArn": f"arn:aws:sqs:{HERE}:NAME.fifo", "ScalingConfig": {"MaximumConcurrency": 2}},
    "kinesis": {
        "EventSourceArn": f"arn:aws:kinesis:{HERE}:stream/NAME",
        "StartingPosition": "AT_TIMESTAMP",
        "StartingPositionTimestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "ParallelizationFactor": 2,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{HERE}:dead"}},
    },
    "consumer": {"EventSourceArn": f"arn:aws:kinesis:{HERE}:stream/NAME/consumer/c:1700000000", "StartingPosition": "LATEST"},
    "dynamodb": {
        "EventSourceArn": f"arn:aws:dynamodb:{HERE}:table/NAME/stream/2026-01-01T00:00:00.000",
        "StartingPosition": "TRIM_HORIZON",
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "TumblingWindowInSeconds": 30,
    },
    "msk": {
        "EventSourceArn": f"arn:aws:kafka:{HERE}:cluster/NAME/0-1",
        "Topics": ["topic"],
        "StartingPosition": "LATEST",
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
        "ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 3},
    },
    "kafka": {
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["NAME.example:9092"]}},
        "Topics": ["topic"],
        "StartingPosition": "TRIM_HORIZON",
        "SourceAccessConfigurations": BASIC,
    },
    "mq": {
        "EventSourceArn": f"arn:aws:mq:{HERE}:broker:NAME:b-1",
        "Queues": ["queue"],
        "SourceAccessConfigurations": [*BASIC, {"Type": "VIRTUAL_HOST", "URI": "/"}],
    },
    "documentdb": {
        "EventSourceArn": f"arn:aws:rds:{HERE}:cluster:NAME",
        "StartingPosition": "LATEST",
        "DocumentDBEventSourceConfig": {"DatabaseName": "db", "CollectionName": "c", "FullDocument": "UpdateLookup"},
        "SourceAccessConfigurations": BASIC,
    },
}


def named(value: Any, own: str) -> Any:
    """The value with NAME filled in."""
    if isinstance(value, str):
        return value.replace("NAME", own)
    if isinstance(value, dict):
        return {key: named(each, own) for key, each in value.items()}
    return [named(each, own) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_shows_what_it_was_given(client: Any, name: str, own: str, kind: str) -> None:
    given = named(SOURCES[kind], own)
    made = without_metadata(client.create_event_source_mapping(FunctionName=name, **given))
    assert {member: made[member] for member in given} == given
    assert made.get("LastProcessingResult") == (None if kind == "fifo" else "No records processed")
    shown = settled(client, made["UUID"], "Enabled")
    assert {**shown, "LastModified": 0, "State": 0} == {**made, "LastModified": 0, "State": 0}
    _, code, text = refused(client.create_event_source_mapping, FunctionName=name, **given)
    assert (code, made["UUID"] in text) == ("ResourceConflictException", True)


def test_lists_are_paged_and_filtered(client: Any, name: str, own: str) -> None:
    queues = [f"arn:aws:sqs:{HERE}:{own}-{number}" for number in range(5)]
    other = deployed(client, {"f.py": "def handler(e, c): return e"}, runtime="python3.12")
    made = [client.create_event_source_mapping(EventSourceArn=queue, FunctionName=other)["UUID"] for queue in queues]
    qualified = client.create_event_source_mapping(EventSourceArn=queues[0], FunctionName=f"{name}:live")["UUID"]
    pages = list(
        client.get_paginator("list_event_source_mappings").paginate(FunctionName=other, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["EventSourceMappings"]) for page in pages] == [2, 2, 1]
    assert [each["UUID"] for page in pages for each in page["EventSourceMappings"]] == sorted(made)
    of_source = client.list_event_source_mappings(EventSourceArn=queues[0])["EventSourceMappings"]
    assert sorted(each["UUID"] for each in of_source) == sorted([made[0], qualified])
    of_alias = client.list_event_source_mappings(EventSourceArn=queues[0], FunctionName=f"{name}:live")["EventSourceMappings"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in of_alias] == ["live"]


def test_mappings_are_tagged_by_their_arn(client: Any, name: str, own: str) -> None:
    queue = f"arn:aws:sqs:{HERE}:{own}"
    arn = client.create_event_source_mapping(EventSourceArn=queue, FunctionName=name, Tags={"team": "a"})["EventSourceMappingArn"]
    client.tag_resource(Resource=arn, Tags={"more": "b"})
    client.untag_resource(Resource=arn, TagKeys=["team"])
    assert client.list_tags(Resource=arn)["Tags"] == {"more": "b"}


def test_other_accounts_and_regions_see_nothing(client: Any, server: ServerProcess, name: str, own: str) -> None:
    made = client.create_event_source_mapping(EventSourceArn=f"arn:aws:sqs:{HERE}:{own}", FunctionName=name)
    for stranger in (server.client(account="111111111111"), server.client(region="eu-west-1")):
        assert refused(stranger.get_event_source_mapping, UUID=made["UUID"])[1] == "ResourceNotFoundException"
        assert made["UUID"] not in [each["UUID"] for each in stranger.list_event_source_mappings()["EventSourceMappings"]]
        assert refused(stranger.list_tags, Resource=made["EventSourceMappingArn"])[0] in (403, 404)


INVALID, BAD_SHAPE = "InvalidParameterValueException", "ValidationException"
REFUSED: list[tuple[dict[str, Any], tuple[int, str], str]] = [
    ({"FunctionName": "nobody"}, (400, INVALID), "Function does not exist"),
    ({"EventSourceArn": f"arn:aws:events:{HERE}:rule/r"}, (400, INVALID), "Unrecognized event source. Unsupported source arn : "),
    ({"EventSourceArn": "no arn"}, (400, BAD_SHAPE), "eventSourceArn"),
    ({"BatchSize": 11}, (400, INVALID), "Maximum batch window in seconds must be greater than 0"),
    ({"BatchSize": 10_001}, (400, BAD_SHAPE), "batchSize"),
    ({"ScalingConfig": {"MaximumConcurrency": 1001}}, (400, BAD_SHAPE), "scalingConfig.maximumConcurrency"),
    ({"Topics": ["topic"]}, (400, INVALID), "Unsupported 'topics' parameter"),
    ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, (400, INVALID), "Invalid filter pattern definition."),
    ({"Tags": {"aws:x": "y"}}, (400, INVALID), "aws:"),
    (
        {"FunctionName": "arn:aws:lambda:us-east-1:111111111111:function:f"},
        (403, "AccessDeniedException"),
        "not authorized to perform: lambda:CreateEventSourceMapping",
    ),
]


@pytest.mark.parametrize(("given", "fault", "words"), REFUSED)
def test_bad_input_is_refused_and_leaves_nothing(
    client: Any, name: str, given: dict[str, Any], fault: tuple[int, str], words: str
) -> None:
    queue = f"arn:aws:sqs:{HERE}:never"
    *found, text = refused(client.create_event_source_mapping, **{"EventSourceArn": queue, "FunctionName": name, **given})
    assert (tuple(found), words in text) == (fault, True), text
    assert client.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"] == []


def test_a_server_killed_in_between_ends_what_it_began(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    client = server.client()
    name = deployed(client, {"f.py": "def handler(e, c): return e"}, runtime="python3.12")
    old = client.create_event_source_mapping(EventSourceArn=f"arn:aws:sqs:{HERE}:old", FunctionName=name)["UUID"]
    settled(client, old, "Enabled")
    new = client.create_event_source_mapping(EventSourceArn=f"arn:aws:sqs:{HERE}:new", FunctionName=name)["UUID"]
    client.delete_event_source_mapping(UUID=old)
    server.kill()
    client = server.start().client()
    settled(client, new, "Enabled")
    until_gone(client, old)
    assert [each["UUID"] for each in client.list_event_source_mappings()["EventSourceMappings"]] == [new]
    server.stop()
