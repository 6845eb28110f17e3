"""The reply of InvokeWithResponseStream: each piece of the response in a frame as it comes, then how it ended (facts B4)."""

import base64
import json

from lambent.api.event_stream import event
from lambent.core.errors import LambdaError
from lambent.core.invocation import InvocationStatus, InvokeResult
from lambent.http import Response
from lambent.invoke.streamed_invoke import StreamedInvoke


def stream_reply(invoke: StreamedInvoke, request_id: str, *, log_tail: bool) -> Response:
    """The reply to an invocation that has started; it takes `invoke` over."""
    headers = (
        (b"x-amzn-RequestId", request_id.encode()),
        (b"X-Amz-Executed-Version", invoke.executed_version.encode()),
        (b"Content-Type", b"application/vnd.amazon.eventstream"),
        (b"X-Amzn-Remapped-Content-Type", invoke.content_type.encode("latin-1")),
    )
    return Response(status=200, headers=headers, body=EventFrames(invoke, log_tail=log_tail))


class EventFrames:
    """An iterator of frames. Not a generator: one that was never begun could not be closed, and the invocation with it."""

    def __init__(self, invoke: StreamedInvoke, *, log_tail: bool) -> None:
        self._invoke = invoke
        self._log_tail = log_tail
        self._complete = False

    def __aiter__(self) -> "EventFrames":
        return self

    async def __anext__(self) -> bytes:
        if self._complete:
            raise StopAsyncIteration
        piece = await self._invoke.read()
        if piece:
            return event("PayloadChunk", "application/octet-stream", piece)
        self._complete = True
        return event("InvokeComplete", "application/json", json.dumps(await self._completion(), separators=(",", ":")).encode())

    async def aclose(self) -> None:
        """The client is gone, or has everything."""
        await self._invoke.aclose()

    async def _completion(self) -> dict[str, str]:
        if self._invoke.whole and not self._log_tail:
            return {}  # the function may go on for long after its response
        try:
            result = await self._invoke.result()
        except LambdaError as fault:
            return {"ErrorCode": fault.code, "ErrorDetails": fault.message}
        complete: dict[str, str] = {}
        if result.outcome.status is not InvocationStatus.SUCCESS and not self._invoke.whole:
            complete["ErrorCode"] = self._invoke.error_code or _code_before_any_byte(result)
            complete["ErrorDetails"] = result.outcome.payload.decode("utf-8", "replace")
        if self._log_tail:
            complete["LogResult"] = base64.b64encode(result.log_tail).decode("ascii")
        return complete


def _code_before_any_byte(result: InvokeResult) -> str:
    """The handler's own error is `Unhandled`, as in Invoke; the platform's is named."""
    handled = result.outcome.status is InvocationStatus.FAILURE
    return "Unhandled" if handled or result.outcome.error_type is None else result.outcome.error_type
