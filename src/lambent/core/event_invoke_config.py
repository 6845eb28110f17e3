"""How one qualifier of a function has its asynchronous events handled (facts C1, C3)."""

from dataclasses import dataclass

from lambent.core.async_event import MAXIMUM_AGE_SECONDS, MAXIMUM_RETRIES, EventInvokeLimits
from lambent.core.function import FunctionKey


@dataclass(frozen=True, kw_only=True, slots=True)
class EventInvokeConfig:
    """One event invoke config. None leaves a member at Lambda's default, which the wire does not show."""

    key: FunctionKey
    qualifier: str
    """`$LATEST` (also for calls without a qualifier), a number or an alias."""
    last_modified: float
    """Epoch seconds."""
    maximum_retries: int | None = None
    """0 to 2."""
    maximum_age: int | None = None
    """Seconds, 60 to 21,600."""
    on_success: str | None = None
    """ARN of the destination of successful events."""
    on_failure: str | None = None
    """ARN of the destination of events that failed."""

    @property
    def arn(self) -> str:
        """The function's ARN, always qualified."""
        return self.key.qualified_arn(self.qualifier)

    @property
    def limits(self) -> EventInvokeLimits:
        """With the defaults filled in."""
        return EventInvokeLimits(
            maximum_retries=MAXIMUM_RETRIES if self.maximum_retries is None else self.maximum_retries,
            maximum_age=MAXIMUM_AGE_SECONDS if self.maximum_age is None else float(self.maximum_age),
        )
