"""Settings beside a function's configuration: how its runtime is updated, and what becomes of recursive loops."""

from dataclasses import replace
from typing import Any

from lambent.control.revisions import Revised, Revisions
from lambent.core.errors import InvalidParameterValue, ResourceConflict
from lambent.core.function import LATEST, Function, FunctionKey, FunctionVersion, RecursiveLoop, RuntimeUpdate
from lambent.core.function_states import refuse_while_updating
from lambent.core.names import FunctionReference, is_version_number
from lambent.core.ports import Chance, StaleWrite, Store

_ATTEMPTS = 10


class FunctionSettingsControl:
    """Use cases on runtime management (per version) and recursion (per function)."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance
        self._revisions = Revisions(store, chance)

    async def put_runtime_management(
        self, reference: FunctionReference, update_on: RuntimeUpdate, runtime_version_arn: str | None
    ) -> FunctionVersion:
        """Of `$LATEST` or one published version; versions published later start with what `$LATEST` has.

        Raises ResourceNotFound, InvalidParameterValue (alias; a runtime version if and only if Manual), ResourceConflict.
        """
        _refuse_alias(reference)
        if (update_on is RuntimeUpdate.MANUAL) is (runtime_version_arn is None):
            raise InvalidParameterValue("RuntimeVersionArn must be specified if, and only if, UpdateRuntimeOn is Manual.")
        found = await self._revisions.find(reference)
        wanted: dict[str, Any] = {"update_runtime_on": update_on, "runtime_version_arn": runtime_version_arn}
        if found.version.version != LATEST:
            return await self._put_published(reference, wanted)

        async def change(function: Function) -> Revised:
            refuse_while_updating(function)
            return Revised(function=replace(function, latest=replace(function.latest, **wanted)))

        return (await self._revisions.revise(reference.key, change)).latest

    async def get_runtime_management(self, reference: FunctionReference) -> FunctionVersion:
        """Raises ResourceNotFound, InvalidParameterValue (alias)."""
        _refuse_alias(reference)
        return (await self._revisions.find(reference)).version

    async def put_recursion(self, key: FunctionKey, loop: RecursiveLoop) -> None:
        """Raises ResourceNotFound, ResourceConflict."""

        async def change(function: Function) -> Revised:
            return Revised(function=replace(function, recursive_loop=loop))

        await self._revisions.revise(key, change)

    async def get_recursion(self, key: FunctionKey) -> RecursiveLoop:
        """Raises ResourceNotFound."""
        return (await self._revisions.load(key)).recursive_loop

    async def _put_published(self, reference: FunctionReference, wanted: dict[str, Any]) -> FunctionVersion:
        for _ in range(_ATTEMPTS):
            version = (await self._revisions.find(reference)).version
            changed = replace(version, revision_id=self._chance.uuid(), **wanted)
            try:
                await self._store.replace_version(changed, expected_revision=version.revision_id)
            except StaleWrite:
                continue
            return changed
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {reference.arn}"
        )


def _refuse_alias(reference: FunctionReference) -> None:
    qualifier = reference.qualifier
    if qualifier not in (None, LATEST) and not is_version_number(str(qualifier)):
        raise InvalidParameterValue("This operation does not take aliases. Specify $LATEST or a published version.")
