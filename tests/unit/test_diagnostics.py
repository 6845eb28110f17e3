"""Lambent's own log is one JSON document a line."""

import json
import logging

from lambent.diagnostics import JsonLines


def test_a_record_is_one_line_with_its_facts() -> None:
    record = logging.makeLogRecord(
        {"name": "lambent.x", "levelname": "WARNING", "msg": "blank_died", "runtime": "python3.12", "path": object}
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["event"], found["level"], found["runtime"]) == ("blank_died", "WARNING", "python3.12")


def test_an_exception_is_told_in_the_same_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)})
    line = JsonLines().format(record)
    assert "\n" not in line
    assert "ValueError: two" in json.loads(line)["error"]
