"""Core values survive the Store's JSON, field by field, and documents that are on disk today can be read tomorrow."""

import builtins
import collections.abc
import json
import types
from dataclasses import replace
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.adapters.sql import codec
from lambent.adapters.sql.code_signing_store import decode_code_signing_config, encode_code_signing_config
from lambent.core.alias import Alias
from lambent.core.code_signing_config import CodeSigningConfig
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import Function, FunctionVersion
from lambent.core.function_url import FunctionUrl
from lambent.core.layer import LayerVersion
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import ResourcePolicy
from tests.contract.stored_values import alias, function, layer, published

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
TEXT = st.text(st.characters(), max_size=8)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(0, 2e9),
    object: JSON,
    type(None): st.none(),
}


def drawn(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    arguments = get_args(hint)
    match get_origin(hint):
        case types.UnionType:
            return st.one_of(*map(drawn, arguments))
        case builtins.tuple:
            return st.lists(drawn(arguments[0]), max_size=2).map(tuple)
        case collections.abc.Mapping:
            return st.dictionaries(drawn(arguments[0]), drawn(arguments[1]), max_size=2)
    if hint in LEAVES:
        return LEAVES[hint]
    return st.sampled_from(list(hint)) if issubclass(hint, Enum) else complete(hint)


def complete(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a dataclass with every field drawn, also those that have defaults: a new field cannot be forgotten."""
    return st.builds(kind, **{name: drawn(hint) for name, hint in get_type_hints(kind).items()})


# One key names the whole function: the version that serves carries the same
FUNCTIONS = complete(Function).map(
    lambda value: replace(value, serving=value.serving and replace(value.serving, key=value.latest.key))
)


@given(FUNCTIONS)
def test_a_function_survives(value: Function) -> None:
    assert codec.decode_function(codec.encode_function(value)) == value


@given(complete(FunctionVersion))
def test_a_version_survives(value: FunctionVersion) -> None:
    assert codec.decode_version(codec.encode_version(value)) == value


@given(complete(Alias))
def test_an_alias_survives(value: Alias) -> None:
    assert codec.decode_alias(codec.encode_alias(value)) == value


@given(complete(LayerVersion))
def test_a_layer_version_survives(value: LayerVersion) -> None:
    assert codec.decode_layer(codec.encode_layer(value)) == value


@given(complete(EventInvokeConfig))
def test_an_event_invoke_config_survives(value: EventInvokeConfig) -> None:
    assert codec.decode_event_invoke_config(codec.encode_event_invoke_config(value)) == value


@given(complete(FunctionUrl))
def test_a_function_url_survives(value: FunctionUrl) -> None:
    assert codec.decode_function_url(codec.encode_function_url(value)) == value


@given(complete(ProvisionedConcurrencyConfig))
def test_a_provisioned_concurrency_config_survives(value: ProvisionedConcurrencyConfig) -> None:
    assert codec.decode_provisioned_concurrency(codec.encode_provisioned_concurrency(value)) == value


@given(complete(ResourcePolicy))
def test_a_policy_survives(value: ResourcePolicy) -> None:
    assert codec.decode_policy(codec.encode_policy(value)) == value


@given(complete(CodeSigningConfig))
def test_a_code_signing_config_survives(value: CodeSigningConfig) -> None:
    assert decode_code_signing_config(encode_code_signing_config(value)) == value


def test_a_function_that_serves_its_latest_is_stored_once() -> None:
    assert codec.encode_function(function()).count("app.handler") == 1


FIRST_FUNCTION = (
    '{"format":1,"key":["000000000000","us-east-1","hello"],"latest":{"version":"$LATEST","revision_id":"r1","last_modified":1.5,'
    '"state_reason":null,"state_reason_code":null,"last_update_status_reason":null,"last_update_status_reason_code":null,'
    '"published_description":null,"configuration":{"role":"arn:aws:iam::000000000000:role/r","runtime":"python3.12",'
    '"handler":"app.handler","description":"","timeout":3,"memory_size":128,"ephemeral_storage":512,"log_format":"Text",'
    '"log_group":"/aws/lambda/hello","application_log_level":null,"system_log_level":null,"package_type":"Zip",'
    '"environment":{"NAME":"snow \\u2603","EMPTY":""},"layers":[{"arn":"arn:layer:x:1","package":{"digest":"' + "x" * 64 + '",'
    '"sha256":"x=","size":10,"unpacked_size":100}}],"architectures":["x86_64"],"settings":{"VpcConfig":{"SubnetIds":["a","b"]},'
    '"TracingConfig":{"Mode":"Active"}}},"code":{"digest":"' + "a" * 64 + '","sha256":"a=","size":10,"unpacked_size":100},'
    '"state":"Active","last_update_status":"Successful"},"next_version":1,"reserved_concurrency":7,"tags":{"team":"a"},'
    '"serves_latest":true}'
)


def test_documents_of_the_first_release_can_be_read() -> None:
    assert codec.decode_function(FIRST_FUNCTION) == function(layers="x", reserved=7)


def test_a_field_that_old_documents_lack_has_its_default() -> None:
    document = json.loads(FIRST_FUNCTION)
    del document["latest"]["published_description"], document["latest"]["configuration"]["system_log_level"]
    assert codec.decode_function(json.dumps(document)) == function(layers="x", reserved=7)


@pytest.mark.parametrize(
    ("decode", "text"),
    [
        (codec.decode_function, codec.encode_function(function())),
        (codec.decode_version, codec.encode_version(published(function())[0])),
        (codec.decode_alias, codec.encode_alias(alias())),
        (codec.decode_layer, codec.encode_layer(layer())),
    ],
)
def test_a_document_of_a_later_format_is_refused(decode: Any, text: str) -> None:
    with pytest.raises(codec.UnknownFormat):
        decode(text.replace('"format":1', '"format":2'))
