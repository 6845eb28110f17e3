"""What each source shows; what an update keeps, changes and takes away (facts D1 to D6)."""

from typing import Any

import pytest

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_source import SourceKind
from lambent.core.event_source_settings import check_function_timeout, new_settings
from tests.unit.mapping_rules.sources import (
    BASIC,
    HOST,
    LATEST,
    NOW,
    ON_FAILURE,
    QUEUE,
    QUEUE_MODE,
    SECRET,
    SHOWN,
    STREAM,
    edited,
    made,
    source,
)


@pytest.mark.parametrize("kind", SourceKind)
def test_each_source_shows_its_defaults(kind: SourceKind) -> None:
    assert made(kind) == SHOWN[kind]


TAKEN: list[tuple[SourceKind, dict[str, Any]]] = [
    (SourceKind.SQS, {"BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 1, "ScalingConfig": {"MaximumConcurrency": 2}}),
    (SourceKind.SQS, {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}, "KMSKeyArn": "arn:aws:kms:x"}),
    (SourceKind.SQS, {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MetricsConfig": {"Metrics": ["EventCount"]}}),
    (SourceKind.SQS_FIFO, {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0}),
    (SourceKind.KINESIS, {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": NOW}),
    (SourceKind.KINESIS, {"BatchSize": 10_000, "TumblingWindowInSeconds": 900, "MaximumRecordAgeInSeconds": 60}),
    (SourceKind.DYNAMODB, {"ParallelizationFactor": 10, "MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True}),
    *(
        (SourceKind.KINESIS, {"DestinationConfig": {"OnFailure": {"Destination": target}}})
        for target in (
            "arn:aws:sqs:us-east-1:000000000000:q",
            "arn:aws:sns:us-east-1:000000000000:t",
            "arn:aws:s3:::bucket",
            "kafka://topic",
        )
    ),
    (SourceKind.MSK, {"ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 2000, "PollerGroupName": "g"}}),
    (SourceKind.MSK, {"MetricsConfig": {"Metrics": ["ErrorCount", "KafkaMetrics"]}, "LoggingConfig": {"SystemLogLevel": "WARN"}}),
    (SourceKind.KAFKA, {"SourceAccessConfigurations": [{"Type": "IAM_AUTH"}, {"Type": "VPC_SUBNET", "URI": "subnet:s"}]}),
    (SourceKind.MQ, {"SourceAccessConfigurations": [*BASIC["SourceAccessConfigurations"], HOST]}),
]


@pytest.mark.parametrize(("kind", "given"), TAKEN)
def test_values_that_can_be_are_shown_as_given(kind: SourceKind, given: dict[str, Any]) -> None:
    assert made(kind, **given) == {**SHOWN[kind], **given}


def test_provisioned_mode_has_both_ends() -> None:
    assert made(SourceKind.SQS, ProvisionedPollerConfig={"MaximumPollers": 3})["ProvisionedPollerConfig"] == {
        "MinimumPollers": 2,
        "MaximumPollers": 3,
    }
    assert made(SourceKind.MSK, ProvisionedPollerConfig={"MinimumPollers": 3})["ProvisionedPollerConfig"] == {
        "MinimumPollers": 3,
        "MaximumPollers": 200,
    }


def test_a_share_group_of_kafka_has_no_position_no_window_and_no_retries() -> None:
    shown = new_settings(source(SourceKind.KAFKA), QUEUE_MODE, uuid="uuid", now=NOW)
    assert shown["MaximumRetryAttempts"] == 0
    assert "StartingPosition" not in shown
    for refused in ({**QUEUE_MODE, **LATEST}, {**QUEUE_MODE, "MaximumBatchingWindowInSeconds": 1}):
        with pytest.raises(InvalidParameterValue, match="Unsupported"):
            new_settings(source(SourceKind.KAFKA), refused, uuid="uuid", now=NOW)
    for change in ({"MaximumRetryAttempts": -1}, {"MaximumBatchingWindowInSeconds": 1}):
        with pytest.raises(InvalidParameterValue):
            edited(shown, SourceKind.KAFKA, **change)


@pytest.mark.parametrize(
    ("kind", "name", "value", "empty"),
    [
        (SourceKind.SQS, "FilterCriteria", {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}, {}),
        (SourceKind.SQS, "FilterCriteria", {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}, {"Filters": []}),
        (SourceKind.SQS, "ScalingConfig", {"MaximumConcurrency": 2}, {}),
        (SourceKind.SQS, "ProvisionedPollerConfig", {"MinimumPollers": 2, "MaximumPollers": 2}, {}),
        (SourceKind.SQS, "KMSKeyArn", "arn:aws:kms:x", ""),
        (SourceKind.SQS, "MetricsConfig", {"Metrics": ["EventCount"]}, {"Metrics": []}),
        (SourceKind.MSK, "LoggingConfig", {"SystemLogLevel": "WARN"}, {}),
        (SourceKind.MSK, "SourceAccessConfigurations", [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}], []),
    ],
)
def test_what_is_given_empty_is_taken_away(kind: SourceKind, name: str, value: Any, empty: Any) -> None:
    before = made(kind, **{name: value})
    assert edited(before, kind, BatchSize=5) == {**before, "BatchSize": 5}
    assert edited(before, kind, **{name: empty}) == SHOWN[kind]


@pytest.mark.parametrize("empty", [{}, {"OnFailure": {}}, {"OnFailure": {"Destination": ""}}])
def test_a_destination_is_taken_away(empty: dict[str, Any]) -> None:
    assert edited(made(SourceKind.KINESIS, **ON_FAILURE), SourceKind.KINESIS, DestinationConfig=empty) == STREAM


def test_an_update_is_checked_together_with_what_stays() -> None:
    before = made(SourceKind.SQS, BatchSize=100, MaximumBatchingWindowInSeconds=5)
    with pytest.raises(InvalidParameterValue, match="Maximum batch window"):
        edited(before, SourceKind.SQS, MaximumBatchingWindowInSeconds=0)
    with pytest.raises(InvalidParameterValue, match="Maximum batch window"):
        edited(made(SourceKind.SQS), SourceKind.SQS, BatchSize=100)


def test_consumer_group_and_mode_are_for_good() -> None:
    before = made(SourceKind.KAFKA)
    same = {"ConsumerGroupId": "uuid"}
    assert edited(before, SourceKind.KAFKA, SelfManagedKafkaEventSourceConfig=same) == before
    for config in ({"ConsumerGroupId": "other"}, {"ConsumptionMode": "Queue"}):
        with pytest.raises(InvalidParameterValue, match="cannot be changed"):
            edited(before, SourceKind.KAFKA, SelfManagedKafkaEventSourceConfig=config)


def test_a_virtual_host_stays_and_is_not_given_again() -> None:
    before = made(SourceKind.MQ, SourceAccessConfigurations=[*BASIC["SourceAccessConfigurations"], HOST])
    fresh = {"Type": "BASIC_AUTH", "URI": f"{SECRET}-2"}
    after = edited(before, SourceKind.MQ, SourceAccessConfigurations=[fresh])
    assert after["SourceAccessConfigurations"] == [fresh, HOST]
    with pytest.raises(InvalidParameterValue, match="VIRTUAL_HOST"):
        edited(before, SourceKind.MQ, SourceAccessConfigurations=[fresh, HOST])


def test_a_part_of_a_documentdb_config_may_be_updated() -> None:
    after = edited(
        made(SourceKind.DOCUMENTDB), SourceKind.DOCUMENTDB, DocumentDBEventSourceConfig={"FullDocument": "UpdateLookup"}
    )
    assert after["DocumentDBEventSourceConfig"] == {"DatabaseName": "db", "FullDocument": "UpdateLookup"}


def test_no_default_is_shared_between_mappings() -> None:
    made(SourceKind.KINESIS)["DestinationConfig"]["OnFailure"]["Destination"] = "changed"
    made(SourceKind.SQS)["FunctionResponseTypes"].append("changed")
    assert made(SourceKind.KINESIS) == STREAM
    assert made(SourceKind.SQS) == QUEUE


@pytest.mark.parametrize("kind", [SourceKind.MSK, SourceKind.KAFKA, SourceKind.MQ, SourceKind.DOCUMENTDB])
def test_some_sources_bound_the_functions_timeout(kind: SourceKind) -> None:
    check_function_timeout(source(kind), 840)
    check_function_timeout(source(SourceKind.SQS), 900)
    with pytest.raises(InvalidParameterValue, match="841"):
        check_function_timeout(source(kind), 841)
