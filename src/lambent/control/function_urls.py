"""Function URL configs: create, update, read, delete, list."""

import asyncio
from collections.abc import Sequence

from lambent.control.revisions import Revisions
from lambent.core.addressing import function_not_found
from lambent.core.errors import ResourceConflict, ResourceNotFound
from lambent.core.function import FunctionKey
from lambent.core.function_url import AuthType, FunctionUrl, FunctionUrlEdit, edited_url, url_qualifier
from lambent.core.names import FunctionReference
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import Chance, Clock, StaleWrite, Store
from lambent.core.tenancy import refuse_tenancy

_LIST = "function-urls"
_ID_CHARACTERS = 32


class FunctionUrlControl:
    """Use cases on function URL configs: at most one for a function, and one for each of its aliases."""

    def __init__(self, store: Store, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._revisions = Revisions(store, chance)
        self._writing = asyncio.Lock()
        """A create or update reads, decides and writes: two must not do so side by side."""

    async def create(self, reference: FunctionReference, edit: FunctionUrlEdit) -> FunctionUrl:
        """A new URL each time. Raises ResourceNotFound, ResourceConflict (there is one), InvalidParameterValue."""
        qualifier, now = url_qualifier(reference), self._clock.now()
        refuse_tenancy((await self._revisions.find(reference)).version.configuration, "Function URL")
        blank = FunctionUrl(
            key=reference.key,
            qualifier=qualifier,
            url_id=self._chance.token(_ID_CHARACTERS),
            auth_type=AuthType.AWS_IAM,
            created=now,
            modified=now,
        )
        url = edited_url(blank, edit, now=now)
        async with self._writing:
            if await self._store.function_url(reference.key, qualifier) is not None:
                raise ResourceConflict(
                    f"Failed to create function url config for [functionArn = {url.arn}]. "
                    "Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            await self._write(url)
        return url

    async def update(self, reference: FunctionReference, edit: FunctionUrlEdit) -> FunctionUrl:
        """Members that are left out keep their values. Raises ResourceNotFound, InvalidParameterValue."""
        async with self._writing:
            url = edited_url(await self.get(reference), edit, now=self._clock.now())
            await self._write(url)
        return url

    async def get(self, reference: FunctionReference) -> FunctionUrl:
        """Raises ResourceNotFound, InvalidParameterValue."""
        url = await self._store.function_url(reference.key, url_qualifier(reference))
        if url is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return url

    async def delete(self, reference: FunctionReference) -> None:
        """Raises ResourceNotFound, InvalidParameterValue."""
        if not await self._store.delete_function_url(reference.key, url_qualifier(reference)):
            raise ResourceNotFound("The resource you requested does not exist.")

    async def list(self, key: FunctionKey, page: Page) -> tuple[Sequence[FunctionUrl], str | None]:
        """The function's own, then by alias; with the next marker. Raises ResourceNotFound, InvalidParameterValue (marker)."""
        await self._revisions.load(key)
        after = text_position(_LIST, page.marker)
        found = await self._store.function_urls(key, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_LIST, shown[-1].qualifier) if len(found) > page.size else None

    async def _write(self, url: FunctionUrl) -> None:
        try:
            await self._store.put_function_url(url)
        except StaleWrite as error:
            raise function_not_found(url.arn) from error
