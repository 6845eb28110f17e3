"""What may be a tag (facts G5); key and value characters and lengths are checked by the service model."""

from collections.abc import Mapping

from lambent.core.errors import InvalidParameterValue
from lambent.core.limits import TAGS_PER_RESOURCE


def merged_tags(present: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The tags after adding the given ones. Raises InvalidParameterValue for a reserved key or too many."""
    if any(key.lower().startswith("aws:") for key in given):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    merged = {**present, **given}
    if len(merged) > TAGS_PER_RESOURCE:
        raise InvalidParameterValue("Number of tags exceeds resource tag limit.")
    return merged
