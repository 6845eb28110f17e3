"""What code signing allows: which configurations may be, and which packages may be deployed under one (facts G4).

The four checks are those of the Developer Guide, page configuration-codesigning: integrity, expiry, mismatch, revocation. A
profile is revoked here by taking its certificate from the settings, which makes its signatures a mismatch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lambent.core.addressing import not_authorized
from lambent.core.code_signature import CodeSignature, SigningProfiles, is_signing_profile_version_arn
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey, UntrustedArtifact, code_signing_key
from lambent.core.errors import (
    CodeSigningConfigNotFound,
    CodeVerificationFailed,
    InvalidCodeSignature,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.core.function import CodePackage, Owner, PackageType


class Finding(StrEnum):
    """What is wrong with a package's signature."""

    BROKEN = "integrity"
    UNSIGNED = "unsigned"
    MISMATCH = "mismatch"
    EXPIRED = "expiry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """One package of a deployment: a function's code, or a layer version."""

    name: str
    """The function's name or the layer version's ARN, for the message."""
    package: CodePackage


def finding(
    signature: CodeSignature | None, config: CodeSigningConfig, profiles: SigningProfiles, *, now: float
) -> Finding | None:
    """What is wrong with the signature of a package that is deployed at `now` (epoch seconds); None: nothing."""
    if signature is None:
        return Finding.UNSIGNED
    if not signature.intact:
        return Finding.BROKEN
    if profiles.of(signature) not in config.allowed_publishers:
        return Finding.MISMATCH
    if not signature.valid_from <= now <= signature.valid_until:
        return Finding.EXPIRED
    return None


def check_finding(found: Finding, config: CodeSigningConfig, name: str) -> None:
    """Raise what refuses the deployment: InvalidCodeSignature whatever the policy, CodeVerificationFailed if it is Enforce."""
    if found is Finding.BROKEN:
        raise InvalidCodeSignature(
            "Lambda cannot deploy the function. The function or layer was changed after it was signed, or its signature cannot "
            f"be read. Check the provided signature for {name}."
        )
    if config.untrusted_artifact is not UntrustedArtifact.ENFORCE:
        return
    if found is Finding.EXPIRED:
        raise CodeVerificationFailed(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that has expired. "
            f"Check the provided signature for {name}."
        )
    raise CodeVerificationFailed(
        "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not "
        f"configured to accept. Check the provided signature for {name}."
    )


def check_publishers(arns: Sequence[str]) -> None:
    """Raise InvalidParameterValue for an ARN that is no signing profile version's; their number is checked by the model."""
    for arn in arns:
        if not is_signing_profile_version_arn(arn):
            raise InvalidParameterValue(f"The signing profile version ARN is not valid: {arn}")


def check_signable(package_type: PackageType) -> None:
    """Raise InvalidParameterValue for a container image (Developer Guide, configuration-codesigning)."""
    if package_type is PackageType.IMAGE:
        raise InvalidParameterValue("Functions defined as container images do not support code signing.")


def own_config(arn: str, *, caller: Owner, action: str) -> CodeSigningKey:
    """Read the ARN of a configuration to work on. Raises ResourceNotFound (other Region, no such form), AccessDenied."""
    key = code_signing_key(arn)
    if key is None or key.owner.region != caller.region:
        raise no_config(arn)
    if key.owner.account != caller.account:
        raise not_authorized(caller, action=action, arn=arn)
    return key


def config_for_function(arn: str, *, caller: Owner, action: str) -> CodeSigningKey:
    """Read the ARN of a configuration for a function of `caller`. Raises CodeSigningConfigNotFound, AccessDenied."""
    try:
        return own_config(arn, caller=caller, action=action)
    except ResourceNotFound as error:
        raise no_config_for_function(arn) from error


def no_config(arn: str) -> ResourceNotFound:
    """The answer for a configuration that does not exist."""
    return ResourceNotFound(f"The Lambda code signing configuration {arn} can not be found.")


def no_config_for_function(arn: str) -> CodeSigningConfigNotFound:
    """The answer to a function's request that names a configuration that does not exist."""
    return CodeSigningConfigNotFound(
        f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
    )


def config_in_use(arn: str) -> ResourceConflict:
    """The refusal to delete a configuration that a function has."""
    return ResourceConflict(f"The code signing configuration cannot be deleted while a function is using it: {arn}.")
