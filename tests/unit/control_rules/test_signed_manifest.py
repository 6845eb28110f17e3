"""The text files of a JAR signature: read as they were written, and refused when they could be read in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.signed_manifest import (
    Manifest,
    Unreadable,
    digest_attribute,
    file_digest,
    manifest_digest,
    read,
    without_digests,
    write,
)

NAMES = st.from_regex(r"[A-Za-z][A-Za-z-]{0,30}", fullmatch=True).filter(lambda name: name != "Name")
VALUES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=200)
SECTIONS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


@given(SECTIONS, st.dictionaries(VALUES, SECTIONS, max_size=3))
def test_what_is_written_is_read_back(main: dict[str, str], files: dict[str, dict[str, str]]) -> None:
    content = write(Manifest(main=main, files=files))
    assert all(len(line) <= 72 for line in content.split(b"\r\n"))
    found = read(content)
    assert found.main == main
    assert {name: {key: value for key, value in each.items() if key != "Name"} for name, each in found.files.items()} == files


def test_every_line_end_and_a_character_cut_in_two_are_read() -> None:
    for end in (b"\n", b"\r", b"\r\n"):
        lines = [b"A: 1", b"", b"Name: \xc3", b" \xa9", b"SHA-256-Digest: eA==", b"", b""]
        assert read(end.join(lines)).files["é"]["SHA-256-Digest"] == "eA=="


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"A 1\n",
        b"A: 1\nA: 2\n",
        b"A: 1\n\nName: f\nX: 1\n\nName: f\nX: 1\n",
        b"A: 1\n\nX: 1\n",
        b"A: \xff\n",
    ],
)
def test_texts_of_two_meanings_or_none_are_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(content)


def test_the_strongest_digest_counts() -> None:
    name, value = digest_attribute(b"content")
    assert file_digest({name: value}).of(b"content")
    assert not file_digest({name: value}).of(b"other")
    assert file_digest({"SHA-384-Digest": "", name: value}).algorithm == "sha384"
    assert manifest_digest(Manifest(main=dict([digest_attribute(b"m", of_manifest=True)]))).of(b"m")


@pytest.mark.parametrize("attributes", [{}, {"SHA1-Digest": "eA=="}, {"MD5-Digest": "eA=="}, {"SHA-256-Digest": "no base64"}])
def test_weak_and_missing_digests_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        file_digest(attributes)


def test_digests_of_before_are_left_out() -> None:
    assert without_digests({"Name": "f", "SHA-256-Digest": "x", "SHA1-Digest": "x", "Sealed": "true"}) == {"Sealed": "true"}
