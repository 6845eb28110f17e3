"""Error replies follow the service model, shape by shape."""

import inspect
import json

import pytest

from lambent.api.faults import json_fault, rest_fault
from lambent.api.model import load_service
from lambent.core import errors
from lambent.core.errors import (
    InvalidParameterValue,
    LambdaError,
    ResourceNotFound,
    ServiceFault,
    ThrottleReason,
    TooManyRequests,
    ValidationFailed,
)

LAMBDA = load_service("lambda")
CODED = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, LambdaError) and hasattr(each, "code")
]
MODELLED = [each for each in CODED if each.code in LAMBDA.shapes]


@pytest.mark.parametrize("error", MODELLED, ids=lambda each: each.code)
def test_an_errors_status_is_that_of_its_shape(error: type[LambdaError]) -> None:
    assert error.status == LAMBDA.shapes[error.code].status


@pytest.mark.parametrize("error", MODELLED, ids=lambda each: each.code)
def test_the_message_has_the_key_of_its_shape(error: type[LambdaError]) -> None:
    raised = TooManyRequests(ThrottleReason.CALLER_RATE, "words") if error is TooManyRequests else error("words")
    body = json.loads(rest_fault(LAMBDA, raised, "id").body)
    key = next(name for name in LAMBDA.shapes[error.code].members if name.lower() == "message")
    assert body[key] == "words"
    assert set(body) <= set(LAMBDA.shapes[error.code].members)


def test_most_errors_are_in_the_model() -> None:
    assert len(MODELLED) >= 15


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ResourceNotFound("gone"), {"Type": "User", "Message": "gone"}),
        (InvalidParameterValue("bad"), {"Type": "User", "message": "bad"}),
        (ServiceFault("broken"), {"Type": "Service", "Message": "broken"}),
        (ValidationFailed("1 validation error detected"), {"message": "1 validation error detected"}),
        (
            TooManyRequests(ThrottleReason.RESERVED_CONCURRENCY),
            {"Type": "User", "message": "Rate Exceeded.", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"},
        ),
    ],
    ids=lambda each: each.code if isinstance(each, LambdaError) else "",
)
def test_a_rest_fault_has_type_message_and_further_members(error: LambdaError, body: dict) -> None:
    response = rest_fault(LAMBDA, error, "the-id")
    headers = dict(response.headers)
    assert json.loads(response.body) == body
    assert (response.status, headers[b"x-amzn-ErrorType"], headers[b"x-amzn-RequestId"]) == (
        error.status,
        error.code.encode(),
        b"the-id",
    )


def test_a_throttle_says_when_to_come_again() -> None:
    assert dict(rest_fault(LAMBDA, TooManyRequests(ThrottleReason.CALLER_RATE), "id").headers)[b"Retry-After"] == b"1"


def test_a_json_fault_has_its_code_in_the_body_and_the_services_own_name() -> None:
    response = json_fault(InvalidParameterValue("bad"), "id")
    assert (response.status, json.loads(response.body)) == (400, {"__type": "InvalidParameterException", "message": "bad"})
    assert json_fault(ResourceNotFound("gone"), "id").status == 400
    assert json_fault(ServiceFault("broken"), "id").status == 500
