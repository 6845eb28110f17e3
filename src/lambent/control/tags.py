"""Tags, whatever carries them: each kind of resource that can be tagged is one `Taggable`, found by its word in the ARN."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from lambent.control.revisions import Revised, Revisions
from lambent.core.addressing import local_function
from lambent.core.errors import InvalidParameterValue, ResourceNotFound
from lambent.core.function import Function, FunctionKey, Owner
from lambent.core.function_states import refuse_while_updating
from lambent.core.ports import Chance, Store
from lambent.core.tag_rules import TagEdit


class Taggable(Protocol):
    """One kind of resource that has tags. `arn` is as the caller wrote it, in the form that the service model allows."""

    async def tags(self, arn: str, *, caller: Owner) -> Mapping[str, str]:
        """Raises ResourceNotFound, AccessDenied (another account's), InvalidParameterValue (not this resource as a whole)."""

    async def edit_tags(self, arn: str, edit: TagEdit, *, caller: Owner) -> None:
        """Raises as `tags`, what `edit.applied` raises, and ResourceConflict."""


class TagControl:
    """Use cases on tags. `kinds` are by the word after the account in an ARN, such as `function`."""

    def __init__(self, kinds: Mapping[str, Taggable]) -> None:
        self._kinds = kinds

    async def add(self, arn: str, tags: Mapping[str, str], *, caller: Owner) -> None:
        """Raises as the kind's `edit_tags`."""
        await self._kind(arn).edit_tags(arn, TagEdit(added=tags), caller=caller)

    async def remove(self, arn: str, names: Sequence[str], *, caller: Owner) -> None:
        """Names that are no tags are ignored. Raises as the kind's `edit_tags`."""
        await self._kind(arn).edit_tags(arn, TagEdit(removed=names), caller=caller)

    async def list(self, arn: str, *, caller: Owner) -> Mapping[str, str]:
        """Raises as the kind's `tags`."""
        return await self._kind(arn).tags(arn, caller=caller)

    def _kind(self, arn: str) -> Taggable:
        word = arn.split(":")[5]
        if word not in self._kinds:
            raise ResourceNotFound(f"The resource you requested does not exist: {arn}")
        return self._kinds[word]


class FunctionTags:
    """Tags of functions: they belong to the function as a whole, never to a version or alias (facts G5)."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._revisions = Revisions(store, chance)

    async def tags(self, arn: str, *, caller: Owner) -> Mapping[str, str]:
        return (await self._revisions.load(_whole_function(arn, caller, "ListTags"))).tags

    async def edit_tags(self, arn: str, edit: TagEdit, *, caller: Owner) -> None:
        async def change(function: Function) -> Revised:
            if edit.added:
                refuse_while_updating(function)
            return Revised(function=replace(function, tags=edit.applied(function.tags)))

        action = "TagResource" if edit.added else "UntagResource"
        await self._revisions.revise(_whole_function(arn, caller, action), change)


def _whole_function(arn: str, caller: Owner, action: str) -> FunctionKey:
    reference = local_function(arn, caller=caller, action=action)
    if reference.qualifier is not None:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return reference.key
