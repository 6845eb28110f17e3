"""Settings of mappings for the tests of rules: the least that each source is content with, and what it shows then."""

from dataclasses import replace
from typing import Any

from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_settings import edited_settings, new_settings
from tests.contract.stored_values import mapping

NOW = 1_700_000_000.0
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"
LATEST = {"StartingPosition": "LATEST"}
TOPIC = {**LATEST, "Topics": ["t"]}
BASIC = {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}]}
HOST = {"Type": "VIRTUAL_HOST", "URI": "/"}
DATABASE = {**LATEST, **BASIC, "DocumentDBEventSourceConfig": {"DatabaseName": "db"}}
ENOUGH: dict[SourceKind, dict[str, Any]] = {
    SourceKind.SQS: {},
    SourceKind.SQS_FIFO: {},
    SourceKind.KINESIS: LATEST,
    SourceKind.DYNAMODB: LATEST,
    SourceKind.MSK: TOPIC,
    SourceKind.KAFKA: TOPIC,
    SourceKind.MQ: {**BASIC, "Queues": ["q"]},
    SourceKind.DOCUMENTDB: DATABASE,
}
"""The least that each source is content with."""
QUEUE = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
RETRIES = {
    "BatchSize": 100,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
}
STREAM = {
    **RETRIES,
    **LATEST,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}
SHOWN: dict[SourceKind, dict[str, Any]] = {
    SourceKind.SQS: QUEUE,
    SourceKind.SQS_FIFO: QUEUE,
    SourceKind.KINESIS: STREAM,
    SourceKind.DYNAMODB: STREAM,
    SourceKind.MSK: {**RETRIES, **TOPIC, "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "uuid"}},
    SourceKind.KAFKA: {**RETRIES, **TOPIC, "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "uuid"}},
    SourceKind.MQ: {**BASIC, "Queues": ["q"], "BatchSize": 100},
    SourceKind.DOCUMENTDB: {
        **DATABASE,
        "BatchSize": 100,
        "DocumentDBEventSourceConfig": {"DatabaseName": "db", "FullDocument": "Default"},
    },
}
QUEUE_MODE = {"Topics": ["t"], "SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}}
ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:dead"}}}


def source(kind: SourceKind) -> EventSource:
    if kind is SourceKind.KAFKA:
        return EventSource(kind=kind, servers=("a.example:9092",))
    return EventSource(kind=kind, arn=f"arn:{kind.value}")


def made(kind: SourceKind, **given: Any) -> dict[str, Any]:
    return new_settings(source(kind), {**ENOUGH[kind], **given}, uuid="uuid", now=NOW)


def edited(before: dict[str, Any], kind: SourceKind, **given: Any) -> dict[str, Any]:
    return edited_settings(replace(mapping(settings=before), source=source(kind)), given)
