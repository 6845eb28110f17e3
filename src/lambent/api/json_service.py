"""A service that speaks AWS JSON 1.1: one path, the operation in X-Amz-Target, everything else in the body."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from lambent.api.call import Call, Handler, Members
from lambent.api.model import Service
from lambent.api.parsing import parse_body, parse_value
from lambent.api.serialise import json_body
from lambent.api.validation import validate
from lambent.core.errors import (
    InvalidParameterValue,
    InvalidRequestContent,
    OperationNotImplemented,
    Serialization,
    UnknownOperation,
    ValidationFailed,
)
from lambent.http import Request, Response

_CONTENT_TYPE: Final = (b"Content-Type", b"application/x-amz-json-1.1")
_EVENT_STREAM: Final = (b"Content-Type", b"application/vnd.amazon.eventstream")

StreamHandler = Callable[[Call, Members], Awaitable[AsyncIterator[bytes]]]
"""Takes what a Handler takes; returns the frames of the reply (api/event_stream.py), or raises LambdaError before the first."""


class JsonService:
    """One service model with its handlers."""

    def __init__(self, service: Service, handlers: Mapping[str, Handler], streams: Mapping[str, StreamHandler]) -> None:
        """`streams` are the operations that answer with an event stream."""
        self._service = service
        self._handlers = handlers
        self._streams = streams

    def operation(self, request: Request) -> str:
        """The operation that X-Amz-Target names. Raises UnknownOperation, OperationNotImplemented."""
        prefix, _, name = (request.text(b"x-amz-target") or "").partition(".")
        if prefix != self._service.target_prefix or name not in self._service.operations or request.method != "POST":
            raise UnknownOperation("The X-Amz-Target header names no operation that this endpoint carries.")
        if name not in self._handlers and name not in self._streams:
            raise OperationNotImplemented(f"Lambent does not do {name} of {self._service.name} yet.")
        return name

    async def answer(self, call: Call, request: Request) -> Response:
        """Parse, check, handle, serialise. Raises LambdaError."""
        operation = self._service.operations[call.operation]
        members = self._members(operation.input, request)
        try:
            validate(self._service, operation.input, members)
        except ValidationFailed as error:
            raise InvalidParameterValue(error.message) from error
        named = (b"x-amzn-RequestId", call.request_id.encode())
        if call.operation in self._streams:
            return Response(status=200, headers=(_EVENT_STREAM, named), body=await self._streams[call.operation](call, members))
        reply = await self._handlers[call.operation](call, members)
        headers = (_CONTENT_TYPE, named)
        return Response(status=200, headers=headers, body=json_body(self._service, operation.output, reply))

    def _members(self, shape: str | None, request: Request) -> Mapping[str, Any]:
        try:
            body = parse_body(request.body)
        except InvalidRequestContent as error:
            raise Serialization(error.message) from error
        members: Mapping[str, Any] = {} if shape is None or body is None else parse_value(self._service, shape, body)
        return members
