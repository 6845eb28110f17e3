"""What a configuration refers to outside of Lambda: subnets, file systems, keys, dead-letter targets, and how they go together.

Only the references are checked: whether the resources exist is their services' knowledge.
"""

import re
from collections.abc import Mapping, Sequence

from lambent.core.errors import InvalidParameterValue

Settings = Mapping[str, object]
"""Wire members by name, as in FunctionConfiguration.settings; None where a member is taken back to its default."""

_DEAD_LETTER_TARGET = re.compile(r"arn:aws[a-zA-Z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+")
_KEY = re.compile(r"arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+")
_EFS = re.compile(r"arn:aws[a-zA-Z-]*:elasticfilesystem:.*")


def check_references(settings: Settings) -> None:
    """Raise InvalidParameterValue for what is wrong with the given members alone."""
    _check_vpc(settings.get("VpcConfig"))
    _check_dead_letters(settings.get("DeadLetterConfig"))
    for name in ("KMSKeyArn", "SourceKMSKeyArn"):
        _check_key(settings.get(name))
    for file_system in _file_systems(settings):
        _check_direct_reads(file_system)


def check_together(settings: Settings) -> None:
    """Raise InvalidParameterValue for members of one configuration that exclude or need each other."""
    file_systems = _file_systems(settings)
    for each in file_systems:
        arn = str(each.get("Arn", ""))
        if _EFS.fullmatch(arn) and not settings.get("VpcConfig"):
            raise InvalidParameterValue(f"Function must be configured to execute in a VPC to reference access point {arn}.")
    if file_systems and settings.get("SnapStart"):
        raise InvalidParameterValue("SnapStart is not supported with file systems.")
    if settings.get("TenancyConfig") and settings.get("SnapStart"):
        raise InvalidParameterValue("SnapStart is not supported for functions with tenancy configuration.")


def _check_vpc(vpc: object) -> None:
    if isinstance(vpc, Mapping) and bool(vpc.get("SubnetIds")) != bool(vpc.get("SecurityGroupIds")):
        raise InvalidParameterValue("SubnetIds and SecurityIds must coexist or be both empty list.")


def _check_dead_letters(dead_letters: object) -> None:
    """Standard queues and topics only (Developer Guide, invocation-async-retain-records; facts C2)."""
    target = str(dead_letters.get("TargetArn", "")) if isinstance(dead_letters, Mapping) else None
    if target is not None and not _DEAD_LETTER_TARGET.fullmatch(target):
        raise InvalidParameterValue(
            f"The provided target resource of the DeadLetterConfig, {target}, is not a standard SQS queue or SNS topic."
        )


def _check_key(key: object) -> None:
    if key is not None and not _KEY.fullmatch(str(key)):
        raise InvalidParameterValue(
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. "
            f"Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: Invalid arn {key}"
        )


def _check_direct_reads(file_system: Mapping[str, object]) -> None:
    """S3FilesConfig is for access points of S3 Files only (service model, FileSystemConfig)."""
    if file_system.get("S3FilesConfig") is not None and _EFS.fullmatch(str(file_system.get("Arn", ""))):
        raise InvalidParameterValue("S3FilesConfig is valid only when the access point is an Amazon S3 Files access point.")


def _file_systems(settings: Settings) -> Sequence[Mapping[str, object]]:
    given = settings.get("FileSystemConfigs")
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, Sequence) else ()
