"""Points in time have the form of their shape in every reply: strings in Lambda's own form, or numbers (facts A1)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape

from tests.unit.api_topics.whole_api import INVOKES, OPERATIONS, WholeApi, naming_member, required_members
from tests.unit.control_world import CALLER, model

LAMBDAS_OWN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+0000")
ARNS = {
    "LayerName": CALLER.arn("layer:numpy"),
    "Arn": CALLER.arn("layer:numpy:1"),
    **dict.fromkeys(("FunctionName", "Resource", "ResourceArn"), CALLER.arn("function:hello")),
}


def points_in_time(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any]]:
    """Every value of a shape that is a point in time."""
    if shape.type_name == "structure":
        for name, each in value.items():
            yield from points_in_time(shape.members[name], each)  # type: ignore[attr-defined]
    elif shape.type_name == "list":
        for each in value:
            yield from points_in_time(shape.member, each)  # type: ignore[attr-defined]
    elif shape.type_name == "timestamp" or shape.name == "Timestamp":
        yield shape, value


def tells_time(shape: Shape | None, seen: frozenset[str] = frozenset()) -> bool:
    if shape is None or shape.name in seen:
        return False
    if shape.type_name == "timestamp" or shape.name == "Timestamp":
        return True
    inner: list[Shape] = []
    if shape.type_name == "structure":
        inner = list(shape.members.values())  # type: ignore[attr-defined]
    elif shape.type_name == "list":
        inner = [shape.member]  # type: ignore[attr-defined]
    return any(tells_time(each, seen | {shape.name}) for each in inner)


OF_OTHER_RESOURCES = ("EventSourceMapping", "CodeSigningConfig", "ProvisionedConcurrency")
"""What `WholeApi` does not furnish."""
TELLING = [
    each
    for each in OPERATIONS
    if each not in INVOKES
    and tells_time(model().operation_model(each).output_shape)
    and not any(word in each for word in OF_OTHER_RESOURCES)
]


@pytest.mark.parametrize("operation", TELLING)
async def test_every_point_in_time_has_the_form_of_its_shape(tmp_path: Path, operation: str) -> None:
    api = WholeApi(tmp_path)
    await api.furnish()
    name = naming_member(operation)
    named = {} if name is None else {name: ARNS[name]}
    if operation == "CreateFunction":
        named = {"FunctionName": "another"}
    elif operation.startswith("Create"):
        await api.call(operation.replace("Create", "Delete"), CALLER, **named)
    reply = await api.call(operation, CALLER, **named, **required_members(operation))
    assert not reply.error, reply.text
    shape = model().operation_model(operation).output_shape
    found = list(points_in_time(shape, json.loads(reply.text)))
    for each, value in found:
        if each.type_name == "timestamp":
            assert isinstance(value, int | float)
        else:
            assert LAMBDAS_OWN.fullmatch(value), value
    assert found or operation.startswith("List")
