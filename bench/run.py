"""What all measurements of one run share: how thorough to be, where to put files, what was asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from bench.lambent_server import Host


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of the benchmark."""

    quick: bool
    wanted: frozenset[str]
    """Names of the keys to measure."""
    host: Host
    folder: Path
    """Scratch space, removed afterwards."""
    say: Callable[[str], None]
    """Progress, for people."""

    def scaled(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def wants(self, *keys: str) -> bool:
        return bool(self.wanted.intersection(keys))

    def place(self, name: str) -> Path:
        """A new folder for one server."""
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o755)
        return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One way of measuring, and the keys that come of it."""

    name: str
    keys: tuple[str, ...]
    measure: Callable[[Run], Iterator[Figure]]
    """Yields figures of wanted keys only, each as soon as it is there. May raise."""
