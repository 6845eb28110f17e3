"""Probes the isolation levels of this host, and makes the provider of one. Fails closed: what cannot be proven is not there."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.sandbox.bwrap import NOTES, BwrapProvider, bwrap_problem
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
    return await asyncio.gather(*(_PROBES[each]() for each in wanted))


def provider_of(level: IsolationLevel, folder: Path, *, network: bool) -> SandboxProvider:
    """The provider of an available level. `folder` is its own, inside the data directory."""
    if level is IsolationLevel.NATIVE:
        return NativeProvider(folder=folder, network=network)
    if level is IsolationLevel.BWRAP:
        return BwrapProvider(folder)
    return ProcessProvider(folder)


async def _native() -> LevelReport:
    reason = await asyncio.to_thread(requirements.problem)
    if reason is not None:
        return LevelReport(level=IsolationLevel.NATIVE, available=False, reason=reason)
    return LevelReport(level=IsolationLevel.NATIVE, available=True, notes=tuple(requirements.notes()))


async def _bwrap() -> LevelReport:
    reason = await bwrap_problem()
    return LevelReport(
        level=IsolationLevel.BWRAP, available=reason is None, reason=reason or "", notes=NOTES if reason is None else ()
    )


async def _process() -> LevelReport:
    note = "holds nothing and hides nothing: for code that you trust as your own; must be asked for by name"
    return LevelReport(level=IsolationLevel.PROCESS, available=True, notes=(note,))


_PROBES: Mapping[IsolationLevel, Callable[[], Awaitable[LevelReport]]] = {
    IsolationLevel.NATIVE: _native,
    IsolationLevel.BWRAP: _bwrap,
    IsolationLevel.PROCESS: _process,
}
