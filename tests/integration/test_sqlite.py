"""What is the SQLite store's own: restarts, the lock, migrations, damage, cancelled callers, a full disk."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from lambent.adapters.sql import migrations
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.directory_lock import DataDirectoryRefused
from lambent.adapters.sql.event_queue import SqlEventQueue
from lambent.adapters.sql.sqlite import Connection, connect
from lambent.adapters.sql.statements import STATEMENTS
from lambent.adapters.sql.store import SqlStore
from lambent.core.errors import ServiceFault
from lambent.core.function import FunctionKey
from lambent.core.ports import StaleWrite
from lambent.settings import SettingsError
from tests.contract.stored_values import OWNER, alias, edited, event, function, key, layer, package, published


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def fill(directory: Path) -> None:
    database = Database(directory)
    async with database.running():
        store = SqlStore(database)
        version, after = published(await store.add_function(function(layers="xy")))
        await store.publish_version(version, function=after, expected_revision="r1")
        await store.add_alias(alias(version="1"))
        await store.add_layer_version(layer())
        await SqlEventQueue(database).put(event())


async def check(directory: Path) -> None:
    database = Database(directory)
    async with database.running():
        store = SqlStore(database)
        version, after = published(function(layers="xy"))
        assert await store.function(key()) == after
        assert await store.version(key(), "1") == version
        assert await store.alias(key(), "live") == alias(version="1")
        assert await store.layer_version(layer().key, 1) is not None
        assert (await store.usage(OWNER)).functions == 1
        assert await SqlEventQueue(database).lease(now=100.0, until=0.0, limit=1) == [event()]


class TestDataDirectory:
    async def test_everything_is_there_after_a_restart(self, directory: Path) -> None:
        await fill(directory)
        await check(directory)
        await check(directory)

    async def test_a_stopped_directory_may_be_copied_as_it_is(self, directory: Path, tmp_path: Path) -> None:
        await fill(directory)
        assert sorted(each.name for each in directory.iterdir()) == ["lambent.sqlite", "lock"]
        shutil.copytree(directory, tmp_path / "copy")
        await check(tmp_path / "copy")

    async def test_environment_variables_are_for_the_owner_of_the_file_only(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            await SqlStore(database).add_function(function())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
        assert {"lambent.sqlite", "lambent.sqlite-wal"} <= modes.keys()
        assert set(modes.values()) == {0o600}

    async def test_a_second_server_is_refused_and_the_first_goes_on(self, directory: Path) -> None:
        first = Database(directory)
        async with first.running():
            with pytest.raises(DataDirectoryRefused, match=f"process {os.getpid()}.* uses the data_directory"):
                async with Database(directory).running():
                    pass
            assert await SqlStore(first).add_function(function())
        async with Database(directory).running():
            pass

    async def test_the_refusal_is_a_mistake_in_the_settings(self, directory: Path) -> None:
        directory.write_text("a file")
        with pytest.raises(SettingsError, match="cannot be used"):
            async with Database(directory).running():
                pass

    async def test_a_newer_schema_is_refused_and_left_alone(self, directory: Path) -> None:
        await fill(directory)
        with contextlib.closing(sqlite3.connect(directory / "lambent.sqlite")) as raw, raw:
            raw.execute("INSERT INTO schema_migration VALUES (99, 'later')")
        with pytest.raises(DataDirectoryRefused, match="newer Lambent"):
            async with Database(directory).running():
                pass
        with contextlib.closing(sqlite3.connect(directory / "lambent.sqlite")) as raw, raw:
            raw.execute("DELETE FROM schema_migration WHERE version = 99")
        await check(directory)

    async def test_a_file_that_is_no_database_is_refused(self, directory: Path) -> None:
        directory.mkdir()
        (directory / "lambent.sqlite").write_bytes(b"not a database at all" * 500)
        with pytest.raises(DataDirectoryRefused, match=r"lambent\.sqlite"):
            async with Database(directory).running():
                pass

    async def test_a_closed_store_says_so(self, directory: Path) -> None:
        database = Database(directory)
        store = SqlStore(database)
        with pytest.raises(ServiceFault):
            await store.function(key())
        async with database.running():
            pass
        for attempt in (store.function(key()), store.add_function(function()), store.packages_in_use()):
            with pytest.raises(ServiceFault):
                await attempt


class TestMigrations:
    def test_each_is_applied_once_and_a_broken_one_leaves_nothing(self, tmp_path: Path) -> None:
        folder = tmp_path / "migrations"
        folder.mkdir()
        (folder / "0001_first.sql").write_text("-- one; two\nCREATE TABLE a (x TEXT);\nINSERT INTO a VALUES ('1');\n")
        with contextlib.closing(connect(tmp_path / "db")) as connection:
            assert migrations.migrate(connection, folder=folder) == 1
            assert migrations.migrate(connection, folder=folder) == 1
            (folder / "0002_second.sql").write_text("CREATE TABLE b (x TEXT); INSERT INTO nowhere VALUES (1);")
            with pytest.raises(Exception, match="cannot be brought to schema 2"):
                migrations.migrate(connection, folder=folder)
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert tables == {"schema_migration", "a"}
            assert connection.execute("SELECT COUNT(*) FROM a").fetchone() == (1,)

    def test_the_files_are_numbered_without_gaps(self) -> None:
        names = sorted(path.name for path in migrations.FOLDER.glob("*.sql"))
        assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


class TestStatements:
    @pytest.fixture
    def connection(self, tmp_path: Path) -> Connection:
        connection = connect(tmp_path / "db")
        migrations.migrate(connection)
        return connection

    @pytest.fixture(autouse=True)
    def closed(self, connection: Connection):
        yield
        connection.close()

    @pytest.mark.parametrize("name", sorted(STATEMENTS))
    def test_a_statement_fits_the_schema_and_scans_no_table(self, connection: Connection, name: str) -> None:
        parameters = dict.fromkeys(_parameters(STATEMENTS[name]), 1)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", parameters)]
        scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step and "(subquery" not in step]
        assert scans == []

    def test_every_statement_is_used(self) -> None:
        folder = Path(migrations.__file__).parent
        code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
        assert [name for name in STATEMENTS if f'"{name}"' not in code] == []


def _parameters(statement: str) -> set[str]:
    return {word.strip(":,()\n;") for word in statement.replace("(", " ").split() if word.startswith(":")}


class TestWriter:
    async def test_a_cancelled_caller_does_not_stop_its_write_nor_its_news(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            store = SqlStore(database)
            told: list[FunctionKey] = []
            store.subscribe(told.append)
            writing = asyncio.ensure_future(store.add_function(function()))
            await asyncio.sleep(0)  # let it be queued
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            await store.add_function(function("after"))
            assert await store.function(key()) is not None
            assert told == [key(), key("after")]

    async def test_writes_queued_at_the_end_are_committed(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            store = SqlStore(database)
            writing = [asyncio.ensure_future(store.add_function(function(f"f{n}"))) for n in range(300)]
            await asyncio.sleep(0)
        assert len(await asyncio.gather(*writing)) == 300
        async with database.running():
            assert len(await SqlStore(database).functions(OWNER, after=None, limit=1000)) == 300

    async def test_a_refused_write_does_not_touch_its_neighbours_in_the_group(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            store = SqlStore(database)
            stored = await store.add_function(function())
            version, after = published(stored)
            results = await asyncio.gather(
                store.add_function(function("a")),
                store.publish_version(version, function=after, expected_revision="wrong"),
                store.delete_function(key("none")),
                store.add_function(function("b")),
                store.replace_function(edited(stored, "r2"), expected_revision="r1"),
                return_exceptions=True,
            )
            assert [type(each) for each in results[1:3]] == [StaleWrite, bool]
            names = [each.key.name for each in await store.functions(OWNER, after=None, limit=10)]
            assert names == ["a", "b", "hello"]
            assert (await store.usage(OWNER)).functions == 3

    async def test_a_full_disk_is_told_and_what_was_stored_stays(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            store, queue = SqlStore(database), SqlEventQueue(database)
            await store.add_function(function())
            pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
            await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
            writes = [queue.put(event(f"e{n}", payload=b"x" * 100_000)) for n in range(3)]
            results = await asyncio.gather(*writes, return_exceptions=True)
            assert [type(each) for each in results] == [ServiceFault] * 3
            assert await queue.next_due() is None
            await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchone())
            await queue.put(event())
            assert await queue.next_due() == 10.0
            assert await store.function(key()) is not None

    async def test_long_lists_are_read_beside_writes(self, directory: Path) -> None:
        database = Database(directory)
        async with database.running():
            store = SqlStore(database)
            await asyncio.gather(*(store.add_function(function(f"f{n:03}")) for n in range(200)))
            lists = [store.functions(OWNER, after=None, limit=10_000) for _ in range(5)]
            writes = [store.add_layer_version(layer(package=package("c"))) for _ in range(50)]
            results = await asyncio.gather(*lists, *writes)
            assert [len(each) for each in results[:5]] == [200] * 5  # type: ignore[arg-type]
