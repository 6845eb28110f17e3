"""No statement's work grows with what is stored beyond an index: asked of SQLite's planner, statement by statement."""

import re
from collections.abc import Iterator

import pytest

from lambent.adapters.sql.migrations import migrate
from lambent.adapters.sql.sqlite import Connection, connect
from lambent.adapters.sql.statements import STATEMENTS

READS_ALL = {
    "function_owners": "one row per account and Region",
    "function_unsettled": "partial indexes, which hold what is unsettled only",
    "mapping_unsettled": "a partial index, which holds what is unsettled only",
    "provisioned_concurrency_functions": "what the provisioner keeps at its target, which is all of it, at its start",
    "packages_in_use": "the sweep at a start, over covering indexes",
}
"""Statements that go through a whole table or index, with the reason why they may."""
PLANNED = sorted(name for name, text in STATEMENTS.items() if not text.startswith("INSERT"))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    opened = connect(tmp_path_factory.mktemp("plans") / "plans.sqlite")
    migrate(opened)
    yield opened
    opened.close()


def plan(connection: Connection, name: str) -> list[str]:
    parameters = dict.fromkeys(re.findall(r"(?<!:):(\w+)", STATEMENTS[name]), 1)
    return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", parameters)]


@pytest.mark.parametrize("name", PLANNED)
def test_a_statement_searches_an_index_and_sorts_nothing(connection: Connection, name: str) -> None:
    steps = plan(connection, name)
    assert steps
    if name in READS_ALL:
        assert any(step.startswith("SCAN") for step in steps), f"{name} need not be exempt"
        assert all(" INDEX " in step for step in steps if step.startswith("SCAN"))
    else:
        assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step]


def test_a_page_of_functions_begins_at_its_place_in_the_index(connection: Connection) -> None:
    assert plan(connection, "function_list") == [
        "SEARCH function USING INDEX sqlite_autoindex_function_1 (account=? AND region=? AND name>?)"
    ]


def test_every_exemption_is_of_a_statement_that_is_there() -> None:
    assert set(READS_ALL) <= set(STATEMENTS)
