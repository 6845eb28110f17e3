"""The Extensions API (version 2020-01-01): the calls of one sandbox's extensions become calls of its Extensions (facts E3)."""

import asyncio
import re

from lambent.core.extension import ExtensionRefusal, registration
from lambent.http.message import Request, Response
from lambent.invoke.extensions import Extensions
from lambent.runtime_api.replies import ACCEPTED, JSON, error_response, not_found, wrong_method

PATH = b"/2020-01-01/extension/"
BODY_BYTES = 64 * 1024
"""Of a register request or an error report: more is refused before it is read."""
_NAME_HEADER = b"lambda-extension-name"
_IDENTIFIER_HEADER = b"lambda-extension-identifier"
_FEATURE_HEADER = b"lambda-extension-accept-feature"
_ERROR_HEADER = b"lambda-extension-function-error-type"
_NAME_CHARACTERS = 256
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ExtensionsApi:
    """The routes below PATH."""

    def __init__(self, extensions: Extensions) -> None:
        self._extensions = extensions

    async def serve(self, request: Request) -> Response:
        """Answer a request whose path begins with PATH."""
        parts = request.path.removeprefix(PATH).rstrip(b"/").split(b"/")
        get, post = request.method == "GET", request.method == "POST"
        if parts == [b"register"]:
            return self._register(request) if post else wrong_method()
        if parts == [b"event", b"next"]:
            return await self._next(request) if get else wrong_method()
        if parts in ([b"init", b"error"], [b"exit", b"error"]):
            return self._error(request, at_init=parts[0] == b"init") if post else wrong_method()
        return not_found()

    def _register(self, request: Request) -> Response:
        name = request.text(_NAME_HEADER) or ""
        if not name or len(name) > _NAME_CHARACTERS:
            return error_response(403, "Extension.InvalidExtensionName", "Empty extension name" if not name else "Too long")
        extension = self._extensions.register(name, request.body)
        host = self._extensions.host
        if isinstance(extension, ExtensionRefusal) or host is None:
            return refused_extension(extension) if isinstance(extension, ExtensionRefusal) else not_found()
        accepts = [each.strip() for each in (request.text(_FEATURE_HEADER) or "").split(",")]
        body = registration(host.function, with_account="accountId" in accepts)
        identifier = (b"Lambda-Extension-Identifier", extension.identifier.encode())
        return Response(status=200, headers=(*JSON, identifier), body=body)

    async def _next(self, request: Request) -> Response:
        identifier = extension_identifier(request)
        if isinstance(identifier, Response):
            return identifier
        handed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def hand(event: bytes) -> None:
            if not handed.done():
                handed.set_result(event)

        refusal = self._extensions.next(identifier, hand)
        if refusal is not None:
            return refused_extension(refusal)
        try:
            event = await handed
        finally:
            self._extensions.withdraw(identifier, hand)
        return Response(status=200, headers=(*JSON, self._event_identifier()), body=event)

    def _event_identifier(self) -> tuple[bytes, bytes]:
        host = self._extensions.host
        return (b"Lambda-Extension-Event-Identifier", b"" if host is None else host.new_identifier().encode())

    def _error(self, request: Request, *, at_init: bool) -> Response:
        identifier = extension_identifier(request)
        if isinstance(identifier, Response):
            return identifier
        error_type = request.text(_ERROR_HEADER)
        if not error_type:
            return error_response(403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
        refusal = self._extensions.report_error(identifier, error_type, at_init=at_init)
        return ACCEPTED if refusal is None else refused_extension(refusal)


def extension_identifier(request: Request) -> str | Response:
    """Who calls, by the header that registering gave; or the refusal of a call without it. It may still be unknown."""
    identifier = request.text(_IDENTIFIER_HEADER)
    if not identifier:
        return error_response(403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
    if not _UUID.fullmatch(identifier):
        return error_response(403, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
    return identifier.lower()


def refused_extension(refusal: ExtensionRefusal) -> Response:
    """Every refusal of the Extensions API is a 403 (the emulator)."""
    return error_response(403, refusal.error_type, refusal.message)
