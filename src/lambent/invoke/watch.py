"""Keeps what is in memory equal to the Store: routes, environments of old revisions, blank runtimes, sums of reservations."""

import asyncio
import logging

from lambent.core.function import FunctionKey, Owner
from lambent.core.ports import RuntimeCatalog, Store
from lambent.invoke.admission import Admission
from lambent.invoke.blanks import Blanks
from lambent.invoke.pool import Pool
from lambent.invoke.resolver import Resolver

_log = logging.getLogger(__name__)

_PAGE = 1000


class Watch:
    """Subscribed to the Store from the start: routes are dropped at once, the rest follows in `run`."""

    def __init__(
        self, *, store: Store, resolver: Resolver, pool: Pool, blanks: Blanks, admission: Admission, catalog: RuntimeCatalog
    ) -> None:
        self._store = store
        self._resolver = resolver
        self._pool = pool
        self._blanks = blanks
        self._admission = admission
        self._catalog = catalog
        self._changed: set[FunctionKey] = set()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        store.subscribe(self.on_change)

    def on_change(self, key: FunctionKey) -> None:
        """A write was committed. May be called from any thread."""
        self._resolver.invalidate(key)
        self._loop.call_soon_threadsafe(self._note, key)

    async def warm(self, owner: Owner) -> None:
        """At start: keep blanks for every runtime that this owner's functions use, and learn what is reserved."""
        after: str | None = None
        while page := await self._store.functions(owner, after=after, limit=_PAGE):
            for function in page:
                self._want(function.latest.configuration.runtime)
            after = page[-1].key.name
        await self._refresh_account(owner)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            try:
                for key in changed:
                    await self._refresh(key)
                for owner in {key.owner for key in changed}:
                    await self._refresh_account(owner)
            except Exception:  # noqa: BLE001 - the top of the loop: what could not be read is read at the next change
                _log.exception("watch_failed")

    def _note(self, key: FunctionKey) -> None:
        self._changed.add(key)
        self._wake.set()

    async def _refresh(self, key: FunctionKey) -> None:
        function = await self._store.function(key)
        if function is None:
            self._admission.forget(key)
        else:
            self._want(function.latest.configuration.runtime)
            self._admission.function(key).reserved = function.reserved_concurrency
        for held in self._pool.versions_held(key):
            served = await self._resolver.version(key, held.version)
            if served is None or served.revision_id != held.revision_id:
                self._pool.retire(held)

    async def _refresh_account(self, owner: Owner) -> None:
        self._admission.account(owner).reserved_total = (await self._store.usage(owner)).committed_concurrency

    def _want(self, runtime: str | None) -> None:
        installation = None if runtime is None else self._catalog.find(runtime)
        if installation is not None:
            self._blanks.want(installation)
