"""Resource policies: who else may use a function, one of its versions or aliases, or a layer version (facts G6, G1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lambent.core.function import FunctionKey, Owner
from lambent.core.layer import LayerKey

Statement = Mapping[str, object]
"""One statement, as IAM's policy language has it in JSON."""


class PolicyKind(StrEnum):
    """What a policy is about."""

    FUNCTION = "function"
    LAYER = "layer"


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTarget:
    """The one resource that a policy is about: a grant on a function does not cover its versions or aliases."""

    kind: PolicyKind
    owner: Owner
    name: str
    qualifier: str = ""
    """Of a function: empty, a number or an alias; of a layer: the number of the version."""

    @property
    def arn(self) -> str:
        """The Resource of its statements."""
        arn = self.owner.arn(f"{self.kind.value}:{self.name}")
        return f"{arn}:{self.qualifier}" if self.qualifier else arn


def function_target(key: FunctionKey, qualifier: str | None) -> PolicyTarget:
    """A function (None) or one of its versions or aliases."""
    return PolicyTarget(kind=PolicyKind.FUNCTION, owner=key.owner, name=key.name, qualifier=qualifier or "")


def layer_target(key: LayerKey, version: int) -> PolicyTarget:
    """A layer version."""
    return PolicyTarget(kind=PolicyKind.LAYER, owner=key.owner, name=key.name, qualifier=str(version))


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourcePolicy:
    """One policy document. Without statements there is no policy, so that `statements` is never empty once stored."""

    target: PolicyTarget
    revision_id: str
    """Its own: changing a policy does not change the function's RevisionId."""
    statements: tuple[Statement, ...]
    identifier: str | None = "default"
    """The document's Id."""
    language: str = "2012-10-17"
    """The document's Version."""

    @property
    def text(self) -> str:
        """The document as compact JSON."""
        identifier = {} if self.identifier is None else {"Id": self.identifier}
        return compact({"Version": self.language, **identifier, "Statement": list(self.statements)})


def compact(document: object) -> str:
    """JSON as policies are written on the wire: no spaces, characters as they are."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
