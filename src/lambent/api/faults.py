"""Error replies, by the service model: which case the message key has, which members there are, which travel as headers."""

import json
from typing import Final

from lambent.api.model import Service, Shape
from lambent.core.errors import ClientError, LambdaError, ServiceError
from lambent.http import Response

_CAPITAL: Final = frozenset({"AccessDeniedException"})
"""Errors of no shape in the model whose key is `Message`; the others have `message`."""
_RETRY_AFTER_SECONDS: Final = "1"
_JSON_CODES: Final = {
    "InvalidParameterValueException": "InvalidParameterException",
    "ServiceException": "ServiceUnavailableException",
}
"""What CloudWatch Logs calls the same fault."""


class RequestEntityTooLarge(ClientError):
    """The body of a control-plane request is over the cap of its operation."""

    code = "RequestEntityTooLargeException"
    status = 413


def rest_fault(service: Service | None, error: LambdaError, request_id: str) -> Response:
    """The reply of a REST service. `service` is None when the request did not get as far as an operation."""
    shape = None if service is None else service.shapes.get(error.code)
    members = dict(error.members)
    if error.status == 429:
        members.setdefault("retryAfterSeconds", _RETRY_AFTER_SECONDS)
    headers = [
        (b"Content-Type", b"application/json"),
        (b"x-amzn-RequestId", request_id.encode()),
        (b"x-amzn-ErrorType", error.code.encode()),
    ]
    body = dict[str, str]()
    if shape is not None and "Type" in shape.members:
        body["Type"] = "Service" if isinstance(error, ServiceError) else "User"
    body[_message_key(shape, error.code)] = error.message
    for name, value in members.items():
        member = None if shape is None else shape.members.get(name)
        if member is not None and member.location == "header":
            headers.append((member.wire_name.encode(), value.encode()))
        elif member is not None:
            body[member.wire_name] = value
    return Response(status=error.status, headers=headers, body=_dump(body))


def json_fault(error: LambdaError, request_id: str) -> Response:
    """The reply of a JSON-protocol service: the code is in the body; the caller's faults are all status 400."""
    code = _JSON_CODES.get(error.code, error.code)
    headers = (
        (b"Content-Type", b"application/x-amz-json-1.1"),
        (b"x-amzn-RequestId", request_id.encode()),
        (b"x-amzn-ErrorType", code.encode()),
    )
    status = error.status if isinstance(error, ServiceError) else 400
    return Response(status=status, headers=headers, body=_dump({"__type": code, "message": error.message}))


def _message_key(shape: Shape | None, code: str) -> str:
    if shape is None:
        return "Message" if code in _CAPITAL else "message"
    return next((name for name in shape.members if name.lower() == "message"), "message")


def _dump(body: object) -> bytes:
    """Half of a surrogate pair, should one come in from a request, is sent as its escape."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode()
