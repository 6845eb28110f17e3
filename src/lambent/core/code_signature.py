"""Who signed a code package, and whom this installation knows as a signer: values, nothing decided (docs/adr/0003)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PROFILE_VERSION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):signer:(?P<place>[a-z0-9-]+:\d{12}):/signing-profiles/[a-zA-Z0-9_]{2,64}/[a-zA-Z0-9]+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSignature:
    """What a package's signature says. It belongs to the package's bytes, but for the profile's name."""

    intact: bool
    """Whether the package is what was signed, every byte. What stands below is worthless when it is not."""
    certificate: str = ""
    """SHA-256 of the signer's certificate in DER, lower-case hex."""
    valid_from: float = 0.0
    """Epoch seconds."""
    valid_until: float = 0.0
    """Epoch seconds: the certificate's end, or the signature's own if that is earlier."""
    job: str | None = None
    """The UUID of the signing, where the signer gave it one."""
    profile_version_arn: str | None = None
    """The signing profile version that the certificate stood for when the package came in; None: unknown here."""

    @property
    def job_arn(self) -> str | None:
        """The signing job in the account and Region of the profile; None without a job or a profile."""
        match = _PROFILE_VERSION_ARN.fullmatch(self.profile_version_arn or "")
        if match is None or self.job is None:
            return None
        return f"arn:{match['partition']}:signer:{match['place']}:/signing-jobs/{self.job}"


BROKEN = CodeSignature(intact=False)
"""The signature of a package that was changed after it was signed, or that cannot be verified at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningProfiles:
    """The signers that this installation knows."""

    by_certificate: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of a certificate, as in CodeSignature -> the ARN of the signing profile version that it stands for."""

    def of(self, signature: CodeSignature) -> str | None:
        """The signing profile version that made this signature; None for a broken one or an unknown signer."""
        return self.by_certificate.get(signature.certificate) if signature.intact else None


def is_signing_profile_version_arn(text: str) -> bool:
    """Whether it has AWS Signer's form `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION`."""
    return _PROFILE_VERSION_ARN.fullmatch(text) is not None
