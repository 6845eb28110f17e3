"""Which runtimes can be installed, and what is said of the others."""

import pytest

from lambent.core.runtime_sources import INSTALLABLE, DebianSource, WheelSource, source_of, why_not
from lambent.core.runtimes_table import RUNTIMES


def test_every_installable_runtime_is_one_of_lambdas_and_has_a_source() -> None:
    assert set(INSTALLABLE) <= set(RUNTIMES)
    assert all(source_of(each) for each in INSTALLABLE)
    assert {each for each in RUNTIMES if source_of(each)} == set(INSTALLABLE)


def test_node_comes_as_a_wheel_of_its_own_major_version_and_ruby_from_debian() -> None:
    node, ruby = source_of("nodejs22.x"), source_of("ruby3.3")
    assert isinstance(node, WheelSource)
    assert node.requirement.endswith("==22.*")
    assert ruby == DebianSource(suite="trixie", package="ruby3.3")


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("nope", "Lambda has no runtime nope"),
        ("provided.al2023", "needs no interpreter"),
        ("java21", "no client for java21"),
        ("dotnet8", "no client for dotnet8"),
        ("ruby3.4", "can install: "),
        ("python3.12", "can install: "),
    ],
)
def test_what_cannot_be_installed_comes_with_the_reason(identifier: str, words: str) -> None:
    assert source_of(identifier) is None
    assert words in why_not(identifier)
