"""One server per data directory: a lock that the kernel releases when the server dies, however it dies."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lambent.settings import SettingsError

_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.05


class DataDirectoryRefused(SettingsError):
    """This data directory cannot be used; the message says why and what to do."""


@asynccontextmanager
async def locked(directory: Path) -> AsyncIterator[None]:
    """Hold `directory`, made when missing. Raises DataDirectoryRefused when another server holds it.

    Waits a second: a child of a killed server may hold the lock until it has found out.
    """
    descriptor = _open(directory)
    try:
        await _take(descriptor, directory)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(directory: Path) -> int:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryRefused(f"data_directory {directory} cannot be used: {error}") from error


async def _take(descriptor: int, directory: Path) -> None:
    for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
        if _try(descriptor):
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    raise DataDirectoryRefused(
        f"another Lambent (process {holder or 'unknown'}) uses the data_directory {directory}: stop it, or choose another one"
    )


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
