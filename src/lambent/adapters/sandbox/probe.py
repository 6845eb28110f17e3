"""Probes which isolation levels this host offers, and makes the provider of one. Fails closed: what cannot be proven is not there."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.sandbox.native import requirements
from lambent.adapters.sandbox.native.provider import NativeProvider
from lambent.adapters.sandbox.process import ProcessProvider
from lambent.core.environment import IsolationLevel
from lambent.core.ports import SandboxProvider


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelReport:
    """What one level would be here."""

    level: IsolationLevel
    available: bool
    reason: str = ""
    """Why it is not available, and what to do about it; empty when it is."""
    notes: tuple[str, ...] = ()
    """What a user should know about it here, such as that there is no outside network."""


async def probe(levels: Collection[IsolationLevel] | None) -> Sequence[LevelReport]:
    """A report for each of these levels (None: all), strongest first. Takes up to a second."""
    wanted = [each for each in IsolationLevel if levels is None or each in levels]
    return await asyncio.gather(*(asyncio.to_thread(_PROBES[each]) for each in wanted))


def provider_of(level: IsolationLevel, folder: Path, *, network: bool) -> SandboxProvider:
    """The provider of an available level. `folder` is its own, inside the data directory."""
    if level is IsolationLevel.NATIVE:
        return NativeProvider(folder=folder, network=network)
    if level is IsolationLevel.PROCESS:
        return ProcessProvider(folder)
    raise ValueError(level)


def _native() -> LevelReport:
    reason = requirements.problem()
    if reason is not None:
        return LevelReport(level=IsolationLevel.NATIVE, available=False, reason=reason)
    return LevelReport(level=IsolationLevel.NATIVE, available=True, notes=tuple(requirements.notes()))


def _bwrap() -> LevelReport:
    return LevelReport(level=IsolationLevel.BWRAP, available=False, reason="this version of Lambent does not have it")


def _process() -> LevelReport:
    return LevelReport(
        level=IsolationLevel.PROCESS,
        available=True,
        notes=("holds nothing and hides nothing: for code that you trust as your own; must be asked for by name",),
    )


_PROBES: Mapping[IsolationLevel, Callable[[], LevelReport]] = {
    IsolationLevel.NATIVE: _native,
    IsolationLevel.BWRAP: _bwrap,
    IsolationLevel.PROCESS: _process,
}
