"""Invoke and its kin: the hot path. The event's bytes go through unparsed but for a check that they are JSON (facts B1, B4)."""

import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, Protocol

from lambent.api.call import Call
from lambent.api.event_stream import event
from lambent.api.invoke_members import InvocationType, InvokeMembers, InvokeReader, payload_of, request_id_of
from lambent.api.model import Service
from lambent.api.serialise import JSON
from lambent.core.addressing import not_authorized
from lambent.core.function import FunctionVersion, Owner
from lambent.core.invocation import InvocationStatus, InvokeRequest, InvokeResult, Outcome
from lambent.core.limits import INVOKE_ASYNC_PAYLOAD_BYTES
from lambent.core.names import FunctionReference
from lambent.core.ports import Chance, Clock
from lambent.http import Request, Response

RawHandler = Callable[[Call, Request], Awaitable[Response]]
"""Takes the request as it came, for operations whose body is not the model's JSON."""

Authorize = Callable[[FunctionReference, Owner], Awaitable[None]]
"""Whether this caller may invoke this function. Raises AccessDenied."""

_CHUNK_BYTES: Final = 128 * 1024
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

    async def invoke(self, call: Call, request: Request) -> Response:
        """Reply 200 also for a function error; 202 for Event once it is durable; 204 for DryRun."""
        request_id = request_id_of(request) or call.request_id
        members = self._reader.read("Invoke", request, call.caller)
        await self._authorize(members.reference, call.caller)
        payload = await payload_of(request, members.invocation_type)
        if members.invocation_type is InvocationType.EVENT:
            request_id = call.request_id  # names the event in the queue, so it must be new
        headers = [(b"x-amzn-RequestId", request_id.encode())]
        if members.invocation_type is InvocationType.DRY_RUN:
            return await self._dry_run(members, headers)
        invoke_request = self._request(members, payload, request_id, request)
        headers += ((b"X-Amzn-Trace-Id", _trace_header(invoke_request.trace_id)), _REMAPPED, JSON)
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

    async def invoke_async(self, call: Call, request: Request) -> Response:
        """The legacy operation: an Event of at most 256 KB."""
        members = self._reader.read("InvokeAsync", request, call.caller)
        await self._authorize(members.reference, call.caller)
        payload = await payload_of(request, InvocationType.EVENT, limit=INVOKE_ASYNC_PAYLOAD_BYTES)
        await self._door.accept(self._request(members, payload, call.request_id, request))
        return Response(status=202, headers=(JSON, (b"x-amzn-RequestId", call.request_id.encode())), body=b'{"Status":202}')

    async def invoke_with_response_stream(self, call: Call, request: Request) -> Response:
        """Reply in event-stream frames. The function's whole response is collected before the first of them is sent."""
        request_id = request_id_of(request) or call.request_id
        members = self._reader.read("InvokeWithResponseStream", request, call.caller)
        await self._authorize(members.reference, call.caller)
        payload = await payload_of(request, members.invocation_type)
        headers = [(b"x-amzn-RequestId", request_id.encode())]
        if members.invocation_type is InvocationType.DRY_RUN:
            return await self._dry_run(members, headers)
        result = await self._door.invoke(self._request(members, payload, request_id, request))
        headers += (
            (b"X-Amz-Executed-Version", result.executed_version.encode()),
            (b"Content-Type", b"application/vnd.amazon.eventstream"),
            (b"X-Amzn-Remapped-Content-Type", b"application/octet-stream"),
        )
        log_tail = result.log_tail if members.log_tail else None
        return Response(status=200, headers=headers, body=_frames(result.outcome, log_tail))

    async def _dry_run(self, members: InvokeMembers, headers: list[tuple[bytes, bytes]]) -> Response:
        version = await self._door.resolve(members.reference)
        headers.append((b"X-Amz-Executed-Version", version.version.encode()))
        return Response(status=204, headers=headers)

    def _request(self, members: InvokeMembers, payload: bytes, request_id: str, request: Request) -> InvokeRequest:
        return InvokeRequest(
            reference=members.reference,
            payload=payload,
            request_id=request_id,
            trace_id=self._trace(request),
            client_context=members.client_context,
            tenant_id=members.tenant_id,
            log_tail=members.log_tail,
        )

    def _trace(self, request: Request) -> str:
        """The caller's trace header when it has a root, else a new, unsampled trace."""
        given = request.text(b"x-amzn-trace-id")
        if given is not None and "Root=" in given and _TRACE.fullmatch(given):
            return given
        token = self._chance.token(40)
        return f"Root=1-{int(self._clock.now()):08x}-{token[:24]};Parent={token[24:]};Sampled=0"


def _trace_header(trace: str) -> bytes:
    """The reply's form of a trace: `root=...;sampled=...`."""
    root = trace.partition("Root=")[2].partition(";")[0]
    sampled = trace.partition("Sampled=")[2].partition(";")[0] or "0"
    return f"root={root};sampled={sampled}".encode("latin-1")


async def _frames(outcome: Outcome, log_tail: bytes | None) -> AsyncIterator[bytes]:
    """PayloadChunk frames, then InvokeComplete. A function error sends no payload: it is told in InvokeComplete."""
    complete: dict[str, str] = {}
    if outcome.status is InvocationStatus.SUCCESS:
        for start in range(0, len(outcome.payload), _CHUNK_BYTES):
            yield event("PayloadChunk", "application/octet-stream", outcome.payload[start : start + _CHUNK_BYTES])
    else:
        handled = outcome.status is InvocationStatus.FAILURE
        complete["ErrorCode"] = "Unhandled" if handled or outcome.error_type is None else outcome.error_type
        complete["ErrorDetails"] = outcome.payload.decode("utf-8", "replace")
    if log_tail is not None:
        complete["LogResult"] = base64.b64encode(log_tail).decode("ascii")
    yield event("InvokeComplete", "application/json", json.dumps(complete, separators=(",", ":")).encode())
