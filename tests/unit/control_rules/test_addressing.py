"""Which names and ARNs reach which function, and how the others are refused."""

import pytest

from lambent.core.addressing import local_function, whole_function
from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceNotFound, ValidationFailed
from lambent.core.function import Owner

CALLER = Owner(account="000000000000", region="us-east-1")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


@pytest.mark.parametrize("text", ["hello", "function:hello", "000000000000:function:hello", ARN])
def test_every_form_without_a_qualifier_names_the_function(text: str) -> None:
    reference = local_function(text, caller=CALLER, action="GetFunction")
    assert (reference.key.arn, reference.qualifier) == (ARN, None)


@pytest.mark.parametrize("qualifier", ["$LATEST", "7", "live"])
@pytest.mark.parametrize("text", ["hello", "000000000000:function:hello", ARN])
def test_every_form_takes_a_qualifier(text: str, qualifier: str) -> None:
    inside = local_function(f"{text}:{qualifier}", caller=CALLER, action="GetFunction")
    beside = local_function(text, caller=CALLER, action="GetFunction", qualifier=qualifier)
    both = local_function(f"{text}:{qualifier}", caller=CALLER, action="GetFunction", qualifier=qualifier)
    assert inside == beside == both
    assert inside.qualifier == qualifier


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:hello",
            ResourceNotFound,
            r"Functions from 'eu-west-1' are not reachable in",
        ),
        (
            "arn:aws:lambda:us-east-1:111111111111:function:hello",
            AccessDenied,
            r"not authorized to perform: lambda:GetFunction on",
        ),
        ("111111111111:function:hello", AccessDenied, r"because no resource-based policy allows"),
        ("a" * 65, ValidationFailed, "Member must have length less than or equal to 64"),
        ("hello world", InvalidParameterValue, "Invalid Lambda function name or ARN"),
        ("arn:aws:s3:::bucket", InvalidParameterValue, "Invalid Lambda function name or ARN"),
        ("", InvalidParameterValue, "Invalid Lambda function name or ARN"),
        ("hello:1:2", InvalidParameterValue, "Invalid Lambda function name or ARN"),
    ],
)
def test_names_that_reach_nothing_are_refused(text: str, error: type[LambdaError], message: str) -> None:
    with pytest.raises(error, match=message):
        local_function(text, caller=CALLER, action="GetFunction")


def test_two_qualifiers_must_agree() -> None:
    with pytest.raises(InvalidParameterValue, match="derived qualifier"):
        local_function("hello:1", caller=CALLER, action="GetFunction", qualifier="2")


@pytest.mark.parametrize("qualifier", ["1", "live"])
def test_operations_on_whole_functions_refuse_versions_and_aliases(qualifier: str) -> None:
    with pytest.raises(InvalidParameterValue, match="This operation is permitted on Lambda functions only"):
        whole_function(f"hello:{qualifier}", caller=CALLER, action="PutFunctionConcurrency")


def test_operations_on_whole_functions_take_latest() -> None:
    assert whole_function("hello:$LATEST", caller=CALLER, action="UpdateFunctionCode").arn == ARN
