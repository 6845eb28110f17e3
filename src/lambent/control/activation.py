"""Activation: brings Pending and updated versions into service, by unpacking their code and merging their layers."""

import asyncio
import logging
from dataclasses import replace

from lambent.core.errors import LambdaError
from lambent.core.function import FunctionKey, FunctionVersion
from lambent.core.function_states import Reason, activated, failed, is_unsettled
from lambent.core.ports import Chance, PackageStore, StaleWrite, Store

_log = logging.getLogger(__name__)

_LANES = 4
"""Functions activated at once: one large package must not hold up the small ones."""
_CHUNK = 100
_RETRY_SECONDS = 1.0


class Activator:
    """Settles every version that a write leaves Pending or InProgress; after a restart, every one that was left so.

    The state lives in the Store alone, so a crash at any moment loses nothing, and doing a step twice does no harm.
    """

    def __init__(self, store: Store, packages: PackageStore, chance: Chance) -> None:
        self._store = store
        self._packages = packages
        self._chance = chance
        self._work: asyncio.Queue[FunctionKey] = asyncio.Queue()
        self._queued: set[FunctionKey] = set()
        self._settled_up_to: dict[FunctionKey, int] = {}
        """The published versions up to this number are settled: not to be looked at again."""

    async def run(self) -> None:
        """Runs until cancelled."""
        self._store.subscribe(self._wake)
        for key in await self._store.unsettled():
            self._wake(key)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(_LANES):
                lanes.create_task(self._lane())

    async def idle(self) -> None:
        """Returns when no function is waiting or being activated."""
        await self._work.join()

    def _wake(self, key: FunctionKey) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._work.put_nowait(key)

    async def _lane(self) -> None:
        while True:
            key = await self._work.get()
            # Before the work: a write during it must queue the function again.
            self._queued.discard(key)
            try:
                await self.settle(key)
            except Exception:  # noqa: BLE001 - top of a loop: one function's trouble must not stop activation
                _log.exception("activation_failed", extra={"function": key.arn})
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._wake, key)
            finally:
                self._work.task_done()

    async def settle(self, key: FunctionKey) -> None:
        """Bring every version of one function into service that is not, or say in its state why it cannot be."""
        await self._settle_latest(key)
        number = self._settled_up_to.get(key, 0)
        while chunk := await self._store.versions(key, after=number, limit=_CHUNK):
            for version in chunk:
                await self._settle_published(version)
            number = int(chunk[-1].version)
            self._settled_up_to[key] = number

    async def _settle_latest(self, key: FunctionKey) -> None:
        """Each lost compare-and-swap means that another write won: look again until it is settled, by whomever."""
        while True:
            function = await self._store.function(key)
            if function is None:
                self._settled_up_to.pop(key, None)
                return
            if not is_unsettled(function.latest):
                return
            latest, ready = await self._outcome(function.latest)
            serving = latest if ready else function.serving
            try:
                await self._store.replace_function(
                    replace(function, latest=latest, serving=serving), expected_revision=function.latest.revision_id
                )
            except StaleWrite:
                continue

    async def _settle_published(self, version: FunctionVersion) -> None:
        if not is_unsettled(version):
            return
        outcome, _ = await self._outcome(version)
        try:
            await self._store.replace_version(outcome, expected_revision=version.revision_id)
        except StaleWrite:
            # Only activation and deletion write a published version: whichever it was, nothing is left to do.
            _log.debug("version_settled_elsewhere", extra={"version": version.qualified_arn})

    async def _outcome(self, version: FunctionVersion) -> tuple[FunctionVersion, bool]:
        why = await self._prepare(version)
        settled = activated(version) if why is None else failed(version, why)
        return replace(settled, revision_id=self._chance.uuid()), why is None

    async def _prepare(self, version: FunctionVersion) -> Reason | None:
        """Unpack and merge; the reason when that cannot be done. An image's code stays in its registry."""
        if version.code.image is not None:
            return None
        try:
            await self._packages.unpacked(version.code.digest)
            await self._packages.merged([each.package.digest for each in version.configuration.layers])
        except LambdaError as error:
            return Reason(reason=error.message, code="InvalidZipFileException")
        except KeyError:
            _log.warning("package_missing", extra={"version": version.qualified_arn})
            return Reason(reason="The deployment package is missing from the package store.", code="InternalError")
        except OSError as error:
            _log.warning("unpacking_failed", extra={"version": version.qualified_arn, "error": str(error)})
            return Reason(reason="The deployment package could not be unpacked on this machine.", code="InternalError")
        return None
