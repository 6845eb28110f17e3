"""Reads JSON of strangers strictly: what Java's parser would refuse is refused, with a message in its manner."""

import json
import math
from json.scanner import make_scanner
from typing import Any, NoReturn

_SOURCE_BYTES = 500
"""How much of the text a message shows."""


class NotJson(Exception):
    """The text is not one JSON document; the message says what is wrong and where, as Jackson (Lambda's parser) words it."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's own


_plain = json.JSONDecoder(parse_constant=_refuse_constant)
_scan = make_scanner(_plain)  # type: ignore[arg-type]  # typeshed wants itself
_any_numbers = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=float)


def parse_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The document. Raises NotJson. Numbers too large for an integer come as floats."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise NotJson(f"Invalid UTF-8 start byte 0x{byte:x}{_place(data, error.start)}") from error
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (StopIteration, ValueError, RecursionError):
        pass  # white space before it, or a mistake: the slower way finds out
    try:
        return _plain.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(_what_is_wrong(text, error) + _place(data, len(text[: error.pos].encode()))) from error
    except RecursionError as error:
        raise NotJson(f"Document nesting depth exceeds the maximum allowed{_place(data, 0)}") from error
    except ValueError:
        return _with_any_numbers(text, data)


def _with_any_numbers(text: str, data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """For integers of more digits than Python converts; NaN and Infinity end here too."""
    try:
        return _any_numbers.decode(text)
    except ValueError as error:
        raise NotJson(
            f"Unrecognized token '{error}': was expecting (JSON String, Number, Array, Object or token 'null', "
            f"'true' or 'false'){_place(data, 0)}"
        ) from error


def _what_is_wrong(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text):
        return "Unexpected end-of-input"
    character = text[error.pos]
    if error.msg == "Expecting value" and (character.isalnum() or character == "_"):
        end = error.pos
        while end < len(text) and end - error.pos < 100 and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return (
            f"Unrecognized token '{text[error.pos : end]}': was expecting (JSON String, Number, Array, Object or token "
            "'null', 'true' or 'false')"
        )
    shown = f"'{character}'" if character.isprintable() else "CTRL-CHAR,"
    return f"Unexpected character ({shown} (code {ord(character)})): {_expectation(error.msg)}"


def _expectation(message: str) -> str:
    if message == "Extra data":
        return "Expected space separating root-level values"
    if message.startswith("Expecting property name"):
        return "was expecting double-quote to start field name"
    if message.startswith("Expecting ':'"):
        return "was expecting a colon to separate field name and value"
    if message.startswith("Expecting ','"):
        return "was expecting comma to separate entries"
    return "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def _place(data: bytes, offset: int) -> str:
    before = data[:offset]
    column = offset - (before.rfind(b"\n") + 1) + 1
    source = data[:_SOURCE_BYTES].decode("utf-8", "replace")
    rest = f"[truncated {len(data) - _SOURCE_BYTES} bytes]" if len(data) > _SOURCE_BYTES else ""
    return f'\n at [Source: (byte[])"{source}"{rest}; line: {before.count(bytes((10,))) + 1}, column: {column}]'


def is_finite(number: float) -> bool:
    """Whether a parsed number is one that a double can hold and JSON can write again: integers may be larger than any double."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
