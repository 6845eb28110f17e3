"""Reading functions and changing them safely: every write is a compare-and-swap on the revision, tried again when it loses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from lambent.core.addressing import function_not_found
from lambent.core.errors import PreconditionFailed, ResourceConflict
from lambent.core.function import LATEST, Function, FunctionKey, FunctionVersion
from lambent.core.names import FunctionReference, is_version_number
from lambent.core.ports import Chance, StaleWrite, Store

_ATTEMPTS = 10
"""Each lost round means that another writer won one; ten in a row is contention that the caller should hear of."""
_DIGITS = 18
"""No version number is longer: it is the range of numbers that a Store takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revised:
    """What a change makes of a function."""

    function: Function
    published: FunctionVersion | None = None
    """A new version, to be stored together with the function."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A version, and the function that it belongs to."""

    function: Function
    version: FunctionVersion


Change = Callable[[Function], Awaitable[Revised | None]]
"""Decides on the freshest function, perhaps more than once. None: there is nothing to write. Raises LambdaError to refuse."""


def check_revision(current: str, expected: str | None, *, get: str = "GetFunction/GetAlias") -> None:
    """Raise PreconditionFailed when the caller's RevisionId is not the current one; `get` names where to look it up."""
    if expected is not None and expected != current:
        raise PreconditionFailed(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {get} API to retrieve the latest Revision Id"
        )


class Revisions:
    """The one way in which use cases read and change a function."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance

    async def load(self, key: FunctionKey) -> Function:
        """Raises ResourceNotFound."""
        function = await self._store.function(key)
        if function is None:
            raise function_not_found(key.arn)
        return function

    async def find(self, reference: FunctionReference) -> Found:
        """The version that a reference names; through an alias it is the primary one. Raises ResourceNotFound."""
        function = await self._store.function(reference.key)
        if function is None:
            raise function_not_found(reference.arn)
        number = await self._number(reference)
        version = function.latest if number == LATEST else await self.published(reference.key, number)
        if version is None:
            raise function_not_found(reference.arn)
        return Found(function=function, version=version)

    async def published(self, key: FunctionKey, number: str | None) -> FunctionVersion | None:
        """A published version, by a number as a caller wrote it."""
        if number is None or not is_version_number(number) or len(number) > _DIGITS or number.startswith("0"):
            return None
        return await self._store.version(key, number)

    async def _number(self, reference: FunctionReference) -> str | None:
        qualifier = reference.qualifier or LATEST
        if qualifier == LATEST or is_version_number(qualifier):
            return qualifier
        alias = await self._store.alias(reference.key, qualifier)
        return None if alias is None else alias.version

    async def revise(self, key: FunctionKey, change: Change, *, revision: str | None = None) -> Function:
        """Apply `change` and store the outcome under a new revision id; returns the function as stored.

        `revision` is the caller's RevisionId. Raises ResourceNotFound, PreconditionFailed, ResourceConflict (too much
        contention), and whatever `change` raises.
        """
        for _ in range(_ATTEMPTS):
            function = await self.load(key)
            check_revision(function.latest.revision_id, revision)
            revised = await change(function)
            if revised is None:
                return function
            try:
                return await self._write(revised, expected=function.latest.revision_id)
            except StaleWrite:
                continue
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {key.arn}"
        )

    async def _write(self, revised: Revised, *, expected: str) -> Function:
        latest = replace(revised.function.latest, revision_id=self._chance.uuid())
        function = replace(revised.function, latest=latest)
        if revised.published is None:
            await self._store.replace_function(function, expected_revision=expected)
        else:
            await self._store.publish_version(revised.published, function=function, expected_revision=expected)
        return function
