"""Operations on event invoke configs: from wire members to use cases and back."""

from collections.abc import Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.control.event_invoke import EventInvokeControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.event_invoke_rules import EventInvokeEdit
from lambent.core.names import FunctionReference


class EventInvokeHandlers:
    """PutFunctionEventInvokeConfig to ListFunctionEventInvokeConfigs."""

    def __init__(self, configs: EventInvokeControl) -> None:
        self._configs = configs

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "PutFunctionEventInvokeConfig": self.put,
            "UpdateFunctionEventInvokeConfig": self.update,
            "GetFunctionEventInvokeConfig": self.get,
            "DeleteFunctionEventInvokeConfig": self.delete,
            "ListFunctionEventInvokeConfigs": self.list,
        }

    async def put(self, call: Call, members: Members) -> Members:
        """Members that are left out lose their values."""
        return _config_members(await self._configs.put(_reference(call, members), _edit(members)))

    async def update(self, call: Call, members: Members) -> Members:
        """Members that are left out keep their values."""
        return _config_members(await self._configs.update(_reference(call, members), _edit(members)))

    async def get(self, call: Call, members: Members) -> Members:
        """The config of one qualifier."""
        return _config_members(await self._configs.get(_reference(call, members)))

    async def delete(self, call: Call, members: Members) -> Members:
        """204; 404 when there was none."""
        await self._configs.delete(_reference(call, members))
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """The configs of every qualifier."""
        key = whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
        found, marker = await self._configs.list(key, requested_page(members))
        return listed("FunctionEventInvokeConfigs", [_config_members(each) for each in found], marker)


def _config_members(config: EventInvokeConfig) -> dict[str, Any]:
    """The shape FunctionEventInvokeConfig."""
    members: dict[str, Any] = {"LastModified": config.last_modified, "FunctionArn": config.arn}
    if config.maximum_retries is not None:
        members["MaximumRetryAttempts"] = config.maximum_retries
    if config.maximum_age is not None:
        members["MaximumEventAgeInSeconds"] = config.maximum_age
    members["DestinationConfig"] = {"OnSuccess": _destination(config.on_success), "OnFailure": _destination(config.on_failure)}
    return members


def _destination(arn: str | None) -> dict[str, str]:
    return {} if arn is None else {"Destination": arn}


def _reference(call: Call, members: Members) -> FunctionReference:
    return local_function(members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members.get("Qualifier"))


def _edit(members: Members) -> EventInvokeEdit:
    """A destination that is given as `{}` is none."""
    destinations = members.get("DestinationConfig", {})
    given = {name: destinations[name].get("Destination", "") for name in ("OnSuccess", "OnFailure") if name in destinations}
    return EventInvokeEdit(
        maximum_retries=members.get("MaximumRetryAttempts"),
        maximum_age=members.get("MaximumEventAgeInSeconds"),
        on_success=given.get("OnSuccess"),
        on_failure=given.get("OnFailure"),
    )
