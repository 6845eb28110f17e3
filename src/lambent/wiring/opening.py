"""Opens a Platform: what takes long at a start goes on at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from lambent.adapters.runtimes import HostRuntimes
from lambent.adapters.sql.database import Database
from lambent.core.ports import SandboxFault
from lambent.settings import Settings, SettingsError
from lambent.wiring.levels import StartFailure, choose_provider
from lambent.wiring.runtimes import host_runtimes

if TYPE_CHECKING:
    from lambent.wiring.platform import Platform


@asynccontextmanager
async def build(settings: Settings, *, port: int) -> "AsyncIterator[Platform]":
    """Everything connected and running. `port` is the listener's.

    Raises StartFailure when this machine, the data directory or a file that the settings name does not allow it.
    """
    database = Database(settings.data_directory)
    try:
        provider = await choose_provider(settings)
        async with database.running(), _reading(settings) as reading, provider.running():
            catalog = await reading
            from lambent.wiring.platform import connected  # by now it has been imported

            async with connected(settings, database=database, provider=provider, catalog=catalog, port=port) as platform:
                yield platform
    except (SettingsError, SandboxFault) as error:
        raise StartFailure(str(error)) from error


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Awaitable[HostRuntimes]]:
    """Find the interpreters, and read the API's code and models, a third of a start, while the provider starts its processes."""
    reading = asyncio.get_running_loop().create_task(_read(settings))
    try:
        yield reading
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _read(settings: Settings) -> HostRuntimes:
    catalog, _ = await asyncio.gather(asyncio.to_thread(host_runtimes, settings.data_directory), asyncio.to_thread(_import_api))
    return catalog


def _import_api() -> None:
    from lambent.api.app import load_models
    from lambent.wiring import platform  # noqa: F401 - imported for those who import it next

    load_models()
