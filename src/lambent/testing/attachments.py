"""The part of the fake Store that keeps policies and configs of qualifiers in dictionaries."""

from collections.abc import Callable, Sequence

from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import FunctionKey
from lambent.core.function_url import FunctionUrl
from lambent.core.layer import LayerKey
from lambent.core.ports import StaleWrite
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import PolicyKind, PolicyTarget, ResourcePolicy


class FakeAttachments:
    """What hangs on functions, qualifiers and layer versions; `exists` says whether a target is there."""

    def __init__(self, exists: Callable[[PolicyTarget], bool], changed: Callable[[FunctionKey], None]) -> None:
        self._exists = exists
        self._tell = changed
        self._policies: dict[PolicyTarget, ResourcePolicy] = {}
        self._urls: dict[FunctionKey, dict[str, FunctionUrl]] = {}
        self._event_invoke: dict[FunctionKey, dict[str, EventInvokeConfig]] = {}
        self._provisioned: dict[FunctionKey, dict[str, ProvisionedConcurrencyConfig]] = {}

    async def event_invoke_config(self, key: FunctionKey, qualifier: str) -> EventInvokeConfig | None:
        return self._event_invoke.get(key, {}).get(qualifier)

    async def event_invoke_configs(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[EventInvokeConfig]:
        stored = self._event_invoke.get(key, {})
        return [stored[qualifier] for qualifier in sorted(stored) if qualifier > (after or "")][:limit]

    async def put_event_invoke_config(self, config: EventInvokeConfig) -> None:
        key = config.key
        target = PolicyTarget(kind=PolicyKind.FUNCTION, owner=key.owner, name=key.name, qualifier=config.qualifier)
        if not self._exists(target):
            raise StaleWrite(config.arn)
        self._event_invoke.setdefault(key, {})[config.qualifier] = config
        self._tell(key)

    async def delete_event_invoke_config(self, key: FunctionKey, qualifier: str) -> bool:
        if self._event_invoke.get(key, {}).pop(qualifier, None) is None:
            return False
        self._tell(key)
        return True

    async def function_url(self, key: FunctionKey, qualifier: str) -> FunctionUrl | None:
        return self._urls.get(key, {}).get(qualifier)

    async def function_urls(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[FunctionUrl]:
        stored = self._urls.get(key, {})
        return [stored[qualifier] for qualifier in sorted(stored) if after is None or qualifier > after][:limit]

    async def put_function_url(self, url: FunctionUrl) -> None:
        key = url.key
        if not self._exists(PolicyTarget(kind=PolicyKind.FUNCTION, owner=key.owner, name=key.name, qualifier=url.qualifier)):
            raise StaleWrite(url.arn)
        self._urls.setdefault(key, {})[url.qualifier] = url
        self._tell(key)

    async def delete_function_url(self, key: FunctionKey, qualifier: str) -> bool:
        if self._urls.get(key, {}).pop(qualifier, None) is None:
            return False
        self._tell(key)
        return True

    async def provisioned_concurrency(self, key: FunctionKey) -> Sequence[ProvisionedConcurrencyConfig]:
        stored = self._provisioned.get(key, {})
        return [stored[qualifier] for qualifier in sorted(stored)]

    async def put_provisioned_concurrency(self, config: ProvisionedConcurrencyConfig) -> None:
        key = config.key
        target = PolicyTarget(kind=PolicyKind.FUNCTION, owner=key.owner, name=key.name, qualifier=config.qualifier)
        if not self._exists(target):
            raise StaleWrite(config.arn)
        self._provisioned.setdefault(key, {})[config.qualifier] = config
        self._tell(key)

    async def delete_provisioned_concurrency(self, key: FunctionKey, qualifier: str) -> bool:
        if self._provisioned.get(key, {}).pop(qualifier, None) is None:
            return False
        self._tell(key)
        return True

    async def provisioned_functions(self) -> Sequence[FunctionKey]:
        found = [key for key, stored in self._provisioned.items() if stored]
        return sorted(found, key=lambda key: (key.owner.account, key.owner.region, key.name))

    def provisioned_total(self, key: FunctionKey) -> int:
        """Environments asked for, all qualifiers of a function together."""
        return sum(each.requested for each in self._provisioned.get(key, {}).values())

    async def policy(self, target: PolicyTarget) -> ResourcePolicy | None:
        return self._policies.get(target)

    async def put_policy(self, policy: ResourcePolicy, *, expected_revision: str | None) -> None:
        self._expect(policy.target, expected_revision)
        self._policies[policy.target] = policy
        self._policy_changed(policy.target)

    async def delete_policy(self, target: PolicyTarget, *, expected_revision: str) -> None:
        self._expect(target, expected_revision)
        del self._policies[target]
        self._policy_changed(target)

    def drop(self, key: FunctionKey, qualifier: str | None = None) -> None:
        """Forget what hangs on a function that is gone, or on one qualifier of it."""
        for target in [each for each in self._policies if (each.owner, each.name) == (key.owner, key.name)]:
            if target.kind is PolicyKind.FUNCTION and qualifier in (None, target.qualifier):
                del self._policies[target]
        if qualifier is None:
            self._event_invoke.pop(key, None)
            self._provisioned.pop(key, None)
            self._urls.pop(key, None)
        else:
            self._event_invoke.get(key, {}).pop(qualifier, None)
            self._provisioned.get(key, {}).pop(qualifier, None)
            self._urls.get(key, {}).pop(qualifier, None)

    def drop_layer_version(self, key: LayerKey, version: int) -> None:
        """Forget the policy of a layer version that is gone."""
        target = PolicyTarget(kind=PolicyKind.LAYER, owner=key.owner, name=key.name, qualifier=str(version))
        self._policies.pop(target, None)

    def _expect(self, target: PolicyTarget, revision: str | None) -> None:
        stored = self._policies.get(target)
        if not self._exists(target) or (None if stored is None else stored.revision_id) != revision:
            raise StaleWrite(target.arn)

    def _policy_changed(self, target: PolicyTarget) -> None:
        if target.kind is PolicyKind.FUNCTION:
            self._tell(FunctionKey(owner=target.owner, name=target.name))
