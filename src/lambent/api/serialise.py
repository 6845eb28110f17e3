"""Makes replies of output members by the service model."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from lambent.api.model import Member, Operation, Service, Shape
from lambent.http import Response

JSON = (b"Content-Type", b"application/json")
_BODILESS = frozenset({204, 304})


def success(service: Service, operation: Operation, members: Mapping[str, Any], request_id: str) -> Response:
    """The reply to a REST request. Members that are not in the model are an error of ours: KeyError."""
    headers = [JSON, (b"x-amzn-RequestId", request_id.encode())]
    if operation.output is None:
        return Response(status=operation.status, headers=headers)
    shape = service.shapes[operation.output]
    status, body_members = operation.status, {}
    for name, value in members.items():
        member = shape.members[name]
        if value is None:
            continue
        if member.location == "statusCode":
            status = int(value)
        elif member.location == "header":
            headers.append((member.wire_name.encode(), _header_text(service.shapes[member.shape], value).encode()))
        else:
            body_members[name] = value
    if status in _BODILESS:
        return Response(status=status, headers=headers)
    return Response(status=status, headers=headers, body=_body(service, shape, body_members))


def json_body(service: Service, shape_name: str | None, members: Mapping[str, Any]) -> bytes:
    """A structure as JSON text."""
    return _dump({} if shape_name is None else wire_value(service, service.shapes[shape_name], members))


def _body(service: Service, shape: Shape, members: Mapping[str, Any]) -> bytes:
    if shape.payload is not None:
        value = members.get(shape.payload)
        if value is None:
            return b""
        payload = service.shapes[shape.members[shape.payload].shape]
        if payload.kind == "blob":
            return bytes(value)
        return str(value).encode() if payload.kind == "string" else _dump(wire_value(service, payload, value))
    if not shape.body_members:
        return b""
    return _dump(wire_value(service, shape, members))


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def wire_value(service: Service, shape: Shape, value: Any) -> Any:  # noqa: ANN401 - by the model
    """A value as JSON has it: blobs in base64, timestamps in the model's format, absent members left out."""
    if shape.kind == "structure":
        return {
            shape.members[name].wire_name: _member_value(service, shape.members[name], each)
            for name, each in value.items()
            if each is not None
        }
    if shape.kind == "list":
        element = service.shapes[shape.element or ""]
        return [wire_value(service, element, each) for each in value]
    if shape.kind == "map":
        element = service.shapes[shape.value or ""]
        return {key: wire_value(service, element, each) for key, each in value.items()}
    if shape.kind == "blob":
        return base64.b64encode(value).decode("ascii")
    if shape.kind == "timestamp":
        return _timestamp(value, shape.timestamp_format or "unixTimestamp")
    return value


def _member_value(service: Service, member: Member, value: Any) -> Any:  # noqa: ANN401
    shape = service.shapes[member.shape]
    if shape.kind == "timestamp" and member.timestamp_format:
        return _timestamp(value, member.timestamp_format)
    return wire_value(service, shape, value)


def _timestamp(value: float | datetime, form: str) -> float | str:
    """`value` is epoch seconds, or an aware datetime."""
    seconds = value.timestamp() if isinstance(value, datetime) else value
    if form == "unixTimestamp":
        return int(seconds) if seconds == int(seconds) else round(seconds, 3)
    if form == "rfc822":
        return formatdate(seconds, usegmt=True)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _header_text(shape: Shape, value: Any) -> str:  # noqa: ANN401
    if shape.kind == "boolean":
        return "true" if value else "false"
    if shape.kind == "timestamp":
        return str(_timestamp(value, shape.timestamp_format or "rfc822"))
    return str(value)
