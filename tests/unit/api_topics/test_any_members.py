"""Whatever members get past the service model's checks, a handler answers in the model's shape or with a Lambda error."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambent.api.model import Service, Shape, load_service
from lambent.api.validation import validate
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey
from lambent.core.errors import AccessDenied, LambdaError, OperationNotImplemented, ServiceFault, ValidationFailed
from tests.contract.stored_values import mapping
from tests.unit.control_world import CALLER, ROLE, World, model, zip_of

SERVICE: Service = load_service("lambda")
FUNCTION = f"arn:aws:lambda:{CALLER.region}:{CALLER.account}:function:hello"
MAPPINGS = [f"{number}" * 8 + "-0000-4000-8000-000000000000" for number in (1, 2)]
LAYER = f"arn:aws:lambda:{CALLER.region}:{CALLER.account}:layer:numpy"
CONFIG = CodeSigningKey(owner=CALLER, identifier="csc-" + "0" * 17)
FOREIGN = [("us-east-1", "eu-west-1"), (f":{CALLER.account}:", ":111111111111:")]
PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefgh12"
TELLING: Mapping[str, list[str]] = {
    "FunctionName": [
        "hello",
        "hello:1",
        "hello:live",
        "nobody",
        FUNCTION,
        f"{FUNCTION}:$LATEST",
        FUNCTION.replace("us-east-1", "eu-west-1"),
    ],
    "Resource": [
        FUNCTION,
        f"{FUNCTION}:1",
        FUNCTION.replace("function:hello", "event-source-mapping:" + MAPPINGS[0]),
        CONFIG.arn,
    ],
    "Qualifier": ["1", "2", "live", "$LATEST", "$LATEST.PUBLISHED", "0", "00", "9" * 100],
    "FunctionVersion": ["1", "$LATEST", "$LATEST.PUBLISHED", "0", "9" * 1000, "ALL"],
    "LayerName": ["numpy", LAYER, "n" * 140, f"{LAYER}:1"],
    "Runtime": ["python3.12", "python2.7", "nodejs22.x"],
    "Handler": ["app.handler"],
    "S3Bucket": ["bucket"],
    "Arn": [f"{LAYER}:1", f"{LAYER}:{'9' * 30}", "arn:aws:lambda:::awslayer:x"],
    "Role": [ROLE],
    "Name": ["live", "a" * 128],
    "TargetArn": ["", "arn:aws:sqs:us-east-1:0:q", "arn:aws:s3:::b"],
    "ResourceArn": [FUNCTION, f"{FUNCTION}:live", f"{FUNCTION}:$LATEST", FUNCTION.replace("function:hello", "runtime/mine")],
    "Policy": [
        json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}),
        '{"Statement":[{"Effect":"Allow","Principal":{"AWS":[]}}]}',
        "[" * 9999,
    ],
    "StatementId": ["s", "s2"],
    "Action": [*["lambda:GetLayerVersion"] * 4, "lambda:InvokeFunction"],
    "Principal": [*["*", "111111111111", "arn:aws:iam::111111111111:root"] * 2, "s3.amazonaws.com", "nobody"],
    "Destination": ["", "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:s3:::b", FUNCTION],
    "RuntimeVersionArn": [f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"],
    "S3Key": ["there.zip", "bad.zip", "missing"],
    "EventSourceArn": [
        "arn:aws:sqs:us-east-1:000000000000:q",
        "arn:aws:sqs:us-east-1:111111111111:q.fifo",
        "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "arn:aws:dynamodb:us-east-1:000000000000:table/tab/stream/2026-01-01T00:00:00.000",
        "arn:aws:kafka:us-east-1:000000000000:cluster/c/0-1",
        "arn:aws:mq:us-east-1:000000000000:broker:b:b-1",
        "arn:aws:rds:us-east-1:000000000000:cluster:d",
        "arn:aws:events:us-east-1:000000000000:rule/r",
    ],
    "UUID": [*MAPPINGS, "0" * 36],
    "Topics": ["topic"],
    "Pattern": ['{"body": {"a": [1]}}', '{"a": [{"numeric": [">", "x"]}]}', '{"$or": [[]]}', "[" * 4096, '{"a":' * 800, "NaN"],
    "KAFKA_BOOTSTRAP_SERVERS": ["broker.example:9092"],
    "CodeSigningConfigArn": [CONFIG.arn, CONFIG.arn[:-1] + "1", *(CONFIG.arn.replace(*each) for each in FOREIGN)],
    "SigningProfileVersionArns": [PROFILE, "arn:aws:s3:::b"],
}
STRANGE = ["", "x", "a\0b", "\u00e9" * 300]
VERSIONS = st.sampled_from(["1", "2", "0", "9" * 1000])


SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "blob": st.sampled_from([b"", b"no zip", zip_of("one"), zip_of("two"), zip_of(name="../up")]),
    "boolean": st.booleans(),
    "integer": st.sampled_from([-1, 0, 1, 2, 3, 128, 512, 901, 2**31 - 1]),
    "timestamp": st.floats(0, 2e9),
    "long": st.sampled_from([-1, 0, 1, 2, 2**63 - 1]),
    "double": st.floats(0, 1),
}


def map_keys(shape: Shape) -> st.SearchStrategy[str]:
    if shape.key == "AdditionalVersion":
        return VERSIONS
    own = SERVICE.shapes[shape.key or ""].values
    return st.sampled_from([*own] or ["AA", "AWS_REGION", "aws:x", "team", "\u00e9"])


def shape_values(shape: Shape, name: str) -> st.SearchStrategy[Any]:
    if shape.kind == "structure":
        return structures(shape)
    if shape.kind == "list":
        element = SERVICE.shapes[shape.element or ""]
        layers = st.sampled_from([f"{LAYER}:1", f"{LAYER}:7", LAYER.replace("000000000000", "111111111111") + ":1"])
        return st.lists(layers if element.name == "LayerVersionArn" else shape_values(element, name), max_size=6)
    if shape.kind == "map":
        return st.dictionaries(map_keys(shape), shape_values(SERVICE.shapes[shape.value or ""], name), max_size=3)
    if shape.kind == "string":
        telling = [*TELLING.get(name, []), *shape.values]
        return st.sampled_from(telling * 4 + STRANGE) if telling else st.sampled_from(STRANGE) | st.text(max_size=8)
    return SCALARS[shape.kind]


def structures(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: shape_values(SERVICE.shapes[each.shape], name) for name, each in shape.members.items()}
    required = {name: values for name, values in members.items() if name in shape.required}
    return st.fixed_dictionaries(required, optional={name: values for name, values in members.items() if name not in required})


async def prepared(folder: Path) -> World:
    world = World(folder)
    world.objects.objects["bucket", "there.zip", None] = zip_of("s3")
    config = CodeSigningConfig(key=CONFIG, allowed_publishers=(PROFILE,), last_modified=0.0)
    await world.store.add_code_signing_config(config)
    await world.active(Publish=True)
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
    for uuid, kind in zip(MAPPINGS, ["kafka", "mq"], strict=True):
        await world.store.add_event_source_mapping(mapping(uuid, kind))
    return world


UNMODELLED = {AccessDenied.code, ValidationFailed.code, OperationNotImplemented.code}
"""What every operation may answer beside the errors that its model lists."""
OPERATIONS = sorted(World(Path(tempfile.gettempdir())).handlers)


def is_valid(name: str, members: Mapping[str, Any]) -> bool:
    try:
        validate(SERVICE, name, members)
    except ValidationFailed:
        return False
    return True


def valid_part(shape: Shape, members: Mapping[str, Any]) -> dict[str, Any] | None:
    """Without the optional members that the model refuses; None when it refuses a required one."""
    required = {name: value for name, value in members.items() if name in shape.required}
    if not is_valid(shape.name, required):
        return None
    optional = {name: value for name, value in members.items() if is_valid(shape.name, {**required, name: value})}
    return {**required, **optional}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_members_never_end_in_a_fault(operation: str, tmp_path: Path) -> None:
    shape = SERVICE.shapes[model().operation_model(operation).input_shape.name]
    reached: list[bool] = []
    modelled = UNMODELLED | {each.name for each in model().operation_model(operation).error_shapes} - {ServiceFault.code}

    @settings(
        max_examples=150 if operation.startswith("Create") else 60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(structures(shape))
    def any_members(members: dict[str, Any]) -> None:
        valid = valid_part(shape, members)
        if valid is not None:
            reached.append(asyncio.run(is_answered(valid)))

    async def is_answered(members: dict[str, Any]) -> bool:
        world = await prepared(tmp_path)
        fault = None
        try:
            await world.call(operation, **members)
        except LambdaError as error:
            fault = error
        await world.activate()
        await world.settle_mappings()
        return fault is None or (bool(fault.message) and fault.code in modelled)

    any_members()
    assert reached
    assert all(reached)
