"""Our JSON against Lambda's, which is simplejson: any value gives the same text or the same complaint."""

import collections
import decimal
import importlib.util
import sys
from typing import NamedTuple

import pytest
from harness import RUNTIMES
from hypothesis import given
from hypothesis import strategies as some

if importlib.util.find_spec("awslambdaric") is None:
    pytest.skip("awslambdaric is not installed", allow_module_level=True)

sys.path.append(str(RUNTIMES / "python"))

import bootstrap_errors
import bootstrap_json
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller


class Point(NamedTuple):
    x: object
    y: object


SCALARS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text(),
    some.binary(max_size=4),
    some.decimals(),
    some.builds(complex),
)
KEYS = some.one_of(
    some.text(max_size=3),
    some.integers(),
    some.floats(),
    some.booleans(),
    some.none(),
    some.binary(max_size=2),
    some.decimals(allow_nan=False),
)


def containers(inside: some.SearchStrategy[object]) -> some.SearchStrategy[object]:
    return some.one_of(
        some.lists(inside, max_size=4),
        some.dictionaries(some.text(max_size=3), inside, max_size=4),
        some.dictionaries(KEYS, inside, max_size=2),
        some.tuples(inside, inside),
        some.builds(Point, inside, inside),
        some.builds(collections.OrderedDict, some.dictionaries(some.text(max_size=2), inside, max_size=2)),
        some.builds(collections.deque, some.lists(inside, max_size=1)),
    )


VALUES = some.recursive(SCALARS, containers, max_leaves=12)


@pytest.fixture(params=["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"], scope="module")
def marshallers(request: pytest.FixtureRequest) -> tuple[bootstrap_json.Marshaller, LambdaMarshaller]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EXECUTION_ENV", request.param)
        return bootstrap_json.Marshaller(request.param), LambdaMarshaller()


@given(value=VALUES)
def test_any_result_becomes_the_same_text_or_the_same_complaint(
    marshallers: tuple[bootstrap_json.Marshaller, LambdaMarshaller], value: object
) -> None:
    ours, theirs = marshallers
    assert marshalled(ours.marshal, value) == marshalled(lambda given: theirs.marshal_response(given)[0], value)


def marshalled(marshal: object, value: object) -> object:
    try:
        return marshal(value)
    except (bootstrap_errors.FaultException, FaultException) as fault:
        return fault.exception_type, complaint(fault.msg)


def complaint(message: str) -> str:
    """simplejson walks in another order, so of two mistakes in one value it may see the other first; name only the kind."""
    return message.partition("not")[0].partition("codec")[0].partition("Object of type")[0]


@given(
    value=some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
        containers,
        max_leaves=8,
    )
)
def test_any_document_that_we_write_we_read_as_lambda_reads_it(
    marshallers: tuple[bootstrap_json.Marshaller, LambdaMarshaller], value: object
) -> None:
    ours, theirs = marshallers
    try:
        body = ours.marshal(value).encode()
    except (bootstrap_errors.FaultException, UnicodeEncodeError):
        return
    assert read(bootstrap_json.unmarshal, body) == read(theirs.unmarshal_request, body)


def read(unmarshal: object, body: bytes) -> object:
    try:
        return unmarshal(body)
    except (bootstrap_errors.FaultException, FaultException) as fault:
        return fault.exception_type


def test_text_that_looks_like_the_mark_of_a_decimal_is_left_alone() -> None:
    marshaller = bootstrap_json.Marshaller(None)
    assert marshaller.encode([decimal.Decimal("1.0"), '"', "text"]) == '[1.0, "\\"", "text"]'
    assert marshaller.encode(["1.0"]) == '["1.0"]'
