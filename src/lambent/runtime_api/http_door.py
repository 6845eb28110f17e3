"""The HTTP Runtime API (version 2018-06-01) for stock runtime clients: the calls of one runtime become calls of its session."""

import asyncio
import base64
import binascii

from lambent.core.function_errors import BAD_RESPONSE_MODE, UNKNOWN, document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import HeaderPair, Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door, Refusal
from lambent.invoke.session import Session
from lambent.runtime_api.runtime_connection import (
    JSON,
    RuntimeConnection,
    error_response,
    invalid_request_id,
    too_large,
)

_VERSION = b"2018-06-01"
_CONNECTIONS_AT_MOST = 64
"""Open at once, of one sandbox; a runtime needs one."""
_TYPE_HEADER = b"lambda-runtime-function-error-type"
_BODY_TRAILER = b"lambda-runtime-function-error-body"
_MODE_HEADER = b"lambda-runtime-function-response-mode"
_INVOCATION_HEADER = b"lambda-runtime-invocation-id"
_ACCEPTED = Response(status=202, headers=JSON, body=b'{"status":"OK"}\n')
_TRANSITION = "State transition is not allowed"


class HttpDoor:
    """Serves the connections of one sandbox. The owner accepts them and calls `close`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connections: set[HttpProtocol] = set()

    def connection(self) -> RuntimeConnection:
        """The protocol for a newly accepted connection."""
        connection = RuntimeConnection(lambda request: self._serve(request, connection), self._session, self._connections.discard)
        self._connections.add(connection)
        return connection

    @property
    def full(self) -> bool:
        """Whether further connections are to be turned away."""
        return len(self._connections) >= _CONNECTIONS_AT_MOST

    def close(self) -> None:
        """Drop every connection."""
        for connection in tuple(self._connections):
            connection.abort()

    # ---------------------------------------------------------------- routes

    async def _serve(self, request: Request, connection: RuntimeConnection) -> Response:
        connection.arrived()
        parts = request.path.strip(b"/").split(b"/")
        if parts in ([b"ping"], [_VERSION, b"ping"]):
            return Response(status=200, headers=((b"Content-Type", b"text/plain"),), body=b"pong")
        if parts[0] == _VERSION and parts[1:2] == [b"runtime"]:
            return await self._runtime(request, parts[2:])
        return _not_found()

    async def _runtime(self, request: Request, parts: list[bytes]) -> Response:
        get, post = request.method == "GET", request.method == "POST"
        if parts == [b"invocation", b"next"]:
            return await self._next() if get else _wrong_method()
        if len(parts) == 3 and parts[0] == b"invocation" and parts[2] in (b"response", b"error"):
            request_id = parts[1].decode("latin-1")
            answer = self._response if parts[2] == b"response" else self._error
            return answer(request, request_id) if post else _wrong_method()
        if parts == [b"init", b"error"]:
            return self._init_error(request) if post else _wrong_method()
        if parts == [b"restore", b"next"]:
            return (
                error_response(404, "SnapStartNotEnabled", "SnapStart is not enabled for this function")
                if get
                else _wrong_method()
            )
        if parts == [b"restore", b"error"]:
            return _refused(Refusal.STATE) if post else _wrong_method()
        return _not_found()

    async def _next(self) -> Response:
        handed: asyncio.Future[tuple[Invocation, int]] = asyncio.get_running_loop().create_future()

        def deliver(invocation: Invocation, deadline_ms: int) -> None:
            if not handed.done():
                handed.set_result((invocation, deadline_ms))

        refusal = self._session.next(deliver, Door.HTTP)
        if refusal is not None:
            return _refused(refusal)
        try:
            invocation, deadline_ms = await handed
        finally:
            self._session.withdraw(deliver)
        return Response(status=200, headers=_headers(invocation, deadline_ms), body=invocation.payload)

    def _response(self, request: Request, request_id: str) -> Response:
        mode = request.header(_MODE_HEADER)
        session, attempt = self._session, request.text(_INVOCATION_HEADER)
        if session.door is not Door.HTTP:
            return _refused(Refusal.STATE)
        if mode is not None and mode.lower() != b"streaming":
            wrong = document(BAD_RESPONSE_MODE, "Invalid Lambda-Runtime-Function-Response-Mode header")
            refusal = session.fail(request_id, BAD_RESPONSE_MODE, wrong, attempt)
            return (
                _refused(refusal)
                if refusal
                else error_response(400, "InvalidFunctionResponseMode", "Invalid function response mode")
            )
        if len(request.body) > RESPONSE_PAYLOAD_BYTES:
            refusal = session.refusal(request_id, attempt) or session.overflow(request_id)
            return too_large() if refusal is None else _refused(refusal)
        failed = _trailing_error(request) if request.trailers else None
        if failed is not None:
            return _accepted(session.fail(request_id, failed[0], failed[1], attempt))
        return _accepted(session.respond(request_id, request.body, attempt))

    def _error(self, request: Request, request_id: str) -> Response:
        session, attempt = self._session, request.text(_INVOCATION_HEADER)
        if session.door is not Door.HTTP:
            return _refused(Refusal.STATE)
        error_type = request.text(_TYPE_HEADER) or UNKNOWN
        return _accepted(session.fail(request_id, error_type, request.body, attempt))

    def _init_error(self, request: Request) -> Response:
        return _accepted(self._session.init_failed(request.text(_TYPE_HEADER) or UNKNOWN, request.body))


def _trailing_error(request: Request) -> tuple[str, bytes] | None:
    """A streamed response that failed midway says so in its trailers: the type, and the document in base64 (facts E1)."""
    trailers = dict(request.trailers)
    if _TYPE_HEADER not in trailers:
        return None
    try:
        body = base64.b64decode(trailers.get(_BODY_TRAILER, b""), validate=True)
    except binascii.Error:
        body = b""
    error_type = trailers[_TYPE_HEADER].decode("latin-1")
    return error_type, body or document(error_type, "")


def _headers(invocation: Invocation, deadline_ms: int) -> list[HeaderPair]:
    headers = [
        *JSON,
        (b"Lambda-Runtime-Aws-Request-Id", invocation.request_id.encode()),
        (b"Lambda-Runtime-Deadline-Ms", b"%d" % deadline_ms),
        (b"Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.encode()),
        (b"Lambda-Runtime-Invocation-Id", invocation.invocation_id.encode()),
    ]
    optional = (
        (b"Lambda-Runtime-Trace-Id", invocation.trace_id),
        (b"Lambda-Runtime-Client-Context", invocation.client_context),
        (b"Lambda-Runtime-Cognito-Identity", invocation.cognito_identity),
        (b"Lambda-Runtime-Aws-Tenant-Id", invocation.tenant_id),
    )
    headers += [(name, _one_line(value)) for name, value in optional if value]
    return headers


def _one_line(value: str) -> bytes:
    """JSON may have line breaks between its tokens, a header may not; inside its strings they are escaped anyway."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", "").encode("utf-8", "replace")


def _accepted(refusal: Refusal | None) -> Response:
    return _ACCEPTED if refusal is None else _refused(refusal)


def _refused(refusal: Refusal) -> Response:
    if refusal is Refusal.REQUEST_ID:
        return invalid_request_id()
    if refusal is Refusal.INVOCATION_ID:
        return error_response(400, refusal.value, "Invalid invocation ID")
    return error_response(403, refusal.value, _TRANSITION)


def _not_found() -> Response:
    return Response(status=404, headers=((b"Content-Type", b"text/plain; charset=utf-8"),), body=b"404 page not found\n")


def _wrong_method() -> Response:
    return Response(status=405)
