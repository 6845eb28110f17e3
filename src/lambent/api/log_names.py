"""How CloudWatch Logs requests name groups and streams, and what is said of those that are not there (facts H4)."""

import re
from typing import Final

from lambent.api.call import Members
from lambent.core.errors import InvalidParameterValue, ResourceNotFound
from lambent.core.function import Owner

UPLOAD_TOKEN: Final = "49039859626452130702312144016341341284834893832018821746"  # noqa: S105 - a sequence token, which nobody checks any more
"""Any sequence token is accepted; the members that used to hold one still do."""
_ARN = re.compile(r"arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([^:*]{1,512})(?::\*)?", re.ASCII)


def group_arn(owner: Owner, name: str) -> str:
    """Without the `:*` that some members end in."""
    return f"arn:aws:logs:{owner.region}:{owner.account}:log-group:{name}"


def group_name(members: Members) -> str:
    """The group, by name or by ARN. Raises InvalidParameterValue."""
    name, identifier = members.get("logGroupName"), members.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidParameterValue("Exactly one of logGroupName and logGroupIdentifier must be given.")
    return name_of(str(name or identifier))


def name_of(identifier: str) -> str:
    """The name of a group that is given by name or by ARN."""
    return (
        identifier.split(":", 6)[6].removesuffix(":*")
        if identifier.startswith("arn:") and identifier.count(":") > 5
        else identifier
    )


def own_group(owner: Owner, arn: str) -> str:
    """The name of the caller's own group that the ARN is of. Raises InvalidParameterValue, ResourceNotFound."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidParameterValue(f"Invalid resource ARN: {arn[:200]}")
    region, account, name = match.groups()
    if (account, region) != (owner.account, owner.region):
        raise no_group()
    return name


def no_group() -> ResourceNotFound:
    """The fault for an unknown group."""
    return ResourceNotFound("The specified log group does not exist.")


def no_stream() -> ResourceNotFound:
    """The fault for an unknown stream."""
    return ResourceNotFound("The specified log stream does not exist.")
