"""Reads a request's input members by the service model, and refuses values of the wrong type."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from lambent.api.json_text import NotJson, is_finite, parse_json
from lambent.api.model import Member, Service, Shape
from lambent.api.routes import Match, Query
from lambent.core.errors import InvalidRequestContent, Serialization
from lambent.http import Request

_WORDS: Final = {
    "string": "a String",
    "integer": "an Integer",
    "long": "a Long",
    "double": "a Double",
    "float": "a Float",
    "boolean": "a Boolean",
    "blob": "a Blob",
    "timestamp": "a Timestamp",
}
_LARGE_BYTES: Final = 512 * 1024
_BLOB_SLICE: Final = 256 * 1024
"""Characters of base64 that are decoded at a time; a multiple of four."""
_PADDING: Final = ord("=")
_INTEGERS: Final = {"integer": 2**31, "long": 2**63}


def parse_members(match: Match, request: Request, query: Query) -> dict[str, Any]:
    """Input members by name, types checked, unknown ones ignored, nulls absent.

    Blobs are bytes, timestamps epoch seconds. Raises Serialization for a wrong type and InvalidRequestContent for a body that
    is not JSON.
    """
    if match.operation.input is None:
        return {}
    shape = match.service.shapes[match.operation.input]
    members = _body_members(match.service, shape, request)
    for member in shape.members.values():
        if member.location is None:
            continue
        value = _located(match, member, request, query)
        if value is not None:
            members[member.name] = value
    return members


async def read_members(match: Match, request: Request, query: Query) -> dict[str, Any]:
    """The same, in a thread when the body is large: 50 MB of base64 take 0.4 s."""
    if len(request.body) < _LARGE_BYTES:
        return parse_members(match, request, query)
    return await asyncio.to_thread(parse_members, match, request, query)


def _body_members(service: Service, shape: Shape, request: Request) -> dict[str, Any]:
    if shape.payload is not None:
        member = shape.members[shape.payload]
        if service.shapes[member.shape].kind in ("blob", "string"):
            return {member.name: request.body} if request.body else {}
        body = parse_body(request.body)
        return {} if body is None else {member.name: parse_value(service, member.shape, body)}
    if not shape.body_members:
        return {}
    body = parse_body(request.body)
    return {} if body is None else _structure(service, shape, body)


def parse_body(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON of a control-plane body; None for an empty one."""
    if not body:
        return None
    try:
        return parse_json(body)
    except NotJson as error:
        raise InvalidRequestContent(f"Could not parse request body into json: {error}") from error


def _located(match: Match, member: Member, request: Request, query: Query) -> Any:  # noqa: ANN401 - by the model
    shape = match.service.shapes[member.shape]
    if member.location == "uri":
        return _scalar(shape, match.labels[member.wire_name], member)
    if member.location == "header":
        text = request.text(member.wire_name.lower().encode())
        return None if text is None else _scalar(shape, text, member)
    if member.location == "querystring" and member.wire_name in query:
        values = query[member.wire_name]
        if shape.kind == "list" and shape.element is not None:
            return [_scalar(match.service.shapes[shape.element], each, member) for each in values]
        return _scalar(shape, values[-1], member)
    return None


def _scalar(shape: Shape, text: str, member: Member) -> Any:  # noqa: ANN401 - by the model
    """A value from a label, header or query parameter."""
    if shape.kind in ("string", "blob"):
        return text if shape.kind == "string" else _decode_blob(text)
    if shape.kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if shape.kind == "timestamp":
        return _timestamp_text(text, member.timestamp_format or ("rfc822" if member.location == "header" else "iso8601"))
    try:
        number = int(text) if shape.kind in _INTEGERS and len(text) <= 20 else float(text)
    except ValueError:
        raise _wrong("STRING_VALUE", shape) from None
    return _number(shape, number)


# ---------------------------------------------------------------- values of a JSON body


def parse_value(service: Service, shape_name: str, value: Any) -> Any:  # noqa: ANN401 - by the model
    """Check one JSON value (not null) against a shape and convert it."""
    shape = service.shapes[shape_name]
    return _PARSERS[shape.kind](service, shape, value)


def _structure(service: Service, shape: Shape, value: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise _not_a(value, "structure")
    members = {}
    for member in shape.body_members:
        given = value.get(member.wire_name)
        if given is not None:
            members[member.name] = parse_value(service, member.shape, given)
    return members


def _list(service: Service, shape: Shape, value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise _not_a(value, "list")
    element = shape.element or ""
    return [None if each is None else parse_value(service, element, each) for each in value]


def _map(service: Service, shape: Shape, value: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise _not_a(value, "map")
    element = shape.value or ""
    for key in value:
        _encodable(key)
    return {key: None if each is None else parse_value(service, element, each) for key, each in value.items()}


def _string(_: Service, shape: Shape, value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise _wrong_json(value, shape)
    return _encodable(value)


def _blob(_: Service, shape: Shape, value: Any) -> bytes:  # noqa: ANN401
    if not isinstance(value, str):
        raise _wrong_json(value, shape)
    return _decode_blob(value)


def _boolean(_: Service, shape: Shape, value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise _wrong_json(value, shape)
    return value


def _numeric(_: Service, shape: Shape, value: Any) -> float:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_json(value, shape)
    return _number(shape, value)


def _timestamp(_: Service, shape: Shape, value: Any) -> float:  # noqa: ANN401
    if isinstance(value, str):
        return _timestamp_text(value, shape.timestamp_format or "iso8601")
    if isinstance(value, bool) or not isinstance(value, int | float) or not is_finite(value):
        raise _wrong_json(value, shape)
    return value


_PARSERS: Final[Mapping[str, Callable[[Service, Shape, Any], Any]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "boolean": _boolean,
    "integer": _numeric,
    "long": _numeric,
    "double": _numeric,
    "float": _numeric,
    "timestamp": _timestamp,
}


def _number(shape: Shape, number: float) -> float:
    bound = _INTEGERS.get(shape.kind)
    if bound is None:
        if not is_finite(number):
            raise _wrong("NUMBER_VALUE", shape)
        return float(number)
    if number != number or not -bound <= number < bound:  # noqa: PLR0124 - NaN
        raise Serialization(f"NUMBER_VALUE is out of the range of {_WORDS[shape.kind]}")
    return int(number)


def _decode_blob(text: str) -> bytes:
    try:
        if len(text) <= _BLOB_SLICE:
            return base64.b64decode(text, validate=True)
        return b"".join(_slices(text))
    except (binascii.Error, ValueError) as error:
        raise Serialization("Unable to decode the value as base64") from error


def _slices(text: str) -> Iterator[bytes]:
    """Decoded in slices: between them other threads get the interpreter lock. Only the last may have padding."""
    encoded = memoryview(text.encode("ascii"))
    for start in range(0, len(encoded), _BLOB_SLICE):
        part = encoded[start : start + _BLOB_SLICE]
        if part[-1] == _PADDING and start + _BLOB_SLICE < len(encoded):
            raise binascii.Error("padding in the middle")
        yield base64.b64decode(part, validate=True)


def _timestamp_text(text: str, form: str) -> float:
    try:
        if form == "unixTimestamp":
            seconds = float(text)
        elif form == "rfc822":
            seconds = parsedate_to_datetime(text).timestamp()
        else:
            moment = datetime.fromisoformat(text)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError) as error:
        raise Serialization("STRING_VALUE can not be converted to a Timestamp") from error
    if not is_finite(seconds):
        raise Serialization("STRING_VALUE can not be converted to a Timestamp")
    return seconds


def _encodable(text: str) -> str:
    """Refuse half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Serialization("A string has an unpaired surrogate in it") from error
    return text


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _wrong_json(value: object, shape: Shape) -> Serialization:
    if isinstance(value, dict):
        return Serialization("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return Serialization("Start of list found where not expected")
    return _wrong(_token(value), shape)


def _wrong(token: str, shape: Shape) -> Serialization:
    return Serialization(f"{token} can not be converted to {_WORDS[shape.kind]}")


def _not_a(value: object, kind: str) -> Serialization:
    if isinstance(value, dict):
        return Serialization("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return Serialization("Start of list found where not expected")
    return Serialization(f"Expected {kind} or null")
