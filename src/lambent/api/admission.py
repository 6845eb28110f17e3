"""Decides from a request's head how large its body may be, so that an oversized one is refused before it is read."""

import re
from typing import Final

from lambent.api.faults import RequestEntityTooLarge
from lambent.api.invoke_members import PAYLOAD_BYTES, InvocationType, check_size
from lambent.core.limits import INVOKE_ASYNC_PAYLOAD_BYTES, MEBIBYTE
from lambent.http import Request

_CODE_BYTES: Final = 70_167_211
"""A request that carries a zip (Lambda's own cap: 50 MB in base64, with room for the JSON around it)."""
_OTHER_BYTES: Final = 6 * MEBIBYTE
_MARGIN_BYTES: Final = 64 * 1024
"""What a body of undeclared length may have over its cap, so that the handler can say how large it was."""

_INVOKE = re.compile(rb"/20\d\d-\d\d-\d\d/functions/[^/]+/(invocations|response-streaming-invocations|invoke-async)/?")
_CODE: Final = (
    ("CreateFunction", "POST", re.compile(rb"/2015-03-31/functions/?")),
    ("UpdateFunctionCode", "PUT", re.compile(rb"/2015-03-31/functions/[^/]+/code/?")),
    ("PublishLayerVersion", "POST", re.compile(rb"/2018-10-31/layers/[^/]+/versions/?")),
)


def admit(request: Request) -> int:
    """The most bytes that the body may have. Raises RequestTooLarge or RequestEntityTooLarge, in Lambda's words."""
    length = request.content_length
    if length is not None and length <= INVOKE_ASYNC_PAYLOAD_BYTES:
        return length
    invoke = _INVOKE.fullmatch(request.path)
    if invoke is not None and request.method == "POST":
        return _admit_payload(request, length, legacy=invoke[1] == b"invoke-async")
    operation, most = _cap(request)
    if length is not None and length > most:
        raise RequestEntityTooLarge(f"Request must be smaller than {most} bytes for the {operation} operation")
    return most


def _admit_payload(request: Request, length: int | None, *, legacy: bool) -> int:
    given = request.text(b"x-amz-invocation-type")
    is_event = legacy or given == InvocationType.EVENT.value
    kind = InvocationType.EVENT if is_event else InvocationType.REQUEST_RESPONSE
    limit = INVOKE_ASYNC_PAYLOAD_BYTES if legacy else PAYLOAD_BYTES[kind]
    if length is not None:
        check_size(length, kind, limit=limit)
    return limit + _MARGIN_BYTES


def _cap(request: Request) -> tuple[str, int]:
    for operation, method, path in _CODE:
        if request.method == method and path.fullmatch(request.path):
            return operation, _CODE_BYTES
    return "requested", _OTHER_BYTES
