"""Checks large JSON without stopping the event loop: Python's own parser holds the interpreter lock for the whole of a document.

SQLite's `json_valid` does not, and makes no objects: 6 MB take it 20 to 55 ms in a thread, against 25 to 1,250 ms on the loop.
"""

import asyncio
import sqlite3
from contextlib import closing

from lambent.api.json_text import parse_json

LARGE_BYTES = 64 * 1024
"""From here on the way to a thread and back is the smaller cost."""


async def check_large_json(data: bytes) -> None:
    """Raises NotJson unless `data` is one JSON document."""
    if not await asyncio.to_thread(_is_valid, data):
        parse_json(data)  # says what is wrong with it, and has the last word


def _is_valid(data: bytes) -> bool:
    """False when the text is not valid JSON, or when this SQLite cannot tell."""
    if b"\0" in data:
        return False  # SQLite would stop reading there
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            (valid,) = connection.execute("SELECT json_valid(?)", (data.decode("utf-8"),)).fetchone()
    except (UnicodeDecodeError, sqlite3.Error):
        return False
    return bool(valid)
