"""Resource policies of functions, versions, aliases and layer versions: grant, withdraw, put whole, read, delete."""

from collections.abc import Awaitable, Callable

from lambent.control.revisions import Revisions, check_revision
from lambent.core.errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from lambent.core.function import LATEST
from lambent.core.layer import LayerKey
from lambent.core.names import FunctionReference
from lambent.core.policy_rules import Grant, policy_of_document, statement_of, with_statement, without_statement
from lambent.core.ports import Chance, StaleWrite, Store
from lambent.core.resource_policy import PolicyTarget, ResourcePolicy, Statement, function_target, layer_target

_ATTEMPTS = 10
_NO_POLICY = "The resource you requested does not exist."
_NOT_ASSOCIATED = "No policy is associated with the given resource."

Change = Callable[[ResourcePolicy | None], ResourcePolicy]
"""What a policy becomes; without statements it is deleted. Raises LambdaError to refuse."""


class PolicyControl:
    """Use cases on resource policies. Each qualifier has a document of its own, with a RevisionId of its own."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance
        self._revisions = Revisions(store, chance)

    async def function(self, reference: FunctionReference) -> PolicyTarget:
        """The function, version or alias. Raises ResourceNotFound."""
        await self._revisions.find(reference)
        return function_target(reference.key, reference.qualifier)

    async def writable_function(self, reference: FunctionReference) -> PolicyTarget:
        """As `function`. Raises InvalidParameterValue for `$LATEST`, which has no policy of its own (facts G6)."""
        if reference.qualifier == LATEST:
            raise InvalidParameterValue("We currently do not support adding policies for $LATEST.")
        return await self.function(reference)

    async def layer(self, key: LayerKey, version: int) -> PolicyTarget:
        """A layer version. Raises ResourceNotFound."""
        if await self._store.layer_version(key, version) is None:
            raise ResourceNotFound(f"Layer version {key.version_arn(version)} does not exist.")
        return layer_target(key, version)

    async def add(self, target: PolicyTarget, grant: Grant, *, revision_id: str | None) -> tuple[Statement, ResourcePolicy]:
        """The new statement and the policy that it is in.

        Raises ResourceConflict (its id is taken), PolicyLengthExceeded, PreconditionFailed, InvalidParameterValue.
        """
        statement = statement_of(grant, target)
        blank = ResourcePolicy(target=target, revision_id="", statements=())

        def change(policy: ResourcePolicy | None) -> ResourcePolicy:
            return with_statement(policy or blank, statement, revision_id=self._chance.uuid())

        return statement, await self._change(target, change, revision_id)

    async def remove(self, target: PolicyTarget, statement_id: str, *, revision_id: str | None) -> None:
        """The last statement takes the policy with it. Raises ResourceNotFound, PreconditionFailed."""

        def change(policy: ResourcePolicy | None) -> ResourcePolicy:
            if policy is None:
                raise ResourceNotFound(_NOT_ASSOCIATED)
            return without_statement(policy, statement_id, revision_id=self._chance.uuid())

        await self._change(target, change, revision_id)

    async def put(self, target: PolicyTarget, document: str, *, revision_id: str | None) -> ResourcePolicy:
        """Replaces every statement. Raises InvalidParameterValue, PolicyLengthExceeded, PreconditionFailed."""
        policy = policy_of_document(document, target, revision_id=self._chance.uuid())
        return await self._change(target, lambda _: policy, revision_id)

    async def get(self, target: PolicyTarget) -> ResourcePolicy:
        """Raises ResourceNotFound."""
        policy = await self._store.policy(target)
        if policy is None:
            raise ResourceNotFound(_NOT_ASSOCIATED if target.kind == "layer" else _NO_POLICY)
        return policy

    async def delete(self, target: PolicyTarget, *, revision_id: str | None) -> None:
        """Raises ResourceNotFound, PreconditionFailed."""

        def change(policy: ResourcePolicy | None) -> ResourcePolicy:
            if policy is None:
                raise ResourceNotFound(_NO_POLICY)
            return ResourcePolicy(target=target, revision_id=policy.revision_id, statements=())

        await self._change(target, change, revision_id)

    async def _change(self, target: PolicyTarget, change: Change, revision_id: str | None) -> ResourcePolicy:
        """Apply `change` to the freshest policy. `revision_id` is the caller's."""
        for _ in range(_ATTEMPTS):
            stored = await self._store.policy(target)
            policy = change(stored)
            check_revision("" if stored is None else stored.revision_id, revision_id, get="GetPolicy")
            try:
                await self._write(stored, policy)
            except StaleWrite:
                continue
            return policy
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {target.arn}"
        )

    def _write(self, stored: ResourcePolicy | None, policy: ResourcePolicy) -> Awaitable[None]:
        if stored is not None and not policy.statements:
            return self._store.delete_policy(policy.target, expected_revision=stored.revision_id)
        return self._store.put_policy(policy, expected_revision=None if stored is None else stored.revision_id)
