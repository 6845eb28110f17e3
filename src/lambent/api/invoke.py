"""Invoke and its kin: the hot path. The event's bytes go through unparsed but for a check that they are JSON (facts B1, B4)."""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from lambent.api.invoke_members import InvocationType, InvokeMembers, InvokeReader, payload_of, request_id_of, small_payload
from lambent.api.invoke_stream import stream_reply
from lambent.api.large_json import LARGE_BYTES
from lambent.api.model import Service
from lambent.api.serialise import JSON
from lambent.core.addressing import not_authorized
from lambent.core.function import FunctionVersion, Owner
from lambent.core.invocation import InvokeRequest, InvokeResult
from lambent.core.limits import INVOKE_ASYNC_PAYLOAD_BYTES
from lambent.core.names import FunctionReference
from lambent.core.ports import Chance, Clock
from lambent.http import Request, Response
from lambent.invoke.streamed_invoke import StreamedInvoke

RawHandler = Callable[[Request, Owner, str], Awaitable[Response]]
"""Takes the request as it came, its caller and a new request id, for operations whose body is not the model's JSON."""

Authorize = Callable[[FunctionReference, Owner], Awaitable[None]]
"""Whether this caller may invoke this function. Raises AccessDenied."""

_TRACE = re.compile(r"[!-~ ]{1,1024}")
_REMAPPED: Final = (b"x-amzn-Remapped-Content-Length", b"0")


class FrontDoor(Protocol):
    """The data plane, as this module needs it (implemented by `invoke.invoker.Invoker`)."""

    async def invoke(self, request: InvokeRequest) -> InvokeResult: ...

    async def accept(self, request: InvokeRequest) -> None: ...

    async def resolve(self, reference: FunctionReference) -> FunctionVersion: ...


async def own_account_only(reference: FunctionReference, caller: Owner) -> None:
    """The Authorize of an installation without resource policies."""
    if reference.key.owner.account != caller.account:
        raise not_authorized(caller, action="InvokeFunction", arn=reference.arn)


class InvokeHandlers:
    """Invoke, InvokeAsync, InvokeWithResponseStream."""

    def __init__(self, service: Service, door: FrontDoor, authorize: Authorize, clock: Clock, chance: Chance) -> None:
        self._reader = InvokeReader(service)
        self._door = door
        self._authorize = authorize
        self._clock = clock
        self._chance = chance

    def raw_handlers(self) -> Mapping[str, RawHandler]:
        """By operation name."""
        return {
            "Invoke": self.invoke,
            "InvokeAsync": self.invoke_async,
            "InvokeWithResponseStream": self.invoke_with_response_stream,
        }

    async def invoke(self, request: Request, caller: Owner, new_id: str) -> Response:
        """Reply 200 also for a function error; 202 for Event once it is durable; 204 for DryRun."""
        request_id = request_id_of(request) or new_id
        members = self._reader.read("Invoke", request, caller)
        await self._authorize(members.reference, caller)
        payload = (
            small_payload(request.body) if len(request.body) < LARGE_BYTES else await payload_of(request, members.invocation_type)
        )
        if members.invocation_type is InvocationType.EVENT:
            request_id = new_id  # names the event in the queue, so it must be new
        if members.invocation_type is InvocationType.DRY_RUN:
            return await self._dry_run(members, request_id)
        trace_id, trace_header = self._trace(request)
        invoke_request = _request(members, payload, request_id, trace_id)
        headers = [(b"x-amzn-RequestId", request_id.encode()), (b"X-Amzn-Trace-Id", trace_header), _REMAPPED, JSON]
        if members.invocation_type is InvocationType.EVENT:
            await self._door.accept(invoke_request)
            return Response(status=202, headers=headers)
        result = await self._door.invoke(invoke_request)
        headers.append((b"X-Amz-Executed-Version", result.executed_version.encode()))
        if result.outcome.function_error is not None:
            headers.append((b"X-Amz-Function-Error", result.outcome.function_error.encode()))
        if members.log_tail:
            headers.append((b"X-Amz-Log-Result", base64.b64encode(result.log_tail)))
        return Response(status=200, headers=headers, body=result.outcome.payload)

    async def invoke_async(self, request: Request, caller: Owner, new_id: str) -> Response:
        """The legacy operation: an Event of at most 256 KB."""
        members = self._reader.read("InvokeAsync", request, caller)
        await self._authorize(members.reference, caller)
        payload = await payload_of(request, InvocationType.EVENT, limit=INVOKE_ASYNC_PAYLOAD_BYTES)
        await self._door.accept(_request(members, payload, new_id, self._trace(request)[0]))
        return Response(status=202, headers=(JSON, (b"x-amzn-RequestId", new_id.encode())), body=b'{"Status":202}')

    async def invoke_with_response_stream(self, request: Request, caller: Owner, new_id: str) -> Response:
        """Reply in event-stream frames, each sent as the function produces it."""
        request_id = request_id_of(request) or new_id
        members = self._reader.read("InvokeWithResponseStream", request, caller)
        await self._authorize(members.reference, caller)
        payload = await payload_of(request, members.invocation_type)
        if members.invocation_type is InvocationType.DRY_RUN:
            return await self._dry_run(members, request_id)
        invoke_request = _request(members, payload, request_id, self._trace(request)[0])
        started = await StreamedInvoke.start(self._door.invoke, invoke_request)
        return stream_reply(started, request_id, log_tail=members.log_tail)

    async def _dry_run(self, members: InvokeMembers, request_id: str) -> Response:
        version = await self._door.resolve(members.reference)
        executed = (b"X-Amz-Executed-Version", version.version.encode())
        return Response(status=204, headers=((b"x-amzn-RequestId", request_id.encode()), executed))

    def _trace(self, request: Request) -> tuple[str, bytes]:
        """The caller's trace header when it has a root, else a new, unsampled trace; and the reply's form of it."""
        given = request.text(b"x-amzn-trace-id")
        if given is not None and "Root=" in given and _TRACE.fullmatch(given):
            return given, _trace_header(given)
        token = self._chance.token(40)
        root = f"1-{int(self._clock.now()):08x}-{token[:24]}"
        return f"Root={root};Parent={token[24:]};Sampled=0", f"root={root};sampled=0".encode()


def _request(members: InvokeMembers, payload: bytes, request_id: str, trace_id: str) -> InvokeRequest:
    return InvokeRequest(
        reference=members.reference,
        payload=payload,
        request_id=request_id,
        trace_id=trace_id,
        client_context=members.client_context,
        tenant_id=members.tenant_id,
        log_tail=members.log_tail,
    )


def _trace_header(trace: str) -> bytes:
    """The reply's form of a trace: `root=...;sampled=...`."""
    root = trace.partition("Root=")[2].partition(";")[0]
    sampled = trace.partition("Sampled=")[2].partition(";")[0] or "0"
    return f"root={root};sampled={sampled}".encode("latin-1")
