"""What a source needs, what it does not take, and values that it cannot have, each refused in words (facts D1 to D6)."""

from typing import Any

import pytest

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_source import SourceKind
from lambent.core.event_source_settings import new_settings
from tests.unit.mapping_rules.sources import BASIC, ENOUGH, HOST, LATEST, NOW, ON_FAILURE, SECRET, edited, made, source


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in SourceKind for name in ENOUGH[kind]])
def test_what_a_source_needs_must_be_given(kind: SourceKind, name: str) -> None:
    given = {key: value for key, value in ENOUGH[kind].items() if key != name}
    with pytest.raises(InvalidParameterValue) as refusal:
        new_settings(source(kind), given, uuid="uuid", now=NOW)
    member = name[0].lower() + name[1:]
    assert refusal.value.message == (
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null."
    )


FOREIGN = [
    (SourceKind.SQS, {"ParallelizationFactor": 2}),
    (SourceKind.SQS, {"Topics": ["t"]}),
    (SourceKind.SQS, {"LoggingConfig": {"SystemLogLevel": "INFO"}}),
    (SourceKind.SQS, ON_FAILURE),
    (SourceKind.SQS_FIFO, {"MaximumRetryAttempts": 1}),
    (SourceKind.KINESIS, {"ScalingConfig": {"MaximumConcurrency": 2}}),
    (SourceKind.KINESIS, {"ProvisionedPollerConfig": {"MinimumPollers": 1}}),
    (SourceKind.DYNAMODB, {"Queues": ["q"]}),
    (SourceKind.MSK, {"TumblingWindowInSeconds": 1}),
    (SourceKind.MSK, {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}}),
    (SourceKind.KAFKA, {"AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}}),
    (SourceKind.MQ, {"StartingPosition": "LATEST"}),
    (SourceKind.MQ, {"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
    (SourceKind.DOCUMENTDB, {"FilterCriteria": {"Filters": []}}),
]


@pytest.mark.parametrize(("kind", "given"), FOREIGN)
def test_what_a_source_does_not_take_is_refused_in_lambdas_words(kind: SourceKind, given: dict[str, Any]) -> None:
    [name] = given
    words = f"Unsupported '{name[0].lower() + name[1:]}' parameter for given event source mapping type."
    for refused in (lambda: made(kind, **given), lambda: edited(made(kind), kind, **given)):
        with pytest.raises(InvalidParameterValue) as refusal:
            refused()
        assert refusal.value.message == words


REFUSED: list[tuple[SourceKind, dict[str, Any], str]] = [
    (SourceKind.SQS, LATEST, "StartingPosition is not valid for SQS event sources."),
    (
        SourceKind.SQS,
        {"BatchSize": 11},
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    ),
    (SourceKind.SQS_FIFO, {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
    (
        SourceKind.SQS_FIFO,
        {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 5},
        "Batching window is not supported for FIFO queues",
    ),
    (
        SourceKind.SQS,
        {"ScalingConfig": {"MaximumConcurrency": 2}, "ProvisionedPollerConfig": {"MinimumPollers": 2}},
        "together",
    ),
    (SourceKind.SQS, {"ProvisionedPollerConfig": {"MinimumPollers": 1}}, "at least 2"),
    (SourceKind.SQS, {"ProvisionedPollerConfig": {"MinimumPollers": 5, "MaximumPollers": 4}}, "less than or equal"),
    (SourceKind.SQS, {"ProvisionedPollerConfig": {"MinimumPollers": 5, "PollerGroupName": "g"}}, "pollerGroupName"),
    (SourceKind.MSK, {"ProvisionedPollerConfig": {"MaximumPollers": 2001}}, "at most 2000"),
    (SourceKind.SQS, {"MetricsConfig": {"Metrics": ["ErrorCount"]}}, "Unsupported metric 'ErrorCount'"),
    (SourceKind.SQS, {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern definition."),
    (SourceKind.SQS, {"FilterCriteria": {"Filters": [{}]}}, "Invalid filter pattern definition."),
    (SourceKind.KINESIS, {"StartingPosition": "AT_TIMESTAMP"}, "Need to specify a timestamp"),
    (SourceKind.KINESIS, {"StartingPositionTimestamp": 1.0}, "only valid if StartingPosition is set to AT_TIMESTAMP"),
    (
        SourceKind.KINESIS,
        {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": NOW + 1},
        "StartingPositionTimestamp cannot be in the future",
    ),
    (
        SourceKind.DYNAMODB,
        {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1.0},
        "Unsupported starting position for arn type: arn:dynamodb",
    ),
    *(
        (
            kind,
            {"MaximumRecordAgeInSeconds": age},
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
        )
        for kind in (SourceKind.KINESIS, SourceKind.MSK)
        for age in (0, 59)
    ),
    (SourceKind.KINESIS, {"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2}, "ParallelizationFactor must be 1"),
    *(
        (
            SourceKind.KINESIS,
            {"DestinationConfig": {"OnFailure": {"Destination": target}}},
            f"(destination={target})) is invalid.",
        )
        for target in (
            "arn:aws:sqs:us-east-1:000000000000:q.fifo",
            "arn:aws:lambda:us-east-1:000000000000:function:hello",
            "arn:aws:events:us-east-1:000000000000:event-bus/b",
        )
    ),
    (
        SourceKind.KINESIS,
        {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}},
        "DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:sqs:us-east-1:000000000000:q), onFailure=null) is invalid.",
    ),
    (SourceKind.MQ, {"SourceAccessConfigurations": [HOST]}, "BASIC_AUTH"),
    (SourceKind.MQ, {"SourceAccessConfigurations": [*BASIC["SourceAccessConfigurations"], HOST, HOST]}, "VIRTUAL_HOST"),
    (SourceKind.MQ, {"SourceAccessConfigurations": []}, "BASIC_AUTH"),
    (SourceKind.MQ, {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH"}]}, "URI"),
    (SourceKind.DOCUMENTDB, {"SourceAccessConfigurations": [HOST]}, "Unsupported source access configuration type"),
    (SourceKind.MSK, {"SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:s"}]}, "Unsupported source access"),
    (SourceKind.KAFKA, {"SourceAccessConfigurations": [{"Type": "IAM_AUTH", "URI": "x"}]}, "URI"),
    (SourceKind.KAFKA, {"SourceAccessConfigurations": [{"Type": "OAUTHBEARER_SCOPE", "URI": "x"}]}, "requires OAUTHBEARER_AUTH"),
    (SourceKind.KAFKA, {"SourceAccessConfigurations": [{"Type": "IAM_OAUTHBEARER_AUTH"}]}, "requires OAUTHBEARER_AUDIENCE"),
    (
        SourceKind.KAFKA,
        {
            "SourceAccessConfigurations": [
                {"Type": "IAM_OAUTHBEARER_AUTH"},
                {"Type": "OAUTHBEARER_AUDIENCE", "URI": "a"},
                {"Type": "OAUTHBEARER_AUTH", "URI": SECRET},
            ]
        },
        "cannot be specified with OAUTHBEARER_AUTH",
    ),
    (
        SourceKind.MSK,
        {"AmazonManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {"EventRecordFormat": "JSON"}}},
        "ProvisionedPollerConfig",
    ),
    (SourceKind.DOCUMENTDB, {"DocumentDBEventSourceConfig": {}}, "'documentDBEventSourceConfig.databaseName'"),
]


@pytest.mark.parametrize(("kind", "given", "words"), REFUSED)
def test_values_that_cannot_be_are_refused(kind: SourceKind, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        made(kind, **given)
    assert words in refusal.value.message
