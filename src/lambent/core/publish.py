"""Publishing: what counts as a change since the last version, and the snapshot that becomes the next one (facts A6)."""

from dataclasses import dataclass, replace

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import Function, FunctionVersion, State, UpdateStatus
from lambent.core.function_states import CREATING


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What publishing comes to."""

    version: FunctionVersion
    function: Function | None
    """The function with its number used up; None when nothing had changed and `version` is the one that stands already."""


def last_published_number(function: Function) -> str | None:
    """The number that was given out last, whether or not that version still exists; None before the first."""
    return str(function.next_version - 1) if function.next_version > 1 else None


def unchanged_since(function: Function, version: FunctionVersion) -> bool:
    """Whether `$LATEST` is what `version` was published from.

    Code and all of the configuration count; reserved concurrency, tags and policies do not, being no part of a version.
    """
    latest = function.latest
    return latest.code == version.code and latest.configuration == version.configuration


def publication(function: Function, *, last: FunctionVersion | None, description: str | None, revision_id: str) -> Publication:
    """Publish `$LATEST`, unless nothing changed since `last`, the version of `last_published_number` (None: it is gone).

    A description given here is the version's own; it is no change by itself.
    """
    if last is not None and unchanged_since(function, last):
        return Publication(version=last, function=None)
    version = replace(
        function.latest,
        version=str(function.next_version),
        revision_id=revision_id,
        state=State.PENDING,
        state_reason=CREATING.reason,
        state_reason_code=CREATING.code,
        last_update_status=UpdateStatus.SUCCESSFUL,
        last_update_status_reason=None,
        last_update_status_reason_code=None,
        published_description=description,
    )
    return Publication(version=version, function=replace(function, next_version=function.next_version + 1))


def check_code_sha256(function: Function, given: str | None) -> None:
    """The guard of PublishVersion: the caller says which code it means to publish."""
    current = function.latest.code.sha256
    if given and given != current:
        raise InvalidParameterValue(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
