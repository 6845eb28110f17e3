"""The EventQueue on SQL: accepted events as rows, leased by a single statement."""

from collections.abc import Sequence
from functools import partial

from lambent.adapters.sql.database import Database, Parameters, Row
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.async_event import AsyncEvent

_COLUMNS = (
    "event_id",
    "account",
    "region",
    "function",
    "qualifier",
    "payload",
    "accepted",
    "due",
    "attempts",
    "trace_id",
    "tenant_id",
)
"""As `event_lease` returns them; each is a field of AsyncEvent."""


class SqlEventQueue:
    """The EventQueue in a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, event: AsyncEvent) -> None:
        await self._execute("event_put", {name: getattr(event, name) for name in _COLUMNS})

    async def lease(self, *, now: float, until: float, limit: int) -> Sequence[AsyncEvent]:
        parameters = {"now": now, "until": until, "limit": limit}

        def work(connection: Connection) -> list[Row]:
            return connection.execute(STATEMENTS["event_lease"], parameters).fetchall()

        rows = await self._database.write(work)
        events = [AsyncEvent(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]
        return sorted(events, key=lambda event: (event.due, event.accepted, event.event_id))

    async def acknowledge(self, event_id: str) -> None:
        await self._execute("event_acknowledge", {"event_id": event_id})

    async def retry(self, event: AsyncEvent) -> None:
        await self._execute("event_retry", {"event_id": event.event_id, "attempts": event.attempts, "due": event.due})

    async def next_due(self) -> float | None:
        earliest: float | None = self._database.read("event_next_due", {})[0][0]
        return earliest

    async def _execute(self, statement: str, parameters: Parameters) -> None:
        await self._database.write(partial(_run, statement=statement, parameters=parameters))


def _run(connection: Connection, *, statement: str, parameters: Parameters) -> None:
    connection.execute(STATEMENTS[statement], parameters)
