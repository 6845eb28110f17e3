"""Markers of paged lists."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.errors import InvalidParameterValue
from lambent.core.pagination import Page, decode_marker, encode_marker, number_position, text_position, version_position


@given(st.text(), st.integers(0, 2**63 - 1))
def test_a_marker_gives_back_its_position(name: str, number: int) -> None:
    assert text_position("names", encode_marker("names", name)) == name
    assert number_position("numbers", encode_marker("numbers", number)) == number


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_an_invalid_parameter(marker: str) -> None:
    with pytest.raises(InvalidParameterValue):
        text_position("names", marker)


@pytest.mark.parametrize(
    "marker",
    [
        encode_marker("other", "x"),
        encode_marker("names"),
        encode_marker("names", 1),
        encode_marker("names", "x", "y"),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'["names", NaN]').decode(),
    ],
)
def test_a_marker_of_another_list_or_shape_is_an_invalid_parameter(marker: str) -> None:
    with pytest.raises(InvalidParameterValue):
        text_position("names", marker)


@pytest.mark.parametrize("number", [-1, 2**63, True])
def test_a_number_out_of_range_is_an_invalid_parameter(number: int) -> None:
    with pytest.raises(InvalidParameterValue):
        number_position("numbers", encode_marker("numbers", number))


def test_the_first_page_has_no_position() -> None:
    assert decode_marker("names", None, (str,)) is None


@pytest.mark.parametrize(("asked", "size"), [(None, 50), (1, 1), (50, 50), (51, 50), (10_000, 50)])
def test_a_page_never_has_more_than_fifty_items(asked: int | None, size: int) -> None:
    assert Page(max_items=asked).size == size


@pytest.mark.parametrize("version", ["", "live", "-1", "1" * 19, "\u0661"])
def test_a_version_position_names_a_version(version: str) -> None:
    with pytest.raises(InvalidParameterValue):
        version_position("versions", encode_marker("versions", "hello", version))


@pytest.mark.parametrize("version", ["$LATEST", "1", "1" * 18])
def test_a_version_position_gives_back_name_and_version(version: str) -> None:
    assert version_position("versions", encode_marker("versions", "hello", version)) == ("hello", version)


def test_an_operation_has_its_own_page_size() -> None:
    assert (Page(most=100).size, Page(most=100, max_items=70).size, Page(most=100, max_items=101).size) == (100, 70, 100)
