"""SPECIFICATION.md links every promise to something that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SPECIFICATION.md").read_text("utf-8")


def test_every_linked_test_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_benchmark_key_is_one_that_the_benchmark_knows() -> None:
    keys = re.findall(r"`bench: (\w+)`", TEXT)
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bench").glob("*.py"))
    assert keys
    assert not [key for key in keys if f'"{key}"' not in sources]


def test_every_promise_has_something_that_holds_it() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "|---"))]
    assert rows
    assert not [row for row in rows if "](" not in row and "`bench:" not in row]
