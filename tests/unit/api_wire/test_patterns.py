"""Every pattern of every model compiles and means in Python what it means in Java."""

import pytest

from lambent.api.app import REST_SERVICES
from lambent.api.model import load_service
from lambent.api.patterns import matcher

PATTERNS = sorted(
    {shape.pattern for name in (*REST_SERVICES, "logs") for shape in load_service(name).shapes.values() if shape.pattern}
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_the_models_compiles(pattern: str) -> None:
    assert matcher(pattern)("\n\ud7ff") in (True, False)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"\d{12}", "١٢٣٤٥٦٧٨٩٠١٢", False),
        (r"\d{12}", "123456789012", True),
        (r"[a-z]+$", "abc\n", False),
        (r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "123", False),
        (r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", "v123", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe ٣ 数", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a,b", False),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "smile\U0001f600", False),
        (r"[^\p{C}]*", "ok é \U0001f600", True),
        (r"[^\p{C}]*", "bell\a", False),
        (r"[^\p{C}]*", "zero\u200bwidth", False),
    ],
)
def test_a_pattern_means_what_java_means_by_it(pattern: str, text: str, matches: bool) -> None:
    assert matcher(pattern)(text) is matches


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_takes_for_ever_on_hostile_text(pattern: str) -> None:
    match = matcher(pattern)
    for text in (
        "a" * 3000 + "!",
        "a-" * 1500 + "!",
        "arn:aws:lambda:" + "a" * 3000 + "\n",
        "a." * 1500 + "\n",
        "0" * 3000 + "\n",
    ):
        match(text)
