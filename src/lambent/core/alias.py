"""Aliases: a name for a version, with an optional share of requests for a second one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambent.core.function import FunctionKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """One alias. `routing` has at most one entry (Developer Guide, configuring-alias-routing)."""

    key: FunctionKey
    name: str
    version: str
    """`$LATEST` or a number."""
    description: str = ""
    routing: Mapping[str, float] = field(default_factory=dict)
    """Additional version -> its share of the requests, 0.0 to 1.0."""
    revision_id: str

    @property
    def arn(self) -> str:
        """The function's ARN with the alias as qualifier."""
        return self.key.qualified_arn(self.name)

    def choose(self, roll: float) -> str:
        """The version that serves a request; `roll` is uniform in [0, 1)."""
        for version, weight in self.routing.items():
            if roll < weight:
                return version
        return self.version
