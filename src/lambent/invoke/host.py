"""What this machine gives to every execution environment, in one value."""

from collections.abc import Callable
from dataclasses import dataclass

from lambent.core.environment_variables import Credentials
from lambent.core.function import Owner
from lambent.core.ports import Chance, Clock, LogStore, PackageStore, SandboxProvider
from lambent.invoke.blanks import Blanks


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What this machine gives to every execution environment."""

    provider: SandboxProvider
    blanks: Blanks
    packages: PackageStore
    logs: LogStore
    clock: Clock
    chance: Chance
    credentials: Callable[[Owner], Credentials]
    """What a function of this owner signs its calls with; asked once per sandbox."""
    network: bool
    """Whether functions reach the outside network."""
    platform_url: str | None
    """The AWS endpoint for sandboxes that have no listener of their own for it (level `process`)."""
