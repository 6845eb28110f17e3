"""The signature check of deployments: what a function with a code signing configuration may be given (facts G4)."""

import logging
from collections.abc import Sequence

from lambent.core.code_signature import SigningProfiles
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey, UntrustedArtifact
from lambent.core.code_signing_rules import (
    Deployed,
    Finding,
    check_finding,
    check_signable,
    config_for_function,
    finding,
    no_config_for_function,
)
from lambent.core.function import CodePackage, Function, FunctionKey, LayerReference, Owner, PackageType
from lambent.core.ports import Clock, Store

_log = logging.getLogger(__name__)


class SignatureCheck:
    """Held at deployment only: what runs already goes on running (Developer Guide, configuration-codesigning)."""

    def __init__(self, store: Store, profiles: SigningProfiles, clock: Clock) -> None:
        self._store = store
        self._profiles = profiles
        self._clock = clock

    async def config(self, arn: str | None, owner: Owner, package_type: PackageType) -> str | None:
        """The identifier of the configuration that a new function of `owner` is to have; None for none.

        Raises CodeSigningConfigNotFound, AccessDenied (another account's), InvalidParameterValue (a container image).
        """
        if not arn:
            return None
        check_signable(package_type)
        key = config_for_function(arn, caller=owner, action="CreateFunction")
        if await self._store.code_signing_config(key) is None:
            raise no_config_for_function(arn)
        return key.identifier

    async def check(
        self, function: Function, *, code: CodePackage | None = None, layers: Sequence[LayerReference] | None = None
    ) -> None:
        """Check what a function is given by a deployment; what it has already is not looked at.

        Raises CodeVerificationFailed (policy Enforce), InvalidCodeSignature (any policy).
        """
        if function.code_signing_config is None:
            return
        key = CodeSigningKey(owner=function.key.owner, identifier=function.code_signing_config)
        config = await self._store.code_signing_config(key)
        if config is None:  # deleted since the function was read: whoever writes the function meets StaleWrite
            return
        given = [] if code is None else [Deployed(name=function.key.name, package=code)]
        given += [Deployed(name=each.arn, package=each.package) for each in layers or ()]
        for each in given:
            self._check(function.key, config, each)

    def _check(self, key: FunctionKey, config: CodeSigningConfig, deployed: Deployed) -> None:
        found = finding(deployed.package.signature, config, self._profiles, now=self._clock.now())
        if found is not None:
            _tell(key, config, deployed, found)
            check_finding(found, config, deployed.name)


def _tell(key: FunctionKey, config: CodeSigningConfig, deployed: Deployed, found: Finding) -> None:
    """Lambda counts the metric SignatureValidationErrors under either policy; here it is a line of the server's log."""
    facts = {
        "function": key.arn,
        "package": deployed.name,
        "check": found.value,
        "code_signing_config": config.key.arn,
        "blocked": found is Finding.BROKEN or config.untrusted_artifact is UntrustedArtifact.ENFORCE,
    }
    _log.warning("signature_validation_error", extra=facts)
