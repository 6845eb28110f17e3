"""What an alias may point at (Developer Guide, configuring-alias-routing; facts A7)."""

from collections.abc import Mapping, Sequence

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import LATEST, FunctionVersion


def check_routing(version: str, routing: Mapping[str, float]) -> None:
    """Raise InvalidParameterValue for a primary version and weights that no alias may have."""
    if not routing:
        return
    if len(routing) > 1:
        raise InvalidParameterValue("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if version == LATEST:
        raise InvalidParameterValue("$LATEST is not supported for an alias pointing to more than 1 version")
    if version in routing:
        raise InvalidParameterValue(
            f"Invalid function version {version}. Function version {version} is already included in routing configuration."
        )


def check_same_role_and_dead_letters(versions: Sequence[FunctionVersion]) -> None:
    """The versions of a weighted alias share one execution role and one dead-letter setting. Raises InvalidParameterValue."""
    for what, values in (
        ("execution role", [each.configuration.role for each in versions]),
        ("dead-letter queue configuration", [each.configuration.settings.get("DeadLetterConfig") for each in versions]),
    ):
        if any(each != values[0] for each in values):
            raise InvalidParameterValue(f"The versions of a weighted alias must have the same {what}.")
