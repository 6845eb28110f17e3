"""What may be a tag (facts G5); key and value characters and lengths are checked by the service model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lambent.core.errors import InvalidParameterValue
from lambent.core.limits import TAGS_PER_RESOURCE


@dataclass(frozen=True, kw_only=True, slots=True)
class TagEdit:
    """What TagResource or UntagResource does to the tags of one resource."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Sequence[str] = ()
    """Names that are no tags are ignored."""

    def applied(self, present: Mapping[str, str]) -> dict[str, str]:
        """The tags afterwards. Raises InvalidParameterValue for a reserved key or too many."""
        kept = {name: value for name, value in present.items() if name not in self.removed}
        return merged_tags(kept, self.added)


def merged_tags(present: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The tags after adding the given ones. Raises InvalidParameterValue for a reserved key or too many."""
    if any(key.lower().startswith("aws:") for key in given):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    merged = {**present, **given}
    if len(merged) > TAGS_PER_RESOURCE:
        raise InvalidParameterValue("Number of tags exceeds resource tag limit.")
    return merged
