"""Lambent's own log: one JSON line per event on stderr. Function logs are data and go through the LogStore port."""

import json
import logging

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """`{"time", "level", "event", ...facts, "error"?}`; facts come from `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; values that JSON does not know are shown as text."""
        line = {"time": round(record.created, 6), "level": record.levelname, "logger": record.name, "event": record.getMessage()}
        line.update((key, value) for key, value in vars(record).items() if key not in _ORDINARY)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
