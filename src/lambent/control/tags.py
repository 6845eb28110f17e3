"""Tags of functions: add, remove, read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambent.control.revisions import Revised, Revisions
from lambent.core.function import Function, FunctionKey
from lambent.core.function_states import refuse_while_updating
from lambent.core.ports import Chance, Store
from lambent.core.tag_rules import merged_tags


class TagControl:
    """Use cases on tags. Tags belong to the function as a whole, never to a version or alias (facts G5)."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._revisions = Revisions(store, chance)

    async def add(self, key: FunctionKey, tags: Mapping[str, str]) -> None:
        """Raises ResourceNotFound, ResourceConflict (an update is in progress), InvalidParameterValue."""

        async def change(function: Function) -> Revised:
            refuse_while_updating(function)
            return Revised(function=replace(function, tags=merged_tags(function.tags, tags)))

        await self._revisions.revise(key, change)

    async def remove(self, key: FunctionKey, names: Sequence[str]) -> None:
        """Names that are no tags are ignored. Raises ResourceNotFound."""

        async def change(function: Function) -> Revised:
            kept = {name: value for name, value in function.tags.items() if name not in names}
            return Revised(function=replace(function, tags=kept))

        await self._revisions.revise(key, change)

    async def list(self, key: FunctionKey) -> Mapping[str, str]:
        """Raises ResourceNotFound."""
        return (await self._revisions.load(key)).tags
