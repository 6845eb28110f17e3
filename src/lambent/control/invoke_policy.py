"""Who may invoke: callers of the own account unless the resource policy denies it, others only where it allows it (facts G6)."""

from lambent.core.addressing import denied_explicitly, not_authorized
from lambent.core.function import FunctionKey, Owner
from lambent.core.names import FunctionReference
from lambent.core.policy import Access, Decision, decide
from lambent.core.ports import Store
from lambent.core.resource_policy import ResourcePolicy, function_target

_REMEMBERED = 10_000
"""Functions whose policies are kept in memory."""

Place = tuple[str, str, str]


class InvokePolicy:
    """Policies stay in memory until the Store says they changed, so that an invocation does not wait for one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policies: dict[Place, dict[str | None, ResourcePolicy | None]] = {}
        self._generation = 0
        store.subscribe(self._forget)

    async def check(self, reference: FunctionReference, caller: Owner) -> None:
        """Raises AccessDenied. The policy that counts is that of exactly the qualifier as invoked."""
        key = reference.key
        policies = self._policies.get((key.owner.account, key.owner.region, key.name))
        if policies is None or reference.qualifier not in policies:
            policy = await self._load(reference)
        else:
            policy = policies[reference.qualifier]
        foreign = caller.account != key.owner.account
        if policy is None and not foreign:
            return
        decision = decide(policy, Access(account=caller.account, action="lambda:InvokeFunction", resource=reference.arn))
        if decision is Decision.DENIED:
            raise denied_explicitly(caller, action="InvokeFunction", arn=reference.arn)
        if foreign and decision is not Decision.ALLOWED:
            raise not_authorized(caller, action="InvokeFunction", arn=reference.arn)

    async def _load(self, reference: FunctionReference) -> ResourcePolicy | None:
        key = reference.key
        generation = self._generation
        policy = await self._store.policy(function_target(key, reference.qualifier))
        if generation == self._generation:
            if len(self._policies) >= _REMEMBERED:
                self._policies.clear()
            known = self._policies.setdefault((key.owner.account, key.owner.region, key.name), {})
            if len(known) >= _REMEMBERED:
                known.clear()
            known[reference.qualifier] = policy
        return policy

    def _forget(self, key: FunctionKey) -> None:
        self._generation += 1
        self._policies.pop((key.owner.account, key.owner.region, key.name), None)
