"""Kill -9 while writing, again and again: what was acknowledged is there, and each write is there whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.adapters.sql.store import SqlStore
from lambent.core.function import LATEST
from tests.contract.stored_values import OWNER, key, layer

ROOT = Path(__file__).parents[2]
ROUNDS = 5


def killed_while_writing(directory: Path, number: int) -> set[tuple[str, ...]]:
    """What a process acknowledged before it was killed in the middle of its work."""
    command = [sys.executable, "-m", "tests.integration.writing_process", str(directory), str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(300 + 137 * number)]
    os.kill(process.pid, signal.SIGKILL)
    lines += process.stdout.readlines()
    process.stdout.close()
    assert process.wait(10) == -signal.SIGKILL
    return {tuple(line.decode().split()) for line in lines if line.endswith(b"\n")}


async def check_acknowledged(store: SqlStore, acknowledged: set[tuple[str, ...]]) -> None:
    deleted = {name for kind, name, *_ in acknowledged if kind == "deleted"}
    for kind, name, *rest in acknowledged:
        match kind:
            case "deleted":
                assert await store.function(key(name)) is None
            case "function" if name not in deleted:
                assert await store.function(key(name)) is not None or _deleted_next(name)
            case "layer":
                assert await store.layer_version(layer().key, int(name)) is not None
            case "version" | "alias" if name not in deleted and not _deleted_next(name):
                assert await (store.version(key(name), *rest) if rest else store.alias(key(name), "live"))


def _deleted_next(name: str) -> bool:
    """Whether the writer deletes this function: it may have been killed between the deletion and its acknowledgement."""
    return int(name.rpartition("-")[2]) % 3 == 1


async def check_whole(store: SqlStore) -> None:
    functions = await store.functions(OWNER, after=None, limit=100_000)
    everything = await store.all_versions(OWNER, after=None, limit=100_000)
    numbers = {(each.key.name, each.version) for each in everything}
    for function in functions:
        expected = {LATEST, *map(str, range(1, function.next_version))}
        assert {version for name, version in numbers if name == function.key.name} == expected
        for alias in await store.aliases(function.key, version=None, after=None, limit=10):
            assert {alias.version, *alias.routing} <= expected
    layers = await store.layer_versions(layer().key, before=None, limit=100_000)
    assert [each.version for each in layers] == list(range(len(layers), 0, -1))
    usage = await store.usage(OWNER)
    assert usage.functions == len(functions)
    assert usage.code_bytes == 100 * (len(everything) + len(layers))


async def test_nothing_acknowledged_is_lost_and_nothing_is_half_written(tmp_path: Path) -> None:
    acknowledged: set[tuple[str, ...]] = set()
    for number in range(ROUNDS):
        acknowledged |= killed_while_writing(tmp_path, number)
        database = Database(tmp_path)
        async with database.running():
            store = SqlStore(database)
            assert await database.read_list("function_unsettled", {}) == []
            await check_acknowledged(store, acknowledged)
            await check_whole(store)
            leased = await SqlEventQueue(database).lease(now=100.0, until=0.0, limit=100_000)
            assert {each.event_id for each in leased} >= {name for kind, name, *_ in acknowledged if kind == "event"}
            assert all(len(each.payload) == 5000 and len(set(each.payload)) == 1 for each in leased)
    assert {kind for kind, *_ in acknowledged} == {"function", "version", "alias", "deleted", "layer", "event"}
