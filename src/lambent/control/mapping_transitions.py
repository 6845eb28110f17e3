"""Transitions of event source mappings: what create, update and delete begin is brought to its end here, a moment later."""

import asyncio
import logging

from lambent.core.event_source_mapping import EventSourceMapping, MappingKey
from lambent.core.event_source_states import settled
from lambent.core.ports import Chance, Clock, StaleWrite, Store

_log = logging.getLogger(__name__)

TRANSITION_SECONDS = 1.0
"""How long a mapping stays in a transient state. Lambda takes longer; a client that looks must be able to see it."""
_RETRY_SECONDS = 1.0


class MappingTransitions:
    """Ends every transient state: Enabled or Disabled, or gone. The state lives in the Store alone, so a crash loses nothing."""

    def __init__(self, store: Store, clock: Clock, chance: Chance, *, seconds: float = TRANSITION_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._seconds = seconds
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Runs until cancelled."""
        self._store.subscribe_to_mappings(self._wake)
        while True:
            # Before the look: a write during it must be seen by the next one.
            self._changed.clear()
            try:
                wait = await self.settle_due()
            except Exception:  # noqa: BLE001 - top of a loop: trouble with the store must not stop transitions for good
                _log.exception("mapping_transitions_failed")
                wait = _RETRY_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def settle_due(self) -> float | None:
        """End the transient states that have lasted long enough; seconds until the next one has, None when there is none."""
        waits = []
        for mapping in await self._store.unsettled_event_source_mappings():
            # A clock that was set back must not hold a mapping for longer than a transition lasts.
            left = min(mapping.last_modified + self._seconds - self._clock.now(), self._seconds)
            if left > 0:
                waits.append(left)
            else:
                await self._settle(mapping)
        return min(waits, default=None)

    async def _settle(self, mapping: EventSourceMapping) -> None:
        after = settled(mapping, now=self._clock.now(), revision_id=self._chance.uuid())
        try:
            if after is None:
                await self._store.delete_event_source_mapping(mapping.key, expected_revision=mapping.revision_id)
            else:
                await self._store.replace_event_source_mapping(after, expected_revision=mapping.revision_id)
        except StaleWrite:
            # Somebody wrote meanwhile, such as a tag, and that has woken the loop: the next look decides anew.
            _log.debug("mapping_changed_meanwhile", extra={"mapping": mapping.key.arn})

    def _wake(self, _: MappingKey) -> None:
        self._changed.set()
