"""Values that the settings of a mapping can have, alone and together; what the service model bounds is not checked again."""

import re
from collections.abc import Mapping
from typing import Any

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_filter import check_filters
from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_access import check_access
from lambent.core.event_source_rules import RULES, PollerRange

Settings = Mapping[str, Any]

_QUEUES = (SourceKind.SQS, SourceKind.SQS_FIFO)
_UNBATCHED = 10
"""Messages of SQS that one batch may have without a window."""
_FOREVER = -1
_SHORTEST_AGE = 60
_ON_FAILURE = re.compile(
    r"kafka://[^.][\w.-]{0,248}|arn:aws[\w-]*:(sqs:[\w-]+:\d{12}:[\w-]{1,80}|sns:[\w-]+:\d{12}:[\w-]{1,256}|s3:::[\w.-]{3,63})"
)
"""Standard queues, standard topics, buckets and topics of Kafka (facts D4, D5)."""


def check_settings(source: EventSource, settings: Settings) -> None:
    """Raise InvalidParameterValue, in AWS's words where they are known."""
    rules = RULES[source.kind]
    check_filters([each.get("Pattern") for each in settings.get("FilterCriteria", {}).get("Filters", ())])
    if source.kind in _QUEUES:
        _check_queue(source.kind, settings)
    _check_retries(settings)
    _check_windows(settings)
    _check_destination(settings.get("DestinationConfig", {}))
    check_access(rules, settings.get("SourceAccessConfigurations", ()))
    for metric in settings.get("MetricsConfig", {}).get("Metrics", ()):
        if metric not in rules.metrics:
            raise InvalidParameterValue(f"Unsupported metric '{metric}' for given event source mapping type.")
    if rules.pollers is not None:
        _check_pollers(rules.pollers, settings)
    if source.kind is SourceKind.DOCUMENTDB and "DatabaseName" not in settings["DocumentDBEventSourceConfig"]:
        raise InvalidParameterValue(
            "1 validation error detected: Value null at 'documentDBEventSourceConfig.databaseName' failed to satisfy constraint: "
            "Member must not be null."
        )


def member(name: str) -> str:
    """A member as AWS's messages write it: `BatchSize` is `batchSize`."""
    return name[0].lower() + name[1:]


def _check_queue(kind: SourceKind, settings: Settings) -> None:
    window = settings["MaximumBatchingWindowInSeconds"]
    if kind is SourceKind.SQS_FIFO and window > 0:
        raise InvalidParameterValue("Batching window is not supported for FIFO queues")
    if settings["BatchSize"] > _UNBATCHED and window == 0:
        raise InvalidParameterValue(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if "ScalingConfig" in settings and "ProvisionedPollerConfig" in settings:
        raise InvalidParameterValue("ScalingConfig and ProvisionedPollerConfig cannot be specified together.")


def _check_retries(settings: Settings) -> None:
    age = settings.get("MaximumRecordAgeInSeconds", _FOREVER)
    if age != _FOREVER and age < _SHORTEST_AGE:
        raise InvalidParameterValue("MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)")
    queue_mode = settings.get("SelfManagedKafkaEventSourceConfig", {}).get("ConsumptionMode") == "Queue"
    if queue_mode and settings["MaximumRetryAttempts"] == _FOREVER:
        raise InvalidParameterValue("MaximumRetryAttempts cannot be -1 when ConsumptionMode is Queue.")


def _check_windows(settings: Settings) -> None:
    if settings.get("TumblingWindowInSeconds", 0) > 0 and settings.get("ParallelizationFactor", 1) > 1:
        raise InvalidParameterValue("ParallelizationFactor must be 1 when TumblingWindowInSeconds is greater than 0.")


def _check_destination(given: Settings) -> None:
    success = given.get("OnSuccess", {}).get("Destination")
    failure = given.get("OnFailure", {}).get("Destination")
    if success or (failure and not _ON_FAILURE.fullmatch(failure)):
        shown = [
            f"{name}(destination={target})" if target else "null"
            for name, target in (("OnSuccess", success), ("OnFailure", failure))
        ]
        raise InvalidParameterValue(
            f"The provided destination config DestinationConfig(onSuccess={shown[0]}, onFailure={shown[1]}) is invalid."
        )


def _check_pollers(allowed: PollerRange, settings: Settings) -> None:
    config = settings.get("ProvisionedPollerConfig")
    if config is None:
        consumer = settings.get("AmazonManagedKafkaEventSourceConfig") or settings.get("SelfManagedKafkaEventSourceConfig") or {}
        if "SchemaRegistryConfig" in consumer:
            raise InvalidParameterValue("SchemaRegistryConfig is only available with ProvisionedPollerConfig.")
        return
    fewest, most = config["MinimumPollers"], config["MaximumPollers"]
    if not allowed.fewest <= fewest or not allowed.fewest <= most <= allowed.most:
        raise InvalidParameterValue(
            f"MinimumPollers and MaximumPollers must be at least {allowed.fewest}, and MaximumPollers at most {allowed.most}."
        )
    if fewest > most:
        raise InvalidParameterValue("MinimumPollers must be less than or equal to MaximumPollers.")
    if "PollerGroupName" in config and not allowed.named:
        raise InvalidParameterValue("Unsupported 'pollerGroupName' parameter for given event source mapping type.")
