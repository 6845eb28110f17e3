"""Operations on provisioned concurrency: from wire members to use cases and back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.control.provisioned_concurrency import Provisioned, ProvisionedConcurrencyControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.names import FunctionReference
from lambent.core.provisioned_concurrency import AllocationStatus


class ProvisionedConcurrencyHandlers:
    """PutProvisionedConcurrencyConfig to ListProvisionedConcurrencyConfigs."""

    def __init__(self, provisioned: ProvisionedConcurrencyControl) -> None:
        self._provisioned = provisioned

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "PutProvisionedConcurrencyConfig": self.put,
            "GetProvisionedConcurrencyConfig": self.get,
            "DeleteProvisionedConcurrencyConfig": self.delete,
            "ListProvisionedConcurrencyConfigs": self.list,
        }

    async def put(self, call: Call, members: Members) -> Members:
        """202: the allocation begins now, whatever is there already (facts F3)."""
        reference = _reference(call, members)
        shown = _members(await self._provisioned.put(reference, members["ProvisionedConcurrentExecutions"]))
        shown.pop("StatusReason", None)
        return {**shown, "Status": AllocationStatus.IN_PROGRESS.value}

    async def get(self, call: Call, members: Members) -> Members:
        """The config of one qualifier, and how far it has come."""
        return _members(await self._provisioned.get(_reference(call, members)))

    async def delete(self, call: Call, members: Members) -> Members:
        """204, also when there was none."""
        await self._provisioned.delete(_reference(call, members))
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """The configs of every qualifier."""
        key = whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
        found, marker = await self._provisioned.list(key, requested_page(members))
        items = [{"FunctionArn": each[0].arn, **_members(each)} for each in found]
        return listed("ProvisionedConcurrencyConfigs", items, marker)


def _members(provisioned: Provisioned) -> dict[str, Any]:
    """The members that all three replies share. What is allocated is initialised, so it is available too."""
    config, allocation = provisioned
    members = {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": allocation.allocated,
        "AllocatedProvisionedConcurrentExecutions": allocation.allocated,
        "Status": allocation.status.value,
        "LastModified": _timestamp(config.last_modified),
    }
    return members if allocation.reason is None else {**members, "StatusReason": allocation.reason}


def _timestamp(epoch: float) -> str:
    """Epoch seconds as `2023-01-21T11:30:00+0000`: whole seconds, unlike those of functions (facts F3)."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S}+0000"


def _reference(call: Call, members: Members) -> FunctionReference:
    return local_function(members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members["Qualifier"])
