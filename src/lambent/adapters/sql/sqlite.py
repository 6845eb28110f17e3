"""The dialect SQLite: how to connect, begin, and tell its errors apart. All that is SQLite's own stands here."""

import os
import sqlite3
from pathlib import Path

Connection = sqlite3.Connection
Error = sqlite3.Error

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it returns: nothing accepted is lost
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
)


class Unsuitable(Exception):
    """The file, or the SQLite library, cannot serve; the message says why and what to do."""


def connect(path: Path, *, read_only: bool = False) -> Connection:
    """Open, or create for our own eyes only: environment variables of functions are in it. Raises Unsuitable."""
    if sqlite3.sqlite_version_info < (3, 35):
        raise Unsuitable(f"SQLite {sqlite3.sqlite_version} is too old: Lambent needs 3.35 or later (UPDATE ... RETURNING)")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        # None: transactions begin and end where the writer says; the connection is never used by two threads at once
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in (*_PRAGMAS, *(("PRAGMA query_only = ON",) if read_only else ())):
            connection.execute(pragma).close()
    except (OSError, Error) as error:
        raise Unsuitable(f"{path} cannot be opened as a database: {error}") from error
    return connection


def begin(connection: Connection) -> None:
    """Begin a transaction that is sure to be able to write."""
    connection.execute("BEGIN IMMEDIATE")


def refers_to_nothing(error: Error) -> bool:
    """Whether a foreign key is to blame: what the row refers to is gone, or something refers to the row."""
    return getattr(error, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY"
