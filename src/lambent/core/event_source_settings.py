"""The settings of a mapping: what a caller gives, checked by the rules of the source and completed with its defaults."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_access import edited_access
from lambent.core.event_source_checks import check_settings, member
from lambent.core.event_source_mapping import EventSourceMapping
from lambent.core.event_source_rules import RULES

Settings = Mapping[str, Any]

_ABSENT_WHEN_EMPTY = (
    "FilterCriteria",
    "KMSKeyArn",
    "MetricsConfig",
    "LoggingConfig",
    "ScalingConfig",
    "ProvisionedPollerConfig",
    "SourceAccessConfigurations",
)
"""Given empty, they take away what was set before."""
_CONSUMER_CONFIG = {
    SourceKind.MSK: "AmazonManagedKafkaEventSourceConfig",
    SourceKind.KAFKA: "SelfManagedKafkaEventSourceConfig",
}
_PARTLY_GIVEN = (*_CONSUMER_CONFIG.values(), "DocumentDBEventSourceConfig")
_FIXED = ("ConsumerGroupId", "ConsumptionMode")
_QUEUE_MODE_REFUSES = ("StartingPosition", "StartingPositionTimestamp", "MaximumBatchingWindowInSeconds")


def new_settings(source: EventSource, given: Settings, *, uuid: str, now: float) -> dict[str, Any]:
    """The settings of a mapping that is being created. `uuid` is the mapping's own, `now` epoch seconds.

    Raises InvalidParameterValue for what the source does not take, for what it needs and was not given, and for values that
    it cannot have.
    """
    _refuse_unsupported(source, given)
    queue_mode = _is_queue_mode(source, given)
    needed = [name for name in RULES[source.kind].needs if not (queue_mode and name in _QUEUE_MODE_REFUSES)]
    for name in needed:
        if name not in given:
            raise _missing(name)
    for name in _QUEUE_MODE_REFUSES if queue_mode else ():
        if name in given:
            raise _unsupported(name)
    _check_position(source, given, now=now)
    settings = {**deepcopy(RULES[source.kind].defaults), **({"MaximumRetryAttempts": 0} if queue_mode else {}), **given}
    _complete_consumer(source, settings, uuid=uuid)
    return _finished(source, settings)


def edited_settings(mapping: EventSourceMapping, given: Settings) -> dict[str, Any]:
    """The settings after an update: members that are left out keep their values. Raises InvalidParameterValue."""
    source, before = mapping.source, mapping.settings
    _refuse_unsupported(source, given)
    settings = {**before, **given, **_merged_configs(before, given)}
    if _is_queue_mode(source, settings) and "MaximumBatchingWindowInSeconds" in given:
        raise _unsupported("MaximumBatchingWindowInSeconds")
    if "SourceAccessConfigurations" in given:
        settings["SourceAccessConfigurations"] = edited_access(
            before.get("SourceAccessConfigurations", ()), given["SourceAccessConfigurations"]
        )
    return _finished(source, settings)


def check_function_timeout(source: EventSource, timeout: int) -> None:
    """Raise InvalidParameterValue when the function may run longer than this source allows (facts D1). `timeout`: seconds."""
    longest = RULES[source.kind].longest_timeout
    if longest is not None and timeout > longest:
        raise InvalidParameterValue(
            f"Function timeout: {timeout} seconds is more than the {longest} seconds that this event source type allows"
        )


def _merged_configs(before: Settings, given: Settings) -> dict[str, Any]:
    """The objects of which an update may give a part; some parts are for good."""
    merged = {name: {**before[name], **given[name]} for name in _PARTLY_GIVEN if name in given}
    for name, config in merged.items():
        for fixed in _FIXED:
            if config.get(fixed) != before[name].get(fixed):
                raise InvalidParameterValue(f"{fixed} cannot be changed after the event source mapping is created.")
    return merged


def _refuse_unsupported(source: EventSource, given: Settings) -> None:
    for name in given:
        if name == "StartingPosition" and source.kind in (SourceKind.SQS, SourceKind.SQS_FIFO):
            raise InvalidParameterValue("StartingPosition is not valid for SQS event sources.")
        if name not in RULES[source.kind].takes:
            raise _unsupported(name)


def _check_position(source: EventSource, given: Settings, *, now: float) -> None:
    position, timestamp = given.get("StartingPosition"), given.get("StartingPositionTimestamp")
    if position is not None and position not in RULES[source.kind].positions:
        raise InvalidParameterValue(f"Unsupported starting position for arn type: {source.arn}")
    if position == "AT_TIMESTAMP" and timestamp is None:
        raise InvalidParameterValue("Need to specify a timestamp")
    if position != "AT_TIMESTAMP" and timestamp is not None:
        raise InvalidParameterValue("StartingPositionTimestamp is only valid if StartingPosition is set to AT_TIMESTAMP")
    if timestamp is not None and timestamp > now:
        raise InvalidParameterValue("StartingPositionTimestamp cannot be in the future")


def _complete_consumer(source: EventSource, settings: dict[str, Any], *, uuid: str) -> None:
    """A mapping on Kafka that names no consumer group has its own; DocumentDB sends what changed, unless asked for more."""
    consumer = _CONSUMER_CONFIG.get(source.kind)
    if consumer is not None:
        settings[consumer] = {"ConsumerGroupId": uuid, **settings.get(consumer, {})}
    if source.kind is SourceKind.DOCUMENTDB:
        settings["DocumentDBEventSourceConfig"] = {"FullDocument": "Default", **settings["DocumentDBEventSourceConfig"]}


def _finished(source: EventSource, settings: dict[str, Any]) -> dict[str, Any]:
    """Tidy, complete and check."""
    for name in _ABSENT_WHEN_EMPTY:
        value = settings.get(name)
        if not value or (isinstance(value, dict) and not any(value.values())):
            settings.pop(name, None)
    pollers = RULES[source.kind].pollers
    if pollers is not None and "ProvisionedPollerConfig" in settings:
        whole = {"MinimumPollers": pollers.fewest, "MaximumPollers": 200}
        settings["ProvisionedPollerConfig"] = {**whole, **settings["ProvisionedPollerConfig"]}
    check_settings(source, settings)
    if "DestinationConfig" in settings:
        target = settings["DestinationConfig"].get("OnFailure", {}).get("Destination")
        settings["DestinationConfig"] = {"OnFailure": {"Destination": target} if target else {}}
    return settings


def _is_queue_mode(source: EventSource, settings: Settings) -> bool:
    config: Settings = settings.get(_CONSUMER_CONFIG.get(source.kind, ""), {})
    return config.get("ConsumptionMode") == "Queue"


def _unsupported(name: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Unsupported '{member(name)}' parameter for given event source mapping type.")


def _missing(name: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"1 validation error detected: Value null at '{member(name)}' failed to satisfy constraint: Member must not be null."
    )
