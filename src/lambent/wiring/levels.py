"""Which isolation level this server runs at, and the provider for it: the strongest, or what was asked for, or none."""

import os
from collections.abc import Sequence

from lambent.adapters.sandbox.probe import LevelReport, probe, provider_of
from lambent.core.environment import IsolationLevel
from lambent.core.ports import SandboxProvider
from lambent.settings import Settings


class StartFailure(Exception):
    """Lambent cannot start; the message says what to do."""


def choose(reports: Sequence[LevelReport], wanted: IsolationLevel | None) -> IsolationLevel | None:
    """The level asked for if it is available, else the strongest available one but `process`; None when there is none."""
    available = [report.level for report in reports if report.available]
    if wanted is not None:
        return wanted if wanted in available else None
    return next((level for level in IsolationLevel if level in available and level is not IsolationLevel.PROCESS), None)


async def choose_provider(settings: Settings) -> SandboxProvider:
    """Raises StartFailure: never a weaker level than the one asked for."""
    folder = settings.data_directory / "sandboxes"
    wanted = settings.isolation
    reports = await probe(None if wanted is None else {wanted})
    level = choose(reports, wanted)
    if level is None:
        raise StartFailure(_advice(reports, wanted))
    return provider_of(level, folder, network=settings.network)


def _advice(reports: Sequence[LevelReport], wanted: IsolationLevel | None) -> str:
    reasons = "\n".join(f"  {report.level.value}: {report.reason}" for report in reports if not report.available)
    if wanted is not None:
        return f"the isolation level {wanted.value} is not available here:\n{reasons}\n`lambent doctor` shows the others."
    user = "root" if os.geteuid() == 0 else "this user"
    return (
        f"no isolation level is available to {user} on this machine:\n{reasons}\n"
        "Mend one of these, or, for code that you trust as your own, say so: lambent start --isolation process"
    )
