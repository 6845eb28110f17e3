"""The states of a function version: which work each refuses, and the moves between them (Developer Guide, functions-states)."""

from dataclasses import dataclass, replace

from lambent.core.errors import ResourceConflict
from lambent.core.function import Function, FunctionVersion, State, UpdateStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a version is in its state, as text and as a value of the model's StateReasonCode enumeration."""

    reason: str
    code: str


CREATING = Reason(reason="The function is being created.", code="Creating")
"""Lambda gives this for creates and for updates alike."""


def is_unsettled(version: FunctionVersion) -> bool:
    """Whether activation has still to take it up."""
    return version.state is State.PENDING or version.last_update_status is UpdateStatus.IN_PROGRESS


def refuse_while_unsettled(function: Function) -> None:
    """Raise ResourceConflict unless the function may be updated or published now (facts A5)."""
    refuse_while_updating(function)
    if function.latest.state in (State.PENDING, State.FAILED):
        raise ResourceConflict(
            "The operation cannot be performed at this time. "
            f"The function is currently in the following state: {function.latest.state.value}"
        )


def refuse_while_updating(function: Function) -> None:
    """Raise ResourceConflict while an update is in progress; tagging is refused then, but not while Pending (facts A5)."""
    if function.latest.last_update_status is UpdateStatus.IN_PROGRESS:
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {function.key.arn}"
        )


def refuse_delete_while_pending(version: FunctionVersion) -> None:
    """Raise ResourceConflict while a published version is being made."""
    if version.state is State.PENDING:
        raise ResourceConflict(
            "The operation cannot be performed at this time. "
            f"The function is currently in the following state: {version.state.value}"
        )


def updating(latest: FunctionVersion, *, now: float) -> FunctionVersion:
    """An edited `$LATEST` whose update begins: what serves stays the old one until activation ends."""
    return replace(
        latest,
        last_modified=now,
        last_update_status=UpdateStatus.IN_PROGRESS,
        last_update_status_reason=CREATING.reason,
        last_update_status_reason_code=CREATING.code,
    )


def activated(version: FunctionVersion) -> FunctionVersion:
    """Code and layers are in place."""
    return replace(
        version,
        state=State.ACTIVE,
        state_reason=None,
        state_reason_code=None,
        last_update_status=UpdateStatus.SUCCESSFUL,
        last_update_status_reason=None,
        last_update_status_reason_code=None,
    )


def failed(version: FunctionVersion, why: Reason) -> FunctionVersion:
    """Activation failed: a create ends Failed for good; an update leaves the state, and what serves, as they were."""
    pending = version.state is State.PENDING
    return replace(
        version,
        state=State.FAILED if pending else version.state,
        state_reason=why.reason if pending else version.state_reason,
        state_reason_code=why.code if pending else version.state_reason_code,
        last_update_status=UpdateStatus.FAILED,
        last_update_status_reason=why.reason,
        last_update_status_reason_code=why.code,
    )
