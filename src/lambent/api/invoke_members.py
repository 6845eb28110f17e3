"""Reads what an Invoke request asks for: which function, how, with which context; and holds its payload to the limits."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from lambent.api.json_text import NotJson, parse_json
from lambent.api.large_json import LARGE_BYTES, check_large_json
from lambent.api.model import Service
from lambent.api.routes import parse_query
from lambent.api.validation import validate
from lambent.core.addressing import reachable_function
from lambent.core.errors import InvalidParameterValue, InvalidRequestContent, RequestTooLarge
from lambent.core.function import Owner
from lambent.core.limits import ASYNCHRONOUS_PAYLOAD_BYTES, SYNCHRONOUS_PAYLOAD_BYTES
from lambent.core.names import FunctionReference
from lambent.http import Request

CLIENT_CONTEXT_BYTES: Final = 3583
"""Of the header, still in base64 (Invoke, member ClientContext)."""
_CACHED_CHARACTERS: Final = 1024
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEADERS: Final = (
    ("InvocationType", b"x-amz-invocation-type"),
    ("LogType", b"x-amz-log-type"),
    ("ClientContext", b"x-amz-client-context"),
    ("DurableExecutionName", b"x-amz-durable-execution-name"),
    ("TenantId", b"x-amz-tenant-id"),
)
_OPTIONS: Final = frozenset(header for _, header in _HEADERS)


class InvocationType(StrEnum):
    """How the function is to be run (shape InvocationType)."""

    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


PAYLOAD_BYTES: Final[Mapping[InvocationType, int]] = {
    InvocationType.REQUEST_RESPONSE: SYNCHRONOUS_PAYLOAD_BYTES,
    InvocationType.EVENT: ASYNCHRONOUS_PAYLOAD_BYTES,
    InvocationType.DRY_RUN: SYNCHRONOUS_PAYLOAD_BYTES,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class InvokeMembers:
    """The input members of Invoke, but the payload."""

    reference: FunctionReference
    invocation_type: InvocationType = InvocationType.REQUEST_RESPONSE
    log_tail: bool = False
    client_context: str | None = None
    """Decoded JSON text."""
    tenant_id: str | None = None


class InvokeReader:
    """Reads and checks; remembers what it has read, since most requests ask for the same as the one before."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._remembered = lru_cache(maxsize=4096)(self._read)

    def read(self, operation: str, request: Request, caller: Owner) -> InvokeMembers:
        """Raises ValidationFailed, InvalidParameterValue, InvalidRequestContent. The function may be another account's."""
        path, query = request.path, request.query
        given: tuple[tuple[str, str], ...] = ()
        size = len(path) + len(query)
        if not _OPTIONS.isdisjoint(request.index):
            given = tuple((member, value) for member, header in _HEADERS if (value := request.text(header)) is not None)
            size += sum(len(value) for _, value in given)
        read = self._remembered if size < _CACHED_CHARACTERS else self._read
        return read(operation, (path, query), (caller.account, caller.region), given)

    def _read(
        self, operation: str, place: tuple[bytes, bytes], owner: tuple[str, str], given: tuple[tuple[str, str], ...]
    ) -> InvokeMembers:
        path, raw_query = place
        name = path.split(b"/", 4)[3]
        caller = Owner(account=owner[0], region=owner[1])
        query = parse_query(raw_query)
        shape = self._service.shapes[self._service.operations[operation].input or ""]
        members = {"FunctionName": unquote_to_bytes(name).decode("utf-8", "replace")}
        members |= {member: value for member, value in given if member in shape.members}
        if operation == "InvokeAsync":
            members["InvokeArgs"] = ""  # the payload, which is required and checked apart
        if "Qualifier" in query:
            members["Qualifier"] = query["Qualifier"][-1]
        validate(self._service, shape.name, members)
        if "DurableExecutionName" in members:
            raise InvalidParameterValue("DurableExecutionName is for durable functions, which Lambent does not run yet.")
        reference = reachable_function(members["FunctionName"], caller=caller, qualifier=members.get("Qualifier"))
        return _invoke_members(reference, members)


def _invoke_members(reference: FunctionReference, members: Mapping[str, str]) -> InvokeMembers:
    context = members.get("ClientContext")
    return InvokeMembers(
        reference=reference,
        invocation_type=InvocationType(members.get("InvocationType", InvocationType.REQUEST_RESPONSE)),
        log_tail=members.get("LogType") == "Tail",
        client_context=None if not context else _client_context(context),
        tenant_id=members.get("TenantId"),
    )


def _client_context(header: str) -> str:
    if len(header) > CLIENT_CONTEXT_BYTES:
        raise InvalidRequestContent(
            f"Client context must be at most {CLIENT_CONTEXT_BYTES} bytes of base64; it has {len(header)} bytes."
        )
    try:
        decoded = base64.b64decode(header, validate=True)
        document = parse_json(decoded)
    except (binascii.Error, ValueError, NotJson) as error:
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.") from error
    if not isinstance(document, dict):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return decoded.decode("utf-8")


def request_id_of(request: Request) -> str | None:
    """The caller's own x-amzn-RequestId, in lower case, if it sent one. Raises InvalidRequestContent when it is not a UUID."""
    given = request.text(b"x-amzn-requestid")
    if given is None:
        return None
    if _UUID.fullmatch(given) is None:
        raise InvalidRequestContent("The x-amzn-RequestId header is not a valid UUID string.")
    return given.lower()


async def payload_of(request: Request, invocation_type: InvocationType, *, limit: int | None = None) -> bytes:
    """The event, checked; `{}` when there is no body. Raises RequestTooLarge and InvalidRequestContent."""
    body = request.body
    if len(body) < LARGE_BYTES:
        return small_payload(body)
    check_size(len(body), invocation_type, limit=limit)
    try:
        await check_large_json(body)
    except NotJson as error:
        raise _not_json(error) from error
    return body


def small_payload(body: bytes) -> bytes:
    """`payload_of` for a body of less than LARGE_BYTES, which is below every limit. Raises InvalidRequestContent."""
    if not body:
        return b"{}"
    try:
        parse_json(body)
    except NotJson as error:
        raise _not_json(error) from error
    return body


def _not_json(error: NotJson) -> InvalidRequestContent:
    return InvalidRequestContent(f"Could not parse request body into json: Could not parse payload into json: {error}")


def check_size(size: int, invocation_type: InvocationType, *, limit: int | None = None) -> None:
    """Raises RequestTooLarge."""
    most = limit or PAYLOAD_BYTES[invocation_type]
    if size > most:
        raise RequestTooLarge(
            f"{size} byte payload is too large for the {invocation_type.value} invocation type (limit {most} bytes)"
        )
