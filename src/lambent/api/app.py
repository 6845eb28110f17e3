"""The AWS-facing server: one entrance for every request, and one path for every error."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lambent import __version__
from lambent.api.admission import admit
from lambent.api.call import Call, Handler
from lambent.api.downloads import PREFIX, DownloadLinks, Downloads
from lambent.api.faults import json_fault, rest_fault
from lambent.api.identity import endpoint_of, owner_of, refuse_foreign_page
from lambent.api.invoke import Authorize, FrontDoor, InvokeHandlers, own_account_only
from lambent.api.logs_service import logs_service
from lambent.api.model import Service, load_service
from lambent.api.parsing import read_members
from lambent.api.routes import Match, Router, parse_query
from lambent.api.serialise import JSON, success
from lambent.api.sigv4 import Scope, Verifier, claimed_scope
from lambent.api.validation import validate
from lambent.core.errors import LambdaError, OperationNotImplemented, ServiceFault, UnknownOperation
from lambent.core.function import Owner
from lambent.core.ports import Chance, Clock, LogStore, PackageStore
from lambent.http import HttpLimits, HttpServer, Request, Response

_log = logging.getLogger(__name__)

REST_SERVICES: Final = ("lambda", "lambda-core", "lambda-web", "lambda-microvms")
"""Models that share Lambda's host and signing name, the first having precedence."""
_SIGNED_FOR: Final = frozenset({"lambda", "logs"})
_TRUSTED_BYTES: Final = 64 * 1024
"""A body up to this size is read before its sender is looked at."""
_OWN_PREFIX: Final = b"/_lambent/"
_INVOKE_PREFIX: Final = b"/2015-03-31/functions/"
_INVOKE_SUFFIX: Final = b"/invocations"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppParts:
    """What the API is made of, all plain values and ports."""

    handlers: Mapping[str, Handler]
    """Control-plane operations of the `lambda` model by name."""
    invoker: FrontDoor
    authorize_invoke: Authorize = own_account_only
    """Who may invoke which function, such as `control.invoke_policy.InvokePolicy.check`."""
    logs: LogStore
    packages: PackageStore
    links: DownloadLinks
    clock: Clock
    chance: Chance
    account: str
    region: str
    access_keys: Mapping[str, str] = field(default_factory=dict)
    """Not empty: every request must be signed by one of these."""
    isolation: str
    """The level that functions run at, for the health route."""
    runtimes: tuple[str, ...] = ()
    """Identifiers of the runtimes of this host, for the health route."""
    endpoint: str = "http://127.0.0.1:4566"
    """For links, when a request has no usable Host header."""


def load_models() -> None:
    """Read every model that the App needs, about 30 ms: may run in a thread beside other work of a start."""
    for name in (*REST_SERVICES, "logs"):
        load_service(name)


def build_app(parts: AppParts) -> "App":
    """Load the models, if that has not been done, and join everything."""
    return App(parts, [load_service(name) for name in REST_SERVICES], load_service("logs"))


class App:
    """Takes requests of every AWS service that is carried here."""

    def __init__(self, parts: AppParts, services: list[Service], logs: Service) -> None:
        self._parts = parts
        self._account, self._region = parts.account, parts.region
        self._uuid = parts.chance.uuid
        self._lambda = services[0]
        self._router = Router(services)
        self._handlers = parts.handlers
        invoke = InvokeHandlers(self._lambda, parts.invoker, parts.authorize_invoke, parts.clock, parts.chance)
        self._invoke = invoke.invoke
        self._raw = invoke.raw_handlers()
        self._json = logs_service(logs, parts.logs, parts.clock, parts.chance)
        self._downloads = Downloads(parts.links, parts.packages)
        self._verifier = Verifier(parts.access_keys, _SIGNED_FOR, parts.clock) if parts.access_keys else None

    def server(self, limits: HttpLimits | None = None) -> HttpServer:
        """An HTTP server of this app; its `protocol` is the connection factory. Requests run to their end, as on Lambda,
        also when their client has gone."""
        return HttpServer(self.handle, limits or HttpLimits(finish_after_disconnect=True), admit=self.admit)

    def admit(self, request: Request) -> int | Response:
        """From the head alone: how large the body may be, or a refusal."""
        try:
            length = request.content_length
            if self._verifier is not None and (length is None or length > _TRUSTED_BYTES):
                self._verifier.check_claim(request)
            return admit(request)
        except LambdaError as error:
            return self._fault(error, request, self._uuid())

    async def handle(self, request: Request) -> Response:
        """Answer one request. Never raises but CancelledError."""
        request_id = self._uuid()
        try:
            if request.path.startswith(_OWN_PREFIX):
                return await self._own(request)
            scope = _claimed(request) if self._verifier is None else await self._verifier.verify(request)
            caller = owner_of(scope, self._account, self._region)
            if _is_invoke(request):
                return await self._invoke(request, caller, request_id)
            return await self._answer(request, scope, caller, request_id)
        except LambdaError as error:
            return self._fault(error, request, request_id)
        except Exception:  # noqa: BLE001 - the request boundary
            facts = {"request_id": request_id, "method": request.method, "path": request.path.decode("latin-1")}
            _log.exception("request_failed", extra=facts)
            return self._fault(ServiceFault("An internal error occurred."), request, request_id)

    async def _answer(self, request: Request, scope: Scope | None, caller: Owner, request_id: str) -> Response:
        if request.header(b"x-amz-target") is not None:
            operation = self._json.operation(request)
            return await self._json.answer(self._call(operation, request, caller, request_id), request)
        query = parse_query(request.query)
        match = self._router.match(request.method, request.path, query)
        if match is None:
            raise _unknown(request, scope)
        raw = self._raw.get(match.operation.name)
        if raw is not None and match.service is self._lambda:
            return await raw(request, caller, request_id)
        call = self._call(match.operation.name, request, caller, request_id)
        handler = self._handler(match)
        members = await read_members(match, request, query)
        validate(match.service, match.operation.input, members)
        return success(match.service, match.operation, await handler(call, members), request_id)

    def _call(self, operation: str, request: Request, caller: Owner, request_id: str) -> Call:
        endpoint = endpoint_of(request, self._parts.endpoint)
        return Call(operation=operation, caller=caller, request_id=request_id, endpoint=endpoint)

    def _handler(self, match: Match) -> Handler:
        handler = self._handlers.get(match.operation.name) if match.service is self._lambda else None
        if handler is None:
            raise OperationNotImplemented(
                f"Lambent does not do {match.operation.name} of {match.service.name} yet; its page docs/compatibility.md says "
                "what it does."
            )
        return handler

    async def _own(self, request: Request) -> Response:
        """Lambent's own routes, which are not signed: the health check, and download links, which carry a signature of ours."""
        if request.method not in ("GET", "HEAD"):
            raise _unknown(request, None)
        if request.path.startswith(PREFIX):
            return await self._downloads.serve(request)
        if request.path == b"/_lambent/health":
            body = {"status": "ok", "version": __version__, "isolation": self._parts.isolation, "runtimes": self._parts.runtimes}
            return Response(status=200, headers=(JSON,), body=json.dumps(body).encode())
        raise _unknown(request, None)

    def _fault(self, error: LambdaError, request: Request, request_id: str) -> Response:
        if request.header(b"x-amz-target") is not None:
            return json_fault(error, request_id)
        return rest_fault(self._lambda, error, request_id)


def _is_invoke(request: Request) -> bool:
    """Whether it is the hot path's, which needs no router."""
    path = request.path
    return (
        path.endswith(_INVOKE_SUFFIX)
        and path.startswith(_INVOKE_PREFIX)
        and path.count(b"/") == 4
        and request.method == "POST"
        and b"x-amz-target" not in request.index
    )


def _claimed(request: Request) -> Scope | None:
    """Whom the request says it is from, where authentication is off. Raises AccessDenied for a foreign page's."""
    if b"origin" in request.index:
        refuse_foreign_page(request)
    return claimed_scope(request)


def _unknown(request: Request, scope: Scope | None) -> UnknownOperation:
    if scope is not None and scope.service not in _SIGNED_FOR:
        return UnknownOperation(f"This endpoint carries lambda and logs; the request is for {scope.service}.")
    path = request.path[:256].decode("latin-1")
    return UnknownOperation(f"No operation has the method and path {request.method} {path}.")
