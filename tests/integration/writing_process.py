"""A process that writes to a store until it is killed, and says of each write that has returned: run by the kill -9 test.

python -m tests.integration.writing_process DIRECTORY ROUND
"""

import asyncio
import os
import sys
from pathlib import Path

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.adapters.sql.store import SqlStore
from tests.contract.stored_values import alias, event, function, key, layer, published


def acknowledge(what: str) -> None:
    os.write(1, f"{what}\n".encode())


async def write_functions(store: SqlStore, prefix: str) -> None:
    """Each function, then two versions, each moved to by an alias."""
    for number in range(10_000):
        name = f"{prefix}-{number}"
        stored = await store.add_function(function(name))
        acknowledge(f"function {name}")
        for _ in range(2):
            version, stored = published(stored, f"{name}-{stored.next_version}")
            await store.publish_version(version, function=stored, expected_revision=_before(stored.latest.revision_id))
            acknowledge(f"version {name} {version.version}")
        await store.add_alias(alias(version="2", routing={"1": 0.5}, of=key(name)))
        acknowledge(f"alias {name}")
        if number % 3 == 2:
            await store.delete_function(key(f"{prefix}-{number - 1}"))
            acknowledge(f"deleted {prefix}-{number - 1}")


def _before(revision: str) -> str:
    """The revision that a publish expects, from the one that it makes: `after-NAME-2` follows `after-NAME-1`."""
    name, _, number = revision.removeprefix("after-").rpartition("-")
    return "r1" if number == "1" else f"after-{name}-{int(number) - 1}"


async def write_events(queue: SqlEventQueue, prefix: str) -> None:
    for number in range(100_000):
        await queue.put(event(f"{prefix}-{number}", payload=os.urandom(1) * 5000))
        acknowledge(f"event {prefix}-{number}")


async def write_layers(store: SqlStore) -> None:
    while True:
        stored = await store.add_layer_version(layer())
        acknowledge(f"layer {stored.version}")


async def main(directory: Path, number: str) -> None:
    database = Database(directory)
    async with database.running(), asyncio.TaskGroup() as group:
        for each in "abc":
            group.create_task(write_functions(SqlStore(database), f"{number}{each}"))
            group.create_task(write_events(SqlEventQueue(database), f"{number}{each}"))
        group.create_task(write_layers(SqlStore(database)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
