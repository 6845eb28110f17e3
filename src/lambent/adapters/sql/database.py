"""The database of one data directory: opened, locked, brought to the right schema; one thread writes, the loop reads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from lambent.adapters.sql.directory_lock import DataDirectoryRefused, locked
from lambent.adapters.sql.migrations import migrate
from lambent.adapters.sql.sqlite import Connection, Error, Unsuitable, connect
from lambent.adapters.sql.statements import STATEMENTS
from lambent.adapters.sql.writer import Writer
from lambent.core.errors import ServiceFault

Result = TypeVar("Result")
Parameters = Mapping[str, object]
Row = tuple[Any, ...]

_FILE = "lambent.sqlite"
_FEW_ROWS = 64
"""A list up to this long is read in the event loop: about a millisecond. A longer one is read in a thread."""


class Database:
    """Holds the data directory from `running` on: enter it before anything else that uses the directory."""

    def __init__(self, directory: Path) -> None:
        """`directory`: the data directory itself; made when missing."""
        self._directory = directory
        self._reader: Connection | None = None
        self._list_reader: Connection | None = None
        self._list_lock = asyncio.Lock()
        self._writer: Writer | None = None
        self._connections: list[Connection] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open; at the end commit what is queued and close, so that the directory may be copied.

        Raises DataDirectoryRefused when another server holds the directory, or the database cannot be read or is too new.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(locked(self._directory))
            stack.push_async_callback(asyncio.to_thread, self._close)
            try:
                await asyncio.to_thread(self._open)
            except Unsuitable as error:
                raise DataDirectoryRefused(str(error)) from error
            yield

    async def write(self, work: Callable[[Connection], Result], on_commit: Callable[[Result], None] | None = None) -> Result:
        """Run `work` in the writer's thread; durable when this returns. See Writer.write."""
        if self._writer is None:
            raise ServiceFault("The store is not open.")
        return await self._writer.write(work, on_commit)

    def read(self, statement: str, parameters: Parameters) -> Sequence[Row]:
        """Run a named query at once, in the event loop: for one row or a few (microseconds each)."""
        return _query(self._reader, statement, parameters)

    async def read_list(self, statement: str, parameters: Parameters) -> Sequence[Row]:
        """Run a named query; in a thread when it may return many rows (parameter `limit`; none: all of them)."""
        limit = parameters.get("limit")
        if isinstance(limit, int) and limit <= _FEW_ROWS:
            return self.read(statement, parameters)
        async with self._list_lock:
            return await asyncio.to_thread(_query, self._list_reader, statement, parameters)

    def _open(self) -> None:
        path = self._directory / _FILE
        self._connections.append(connection := connect(path))
        migrate(connection)
        self._reader = connect(path, read_only=True)
        self._list_reader = connect(path, read_only=True)
        self._connections += [self._list_reader, self._reader]
        self._writer = Writer(connection)
        self._writer.start()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.stop()
        while self._connections:
            self._connections.pop().close()  # the writer's last: it leaves a single file behind
        self._reader = self._list_reader = None


def _query(reader: Connection | None, statement: str, parameters: Parameters) -> Sequence[Row]:
    if reader is None:
        raise ServiceFault("The store is not open.")
    try:
        return reader.execute(STATEMENTS[statement], parameters).fetchall()
    except Error as error:
        raise ServiceFault("The store could not be read.") from error
