"""What an event invoke config may hold, and how an update changes one (facts C1, C3)."""

import re
from dataclasses import dataclass, replace

from lambent.core.errors import InvalidParameterValue, ResourceNotFound
from lambent.core.event_invoke_config import EventInvokeConfig

_ARN = re.compile(r"arn:[^:]+:(?P<service>[^:]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<resource>.+)")
_TARGETS = {
    "sqs": re.compile(r"[\w-]{1,80}"),
    "sns": re.compile(r"[\w-]{1,256}"),
    "lambda": re.compile(r"function:[\w-]+(:(\$LATEST|[\w-]+))?"),
    "events": re.compile(r"event-bus/[\w./-]+"),
}
"""Standard queues and topics (no FIFO), functions, event buses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventInvokeEdit:
    """What Put and UpdateFunctionEventInvokeConfig are given; None: the member is absent, an empty destination: none."""

    maximum_retries: int | None = None
    maximum_age: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


def edited(config: EventInvokeConfig, edit: EventInvokeEdit, *, now: float) -> EventInvokeConfig:
    """The config with the members that are given. Raises InvalidParameterValue."""
    if edit == EventInvokeEdit():
        raise InvalidParameterValue("You must specify at least one of error handling or destination setting.")
    given = {name: getattr(edit, name) for name in EventInvokeEdit.__dataclass_fields__ if getattr(edit, name) is not None}
    _check_destinations(config, edit)
    for name in ("on_success", "on_failure"):
        if name in given:
            given[name] = given[name] or None
    return replace(config, last_modified=now, **given)


def no_event_invoke_config(arn: str) -> ResourceNotFound:
    """The answer for a qualifier without a config."""
    return ResourceNotFound(f"The function {arn} doesn't have an EventInvokeConfig")


def _check_destinations(config: EventInvokeConfig, edit: EventInvokeEdit) -> None:
    for target, allowed in ((edit.on_success, _TARGETS), (edit.on_failure, {**_TARGETS, "s3": re.compile(r"[\w.-]{3,63}")})):
        if not target:
            continue
        if target == config.key.arn or target.startswith(f"{config.key.arn}:"):
            raise InvalidParameterValue("You can't specify the function as a destination for itself.")
        match = _ARN.fullmatch(target)
        if match is None or match["service"] not in allowed or not allowed[match["service"]].fullmatch(match["resource"]):
            raise InvalidParameterValue(
                "The provided destination config DestinationConfig("
                f"onSuccess={_shown('OnSuccess', edit.on_success)}, onFailure={_shown('OnFailure', edit.on_failure)}) is invalid."
            )


def _shown(name: str, target: str | None) -> str:
    return "null" if target is None else f"{name}(destination={target})"
