"""Filter patterns: what is one and what is not (facts D2)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_filter import check_filters

GOOD: list[Any] = [
    {"body": {"city": ["Berlin", "Seattle"], "count": [1, 2.5, True, None, ""]}},
    {"a": [{"prefix": "x"}, {"suffix": ".png"}, {"equals-ignore-case": "a"}]},
    {"a": [{"prefix": {"equals-ignore-case": "x"}}]},
    {"a": [{"anything-but": ["x", 1]}, {"anything-but": "x"}, {"anything-but": {"prefix": "x"}}]},
    {"a": [{"numeric": ["=", 5]}, {"numeric": [">", 0, "<=", 1.5]}]},
    {"a": [{"exists": True}], "b": {"c": [{"exists": False}]}},
    {"$or": [{"a": [1]}, {"b": [2]}]},
]
BAD: list[Any] = [
    {},
    [],
    None,
    "text",
    {"a": "text"},
    {"a": []},
    {"a": {}},
    {"a": [[1]]},
    {"a": [{"near": 1}]},
    {"a": [{"prefix": 1}]},
    {"a": [{"prefix": "x", "suffix": "y"}]},
    {"a": [{}]},
    {"a": [{"exists": "true"}]},
    {"a": [{"anything-but": []}]},
    {"a": [{"anything-but": [True]}]},
    {"a": [{"numeric": []}]},
    {"a": [{"numeric": [">"]}]},
    {"a": [{"numeric": [">", "1"]}]},
    {"a": [{"numeric": ["<", 5, ">", 1]}]},
    {"a": [{"numeric": [">", 5, "<", 1]}]},
    {"a": [{"numeric": ["~", 5]}]},
    {"$or": [{"a": [1]}]},
    {"$or": {"a": [1]}},
]
UNREADABLE = ["", "{", "{'a': [1]}", '{"a": [NaN]}', "[" * 4096, '{"a":' * 800 + "[1]" + "}" * 800]


@pytest.mark.parametrize("pattern", GOOD, ids=json.dumps)
def test_a_pattern_is_taken(pattern: Any) -> None:
    check_filters([json.dumps(pattern)])


@pytest.mark.parametrize("pattern", [*map(json.dumps, BAD), *UNREADABLE, None])
def test_what_is_no_pattern_is_refused(pattern: str | None) -> None:
    with pytest.raises(InvalidParameterValue, match=r"^Invalid filter pattern definition\.$"):
        check_filters(['{"a": [1]}', pattern])


def test_five_filters_are_the_most() -> None:
    check_filters(['{"a": [1]}'] * 5)
    with pytest.raises(InvalidParameterValue, match="5"):
        check_filters(['{"a": [1]}'] * 6)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["prefix", "numeric", ">", "<"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "$or", "numeric", "anything-but"]), inner),
)


@given(json_values.map(json.dumps) | st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    refusal = None
    try:
        check_filters([text])
    except InvalidParameterValue as error:
        refusal = error
    assert refusal is None or refusal.message == "Invalid filter pattern definition."
