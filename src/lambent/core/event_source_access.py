"""How Lambda gets at a source: which SourceAccessConfigurations each kind takes (service model, SourceAccessConfiguration)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambent.core.errors import InvalidParameterValue
from lambent.core.event_source_rules import SourceRules

Access = Sequence[Mapping[str, Any]]

_WITHOUT_URI = frozenset({"IAM_AUTH", "IAM_OAUTHBEARER_AUTH"})
"""The execution role signs: there is no secret."""
_TOGETHER = {
    "OAUTHBEARER_SCOPE": ("OAUTHBEARER_AUTH",),
    "OAUTHBEARER_LOGICAL_CLUSTER": ("OAUTHBEARER_AUTH",),
    "OAUTHBEARER_IDENTITY_POOL": ("OAUTHBEARER_AUTH",),
    "OAUTHBEARER_AUDIENCE": ("OAUTHBEARER_AUTH", "IAM_OAUTHBEARER_AUTH"),
    "IAM_OAUTHBEARER_AUTH": ("OAUTHBEARER_AUDIENCE",),
}
"""Type -> the types of which one must be given with it."""
_APART = frozenset({"OAUTHBEARER_AUTH", "OAUTHBEARER_SCOPE", "OAUTHBEARER_LOGICAL_CLUSTER", "OAUTHBEARER_IDENTITY_POOL"})
"""What does not go with IAM_OAUTHBEARER_AUTH."""


def check_access(rules: SourceRules, given: Access) -> None:
    """Raise InvalidParameterValue for what this kind of source does not take, or not in this combination."""
    for each in given:
        if "Type" not in each or ("URI" in each) == (each["Type"] in _WITHOUT_URI):
            raise InvalidParameterValue("Each source access configuration must have a Type, and a URI where the Type takes one.")
        if each["Type"] not in rules.access:
            raise InvalidParameterValue(
                f"Unsupported source access configuration type '{each['Type']}' for given event source mapping type."
            )
    types = [str(each["Type"]) for each in given]
    if rules.credentials and types.count("BASIC_AUTH") != 1:
        raise InvalidParameterValue("Exactly one source access configuration of type BASIC_AUTH must be specified.")
    if types.count("VIRTUAL_HOST") > 1:
        raise InvalidParameterValue("At most one source access configuration of type VIRTUAL_HOST can be specified.")
    _check_combination(frozenset(types))


def edited_access(before: Access, given: Access) -> list[Mapping[str, Any]]:
    """All after an update; the virtual host stays, and cannot be given. Raises InvalidParameterValue."""
    if any(each.get("Type") == "VIRTUAL_HOST" for each in given):
        raise InvalidParameterValue("VIRTUAL_HOST cannot be specified when an event source mapping is updated.")
    return [*given, *(each for each in before if each["Type"] == "VIRTUAL_HOST")]


def _check_combination(types: frozenset[str]) -> None:
    for name, others in _TOGETHER.items():
        if name in types and not types.intersection(others):
            raise InvalidParameterValue(f"Source access configuration type {name} requires {' or '.join(others)}.")
    if "IAM_OAUTHBEARER_AUTH" in types and types & _APART:
        raise InvalidParameterValue(
            f"Source access configuration type IAM_OAUTHBEARER_AUTH cannot be specified with {', '.join(sorted(types & _APART))}."
        )
