"""docs/dependencies.md gives a reason for every dependency, and for nothing else."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_has_its_reason_on_the_page_and_a_range_in_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    required = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", each)[0] for each in required}
    rows = [
        line.split("|")[1]
        for line in (ROOT / "docs" / "dependencies.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    explained = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert names == explained
    assert all(re.search(r"[<>=]", each) for each in required), "pin every dependency to a range"
