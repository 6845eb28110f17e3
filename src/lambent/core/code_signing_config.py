"""Code signing configurations: whose packages a function may be deployed from, and what happens to others (facts G4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lambent.core.function import Owner

_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):code-signing-config:(?P<identifier>csc-[a-z0-9]{17})"
)
IDENTIFIER_CHARACTERS = 17
"""Those that follow `csc-`."""


class UntrustedArtifact(StrEnum):
    """What happens to a deployment that is not signed as it should be (shape CodeSigningPolicy)."""

    WARN = "Warn"
    ENFORCE = "Enforce"


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSigningKey:
    """Names one code signing configuration."""

    owner: Owner
    identifier: str
    """`csc-` and 17 lower-case letters and digits."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.owner.arn(f"code-signing-config:{self.identifier}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSigningConfig:
    """One code signing configuration."""

    key: CodeSigningKey
    allowed_publishers: tuple[str, ...]
    """ARNs of 1 to 20 signing profile versions."""
    last_modified: float
    """Epoch seconds."""
    untrusted_artifact: UntrustedArtifact = UntrustedArtifact.WARN
    description: str | None = None
    """None when never given (the member is then absent on the wire)."""
    tags: Mapping[str, str] = field(default_factory=dict)


def code_signing_key(arn: str) -> CodeSigningKey | None:
    """Read a code signing configuration's ARN, of whatever account; None for another text."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    return CodeSigningKey(owner=Owner(account=match["account"], region=match["region"]), identifier=match["identifier"])
