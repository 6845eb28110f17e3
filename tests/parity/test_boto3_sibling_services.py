"""Unmodified boto3 clients of Lambda's sibling services: every operation is reached, and says plainly that it is not there."""

from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import Shape

from tests.server_process import ServerProcess

SERVICES = ("lambda-core", "lambda-web", "lambda-microvms")
OF_LAMBDA = {("lambda-microvms", name) for name in ("ListTags", "TagResource", "UntagResource")}
"""Their method and path are those of the `lambda` operation of the same name, which answers."""
ARN = "arn:aws:lambda:us-east-1:000000000000:microvm-image:nothing"


def operations() -> list[tuple[str, str]]:
    session = botocore.session.get_session()
    return [(service, name) for service in SERVICES for name in session.get_service_model(service).operation_names]


def example(shape: Shape) -> Any:
    """The smallest value that botocore lets through."""
    kind = shape.type_name
    if kind == "structure":
        wanted = list(shape.required_members)  # type: ignore[attr-defined]
        if not wanted and getattr(shape, "is_tagged_union", False):
            wanted = list(shape.members)[:1]  # type: ignore[attr-defined]
        return {name: example(shape.members[name]) for name in wanted}  # type: ignore[attr-defined]
    if kind == "list":
        return [example(shape.member)] * int(shape.metadata.get("min", 0))  # type: ignore[attr-defined]
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * int(shape.metadata.get("min", 1) or 1)  # type: ignore[attr-defined]
    return {"map": {}, "boolean": True, "blob": b"x", "timestamp": 0}.get(kind, int(shape.metadata.get("min", 1)))


@pytest.fixture(scope="module")
def clients(server: ServerProcess) -> dict[str, Any]:
    return {service: server.client(service) for service in SERVICES}


@pytest.mark.parametrize(("service", "operation"), [each for each in operations() if each not in OF_LAMBDA])
def test_an_operation_that_is_not_there_is_a_501_that_says_so(clients: dict[str, Any], service: str, operation: str) -> None:
    client = clients[service]
    shape = client.meta.service_model.operation_model(operation).input_shape
    with pytest.raises(ClientError) as refusal:
        getattr(client, xform_name(operation))(**({} if shape is None else example(shape)))
    answer = refusal.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (501, "NotImplementedException")
    assert f"Lambent does not do {operation} of {service} yet" in answer["Error"]["Message"]


@pytest.mark.parametrize(("service", "operation"), sorted(OF_LAMBDA))
def test_tags_of_what_cannot_exist_are_not_found(clients: dict[str, Any], service: str, operation: str) -> None:
    client = clients[service]
    more = {"ListTags": {}, "TagResource": {"Tags": {"a": "b"}}, "UntagResource": {"TagKeys": ["a"]}}[operation]
    given = {"Resource": ARN, **more}
    shape = client.meta.service_model.operation_model(operation).input_shape
    with pytest.raises(ClientError) as refusal:
        getattr(client, xform_name(operation))(
            **{next(each for each in shape.members if each.lower() == name.lower()): value for name, value in given.items()}
        )
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
