"""Layers, aliases, tags and reservations: what each may be."""

import pytest

from lambent.core.alias_rules import check_routing
from lambent.core.errors import InvalidParameterValue, LambdaError, ValidationFailed
from lambent.core.function import CodePackage, LayerReference, Owner
from lambent.core.layer_rules import check_layer_list, check_unzipped_size, layer_key, layer_version_of_arn
from lambent.core.reserved_concurrency import check_reservation
from lambent.core.tag_rules import merged_tags

CALLER = Owner(account="000000000000", region="us-east-1")
LIMIT = 262_144_000


def layer_arn(name: str, version: int = 1, region: str = "us-east-1") -> str:
    return f"arn:aws:lambda:{region}:000000000000:layer:{name}:{version}"


def package(unpacked: int) -> CodePackage:
    return CodePackage(digest="0" * 64, sha256="=", size=1, unpacked_size=unpacked)


def layer(unpacked: int) -> LayerReference:
    return LayerReference(arn=layer_arn("l"), package=package(unpacked))


@pytest.mark.parametrize("text", ["numpy", "arn:aws:lambda:us-east-1:000000000000:layer:numpy"])
def test_a_layer_is_named_by_name_or_arn(text: str) -> None:
    assert layer_key(text, caller=CALLER).arn == "arn:aws:lambda:us-east-1:000000000000:layer:numpy"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a b", InvalidParameterValue),
        (layer_arn("numpy"), InvalidParameterValue),
        ("n" * 141, ValidationFailed),
        ("", InvalidParameterValue),
    ],
)
def test_other_layer_names_are_refused(text: str, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        layer_key(text, caller=CALLER)


@pytest.mark.parametrize(
    "arn", ["arn:aws:lambda:::awslayer:AmazonLinux1803", "numpy", layer_arn("numpy").removesuffix(":1"), "x" * 99]
)
def test_only_full_arns_name_a_layer_version(arn: str) -> None:
    assert layer_version_of_arn(arn) is None


@pytest.mark.parametrize(
    ("arns", "message"),
    [
        ([layer_arn(f"l{n}") for n in range(6)], "Cannot reference more than 5 layers."),
        ([layer_arn("a", 1), layer_arn("b"), layer_arn("a", 2)], "Two different versions of the same layer are not allowed"),
        ([layer_arn("a", region="eu-west-1")], "Layers are expected to be in region us-east-1."),
    ],
)
def test_lists_of_layers_that_no_function_may_have(arns: list[str], message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        check_layer_list(arns, region="us-east-1")


def test_five_different_layers_are_fine() -> None:
    check_layer_list([layer_arn(f"l{n}") for n in range(5)], region="us-east-1")


def test_code_and_layers_fit_250_megabytes_exactly() -> None:
    check_unzipped_size(package(LIMIT - 10), [layer(4), layer(6)])


@pytest.mark.parametrize(
    ("code", "layers", "message"),
    [
        (
            1,
            [LIMIT],
            f"combined with layers exceeds the maximum allowed size of {LIMIT} bytes. The actual size is {LIMIT + 1} bytes.",
        ),
        (1, [LIMIT, 1], f"Layers consume more than the available size of {LIMIT} bytes"),
    ],
)
def test_code_and_layers_over_250_megabytes_are_refused(code: int, layers: list[int], message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        check_unzipped_size(package(code), [layer(size) for size in layers])


@pytest.mark.parametrize(
    ("version", "routing", "message"),
    [
        ("1", {"2": 0.1, "3": 0.1}, "cannot be greater than 1"),
        ("$LATEST", {"2": 0.1}, r"\$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"1": 0.1}, "Function version 1 is already included in routing configuration"),
    ],
)
def test_routing_that_no_alias_may_have(version: str, routing: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        check_routing(version, routing)


@pytest.mark.parametrize(("version", "routing"), [("$LATEST", {}), ("1", {}), ("1", {"2": 0.0}), ("1", {"2": 1.0})])
def test_routing_that_an_alias_may_have(version: str, routing: dict[str, float]) -> None:
    check_routing(version, routing)


@pytest.mark.parametrize("key", ["aws:cloudformation:stack", "AWS:x"])
def test_tags_of_aws_are_reserved(key: str) -> None:
    with pytest.raises(InvalidParameterValue, match="aws: prefixed"):
        merged_tags({}, {key: "v"})


def test_fifty_tags_are_the_most() -> None:
    fifty = {f"k{n}": "" for n in range(50)}
    assert merged_tags(fifty, {"k0": "new"})["k0"] == "new"
    with pytest.raises(InvalidParameterValue, match="Number of tags exceeds resource tag limit"):
        merged_tags(fifty, {"one more": ""})


@pytest.mark.parametrize(
    ("asked", "present", "reserved", "account", "allowed"),
    [
        (900, 0, 0, 1000, True),
        (901, 0, 0, 1000, False),
        (900, 500, 500, 1000, True),
        (401, 0, 500, 1000, False),
        (0, 0, 900, 1000, True),
        (0, 0, 5000, 1000, True),
        (50, 100, 5000, 1000, True),
        (1, 0, 0, 10, False),
    ],
)
def test_one_hundred_stay_unreserved(asked: int, present: int, reserved: int, account: int, allowed: bool) -> None:
    def check() -> None:
        check_reservation(asked, present=present, reserved_in_account=reserved, account_limit=account)

    if allowed:
        check()
    else:
        with pytest.raises(InvalidParameterValue, match=r"UnreservedConcurrentExecution below its minimum value of \[\d+\]"):
            check()
