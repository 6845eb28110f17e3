"""A RuntimeCatalog for tests: whichever runtimes a test says this host has."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lambent.core.runtime import RuntimeFamily, RuntimeInstallation


class FakeRuntimeCatalog:
    """Has exactly these runtimes; their interpreters need not exist."""

    def __init__(self, identifiers: Iterable[str] = ("python3.12", "nodejs20.x", "provided.al2023", "provided.al2")) -> None:
        self._found = {each: fake_runtime(each) for each in sorted(identifiers)}

    def find(self, identifier: str) -> RuntimeInstallation | None:
        return self._found.get(identifier)

    def installations(self) -> Sequence[RuntimeInstallation]:
        return tuple(self._found.values())


def fake_runtime(identifier: str) -> RuntimeInstallation:
    """An installation of `python3.x`, `nodejsNN.x` or `provided.*` in a folder of its own."""
    for family, lambdas_name in ((RuntimeFamily.PYTHON, "python"), (RuntimeFamily.NODE, "nodejs"), (RuntimeFamily.RUBY, "ruby")):
        if identifier.startswith(lambdas_name):
            number = identifier.removeprefix(lambdas_name).removesuffix(".x")
            prefix = Path("/interpreters") / identifier
            return RuntimeInstallation(
                identifier=identifier,
                family=family,
                version=f"{number}.0",
                executable=prefix / "bin" / family.value,
                prefix=prefix,
            )
    return RuntimeInstallation(identifier=identifier, family=RuntimeFamily.PROVIDED, version="", executable=None, prefix=None)
