"""What every answer must be, told by botocore's own models and parsers: never a fault of ours, always well-formed."""

import json
import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser

from lambent.http import Response

_CODE = re.compile(r"[A-Z][A-Za-z0-9]+(Exception|Fault)")
_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOT_DONE = ("NotImplementedException", 501)


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def check_answer(response: Response, content: bytes, *, service: str, operation: str | None) -> int:
    """Assert that it is a success in the operation's shape (which is not looked at when `operation` is None), or a Lambda error.

    Returns the status.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    assert _REQUEST_ID.fullmatch(headers.get("x-amzn-requestid", "")), headers
    if response.status < 300:
        _check_success(response.status, headers, content, service, operation)
    else:
        _check_error(response.status, headers, content, service)
    return response.status


def _check_success(status: int, headers: dict[str, str], content: bytes, service: str, operation: str | None) -> None:
    if operation is None or operation.startswith("Invoke"):
        return
    described: OperationModel = model(service).operation_model(operation)
    if status != 204:  # a status that a reply's own member tells
        assert status == described.http.get("responseCode", 200), status
    parser = create_parser("json" if service == "logs" else "rest-json")
    shape = described.output_shape
    parsed = parser.parse({"status_code": status, "headers": headers, "body": content}, shape)
    for name in set(shape.required_members if shape else ()) - {"Statement"}:
        assert name in parsed, f"{operation} answered without {name}"


def _check_error(status: int, headers: dict[str, str], content: bytes, service: str) -> None:
    code = headers["x-amzn-errortype"]
    assert _CODE.fullmatch(code), code
    assert status < 500 or (code, status) == _NOT_DONE, (status, content)
    document: dict[str, Any] = json.loads(content)
    if headers["content-type"] == "application/x-amz-json-1.1":
        assert document["__type"] == code
        assert set(document) == {"__type", "message"}
        assert isinstance(document["message"], str)
        return
    assert headers["content-type"] == "application/json"
    assert service != "logs" or status in (400, 403, 404, 413)
    described = model("lambda")
    members = {"message"}
    if code in described.shape_names:
        shape = described.shape_for(code)
        members = set(shape.members)
        assert status == shape.metadata["error"]["httpStatusCode"], (code, status)
    elif code == "AccessDeniedException":
        members = {"Message"}
    key = next(name for name in members if name.lower() == "message")
    assert isinstance(document.get(key), str), document
    assert document[key], document
    assert set(document) <= members, document
