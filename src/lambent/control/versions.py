"""Published versions: publish `$LATEST`, list, delete."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambent.control.revisions import Revised, Revisions
from lambent.core.addressing import function_not_found
from lambent.core.code_storage import check_code_storage
from lambent.core.errors import InvalidParameterValue, ResourceConflict
from lambent.core.function import LATEST, Function, FunctionKey, FunctionVersion
from lambent.core.function_states import refuse_delete_while_pending, refuse_while_unsettled
from lambent.core.names import is_version_number
from lambent.core.pagination import Page, encode_marker, number_position
from lambent.core.ports import Chance, StaleWrite, Store
from lambent.core.publish import Publication, check_code_sha256, last_published_number, publication

_LIST = "versions"
_ALIASES_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishGuards:
    """What PublishVersion is given; each None when absent."""

    code_sha256: str | None = None
    revision_id: str | None = None
    description: str | None = None


class VersionControl:
    """Use cases on published versions."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance
        self._revisions = Revisions(store, chance)

    async def publish(self, key: FunctionKey, guards: PublishGuards) -> FunctionVersion:
        """The new version, or the last one when nothing changed since.

        Raises ResourceNotFound, ResourceConflict (Pending, InProgress), PreconditionFailed, InvalidParameterValue (hash),
        CodeStorageExceeded.
        """
        published: list[FunctionVersion] = []

        async def change(function: Function) -> Revised | None:
            refuse_while_unsettled(function)
            check_code_sha256(function, guards.code_sha256)
            made = await self.prepare(function, description=guards.description)
            published[:] = [made.version]
            return None if made.function is None else Revised(function=made.function, published=made.version)

        await self._revisions.revise(key, change, revision=guards.revision_id)
        return published[0]

    async def prepare(self, function: Function, *, description: str | None = None) -> Publication:
        """What publishing this `$LATEST` comes to; writes nothing. Raises CodeStorageExceeded."""
        number = last_published_number(function)
        last = None if number is None else await self._store.version(function.key, number)
        made = publication(function, last=last, description=description, revision_id=self._chance.uuid())
        if made.function is not None:
            check_code_storage(made.version.code, used=(await self._store.usage(function.key.owner)).code_bytes)
        return made

    async def list(self, key: FunctionKey, page: Page) -> tuple[Sequence[FunctionVersion], str | None]:
        """`$LATEST`, then the numbers ascending; with the next marker. Raises ResourceNotFound, InvalidParameterValue."""
        function = await self._revisions.load(key)
        after = number_position(_LIST, page.marker)
        head = [function.latest] if after is None else []
        room = page.size - len(head)
        rest = await self._store.versions(key, after=after or 0, limit=room + 1)
        shown = [*head, *rest[:room]]
        more = len(rest) > room
        last = shown[-1].version
        return shown, encode_marker(_LIST, 0 if last == LATEST else int(last)) if more else None

    async def delete(self, key: FunctionKey, qualifier: str) -> None:
        """Delete one version. Raises ResourceNotFound, ResourceConflict (an alias refers to it), InvalidParameterValue."""
        if qualifier == LATEST:
            raise InvalidParameterValue("$LATEST version cannot be deleted without deleting the function.")
        if not is_version_number(qualifier):
            raise InvalidParameterValue("Deletion of aliases is not currently supported.")
        await self._revisions.load(key)
        version = await self._revisions.published(key, qualifier)
        if version is None:
            raise function_not_found(key.qualified_arn(qualifier))
        refuse_delete_while_pending(version)
        try:
            await self._store.delete_version(key, qualifier)
        except StaleWrite as error:
            raise await self._still_referenced(key, qualifier) from error

    async def _still_referenced(self, key: FunctionKey, number: str) -> ResourceConflict:
        aliases = await self._store.aliases(key, version=number, after=None, limit=_ALIASES_NAMED)
        names = ", ".join(each.name for each in aliases)
        return ResourceConflict(f"Version {number} of function is referenced by the following aliases: {names}")
