"""Brings a database to the schema that this code needs: numbered files, forward only, each in one transaction."""

from pathlib import Path

from lambent.adapters.sql.sqlite import Connection, Error, Unsuitable, begin

FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection, *, folder: Path = FOLDER) -> int:
    """Apply what is missing; returns the version reached. Raises Unsuitable for a schema that a newer Lambent made."""
    files = sorted(folder.glob("*.sql"))
    known = _number(files[-1])
    try:
        begin(connection)
        reached = _reached(connection)
        for file in files[reached:]:
            _apply(connection, file)
        connection.execute("COMMIT")
    except Error as error:
        raise Unsuitable(f"the database cannot be brought to schema {known}: {error}") from error
    finally:
        if connection.in_transaction:
            connection.rollback()
    if reached > known:
        raise Unsuitable(
            f"the data directory was written by a newer Lambent (schema {reached}; this one knows {known}): "
            "run that one, or choose another data_directory"
        )
    return known


def _reached(connection: Connection) -> int:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)")
    reached: int = connection.execute("SELECT COALESCE(MAX(version), 0) FROM schema_migration").fetchone()[0]
    return reached


def _apply(connection: Connection, file: Path) -> None:
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("--")]
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO schema_migration (version, name) VALUES (?, ?)", (_number(file), file.stem))


def _number(file: Path) -> int:
    return int(file.stem.partition("_")[0])
