"""The HTTP Runtime API (version 2018-06-01) for stock runtime clients: the calls of one runtime become calls of its session."""

import asyncio
import base64
import binascii

from lambent.core.function_errors import BAD_RESPONSE_MODE, UNKNOWN, document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door, Refusal
from lambent.invoke.session import Session
from lambent.runtime_api.replies import accepted, error_response, invoked, refused, too_large
from lambent.runtime_api.runtime_connection import RuntimeConnection

_VERSION = b"2018-06-01"
_CONNECTIONS_AT_MOST = 64
"""Open at once, of one sandbox; a runtime needs one."""
_TYPE_HEADER = b"lambda-runtime-function-error-type"
_BODY_TRAILER = b"lambda-runtime-function-error-body"
_MODE_HEADER = b"lambda-runtime-function-response-mode"
_INVOCATION_HEADER = b"lambda-runtime-invocation-id"


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
            return await self._runtime(request, parts[2:], connection)
        return _not_found()

    async def _runtime(self, request: Request, parts: list[bytes], connection: RuntimeConnection) -> Response:
        get, post = request.method == "GET", request.method == "POST"
        if parts == [b"invocation", b"next"]:
            return await self._next(request, connection) if get else _wrong_method()
        if len(parts) == 3 and parts[0] == b"invocation" and parts[2] in (b"response", b"error"):
            return self._answer(request, parts, connection) if post else _wrong_method()
        if parts == [b"init", b"error"]:
            return self._init_error(request) if post else _wrong_method()
        if parts == [b"restore", b"next"]:
            return (
                error_response(404, "SnapStartNotEnabled", "SnapStart is not enabled for this function")
                if get
                else _wrong_method()
            )
        if parts == [b"restore", b"error"]:
            return refused(Refusal.STATE) if post else _wrong_method()
        return _not_found()

    async def _next(self, request: Request, connection: RuntimeConnection) -> Response:
        handed: asyncio.Future[tuple[Invocation, int]] = asyncio.get_running_loop().create_future()

        def deliver(invocation: Invocation, deadline_ms: int) -> None:
            if not handed.done():
                handed.set_result((invocation, deadline_ms))

        refusal = self._session.next(deliver, Door.HTTP)
        if refusal is not None:
            return refused(refusal)
        try:
            invocation, deadline_ms = await handed
        finally:
            self._session.withdraw(deliver)
        connection.learn_next(request)
        connection.familiar.handed(invocation)
        return invoked(invocation, deadline_ms)

    def _answer(self, request: Request, parts: list[bytes], connection: RuntimeConnection) -> Response:
        request_id = parts[1].decode("latin-1")
        return self._error(request, request_id) if parts[2] == b"error" else self._response(request, request_id, connection)

    def _response(self, request: Request, request_id: str, connection: RuntimeConnection) -> Response:
        mode = request.header(_MODE_HEADER)
        session, attempt = self._session, request.text(_INVOCATION_HEADER)
        if session.door is not Door.HTTP:
            return refused(Refusal.STATE)
        if mode is not None and mode.lower() != b"streaming":
            wrong = document(BAD_RESPONSE_MODE, "Invalid Lambda-Runtime-Function-Response-Mode header")
            refusal = session.fail(request_id, BAD_RESPONSE_MODE, wrong, attempt)
            return (
                refused(refusal)
                if refusal
                else error_response(400, "InvalidFunctionResponseMode", "Invalid function response mode")
            )
        if len(request.body) > RESPONSE_PAYLOAD_BYTES:
            refusal = session.refusal(request_id, attempt) or session.overflow(request_id)
            return too_large() if refusal is None else refused(refusal)
        failed = _trailing_error(request) if request.trailers else None
        if failed is not None:
            return accepted(session.fail(request_id, failed[0], failed[1], attempt))
        refusal = session.respond(request_id, request.body, attempt)
        if refusal is None and mode is None:
            connection.learn_response(request, request_id)
        return accepted(refusal)

    def _error(self, request: Request, request_id: str) -> Response:
        session, attempt = self._session, request.text(_INVOCATION_HEADER)
        if session.door is not Door.HTTP:
            return refused(Refusal.STATE)
        error_type = request.text(_TYPE_HEADER) or UNKNOWN
        return accepted(session.fail(request_id, error_type, request.body, attempt))

    def _init_error(self, request: Request) -> Response:
        return accepted(self._session.init_failed(request.text(_TYPE_HEADER) or UNKNOWN, request.body))


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


def _not_found() -> Response:
    return Response(status=404, headers=((b"Content-Type", b"text/plain; charset=utf-8"),), body=b"404 page not found\n")


def _wrong_method() -> Response:
    return Response(status=405)
