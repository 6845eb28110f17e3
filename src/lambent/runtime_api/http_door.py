"""The HTTP Runtime API (version 2018-06-01) for stock runtime clients: the calls of one runtime become calls of its session."""

import asyncio

from lambent.core.function_errors import BAD_RESPONSE_MODE, UNKNOWN, document
from lambent.core.invocation import Invocation
from lambent.core.limits import RESPONSE_PAYLOAD_BYTES
from lambent.http.message import Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.invoke.door import Door, Refusal
from lambent.invoke.extensions import Extensions
from lambent.invoke.session import Session
from lambent.runtime_api import extensions_api
from lambent.runtime_api.extensions_api import ExtensionsApi
from lambent.runtime_api.http_stream import TYPE_HEADER, trailing_error
from lambent.runtime_api.replies import accepted, error_response, invoked, not_found, refused, too_large, wrong_method
from lambent.runtime_api.routes import Route, match
from lambent.runtime_api.runtime_connection import INVOCATION_HEADER, MODE_HEADER, RuntimeConnection

_CONNECTIONS_AT_MOST = 64
"""Open at once, of one sandbox; a runtime needs one."""


class HttpDoor:
    """Serves the connections of one sandbox. The owner accepts them and calls `close`."""

    def __init__(self, session: Session, extensions: Extensions) -> None:
        self._session = session
        self._extensions = extensions
        self._extensions_api = ExtensionsApi(extensions)
        self._connections: set[HttpProtocol] = set()
        self._closed = False

    def connection(self) -> RuntimeConnection:
        """The protocol for a newly accepted connection."""
        connection = RuntimeConnection(lambda request: self._serve(request, connection), self._session, self._extensions, self)
        return connection

    def opened(self, connection: RuntimeConnection) -> None:
        """Called by the connection: it has its transport."""
        self._connections.add(connection)
        if self._closed:
            connection.abort()

    def closed(self, connection: HttpProtocol) -> None:
        """Called by the connection: it has ended."""
        self._connections.discard(connection)

    @property
    def full(self) -> bool:
        """Whether further connections are to be turned away."""
        return len(self._connections) >= _CONNECTIONS_AT_MOST

    def close(self) -> None:
        """Drop every connection, and those that are still being made."""
        self._closed = True
        for connection in tuple(self._connections):
            connection.abort()

    # ---------------------------------------------------------------- routes

    async def _serve(self, request: Request, connection: RuntimeConnection) -> Response:
        connection.arrived()
        if request.path.startswith(extensions_api.PATH):
            return await self._extensions_api.serve(request)
        route, request_id = match(request.method, request.path)
        if route is Route.NEXT:
            return await self._next(request, connection)
        if route is Route.RESPONSE:
            return self._response(request, request_id, connection)
        if route is Route.ERROR:
            return self._error(request, request_id)
        return self._other(route, request)

    def _other(self, route: Route, request: Request) -> Response:
        if route is Route.PING:
            return Response(status=200, headers=((b"Content-Type", b"text/plain"),), body=b"pong")
        if route is Route.INIT_ERROR:
            return accepted(self._session.init_failed(request.text(TYPE_HEADER) or UNKNOWN, request.body))
        if route is Route.RESTORE_NEXT:
            return error_response(404, "SnapStartNotEnabled", "SnapStart is not enabled for this function")
        if route is Route.RESTORE_ERROR:
            return refused(Refusal.STATE)
        return wrong_method() if route is Route.WRONG_METHOD else not_found()

    async def _next(self, request: Request, connection: RuntimeConnection) -> Response:
        handed: asyncio.Future[tuple[Invocation, int]] = asyncio.get_running_loop().create_future()

        def deliver(invocation: Invocation, deadline_ms: int) -> None:
            if not handed.done():
                handed.set_result((invocation, deadline_ms))

        refusal = self._session.next(deliver, Door.HTTP)
        if refusal is not None:
            return refused(refusal)
        if self._extensions.any:
            self._extensions.runtime_waits()
        try:
            invocation, deadline_ms = await handed
        finally:
            self._session.withdraw(deliver)
        connection.learn_next(request)
        connection.familiar.handed(invocation)
        return invoked(invocation, deadline_ms)

    def _response(self, request: Request, request_id: str, connection: RuntimeConnection) -> Response:
        stream = connection.take_stream(request)
        if stream is not None:
            return accepted(None if stream.finish(request) else self._session.refusal(request_id))
        mode = request.header(MODE_HEADER)
        session, attempt = self._session, request.text(INVOCATION_HEADER)
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
            return self._oversized(request_id, attempt)
        failed = trailing_error(request) if request.trailers else None
        if failed is not None:
            return accepted(session.fail(request_id, failed[0], failed[1], attempt))
        refusal = session.respond(request_id, request.body, attempt)
        if refusal is None and mode is None:
            connection.learn_response(request, request_id)
        return accepted(refusal)

    def _error(self, request: Request, request_id: str) -> Response:
        session, attempt = self._session, request.text(INVOCATION_HEADER)
        if session.door is not Door.HTTP:
            return refused(Refusal.STATE)
        if len(request.body) > RESPONSE_PAYLOAD_BYTES:
            return self._oversized(request_id, attempt)
        error_type = request.text(TYPE_HEADER) or UNKNOWN
        return accepted(session.fail(request_id, error_type, request.body, attempt))

    def _oversized(self, request_id: str, attempt: str | None) -> Response:
        refusal = self._session.refusal(request_id, attempt) or self._session.overflow(request_id)
        return too_large() if refusal is None else refused(refusal)
