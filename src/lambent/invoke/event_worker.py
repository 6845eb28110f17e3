"""Drains the queue of asynchronous events: invoke, then retry, or deliver and drop. Nothing accepted is lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from lambent.core.async_event import AsyncEvent, EventInvokeLimits, Finish, Retry, expired, next_step
from lambent.core.errors import LambdaError, ServiceFault
from lambent.core.function import LATEST, FunctionKey, Owner
from lambent.core.invocation import InvokeRequest, InvokeResult
from lambent.core.names import FunctionReference
from lambent.core.ports import Clock, EventQueue, Store
from lambent.invoke.invoker import Invoker

_log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
"""Short, and renewed while an event runs: after a crash its events come again this soon, however long they would have run."""
_RENEW_SECONDS = 5.0
_PARALLEL = 500
"""Events in progress at once."""
_BATCH = 50
_LOOK_AGAIN_SECONDS = 30.0
"""Looked at the queue at least this often."""
_TROUBLE_SECONDS = 1.0
"""The wait after the queue itself failed."""

Deliver = Callable[[Finish], Awaitable[None]]
"""Writes the record of a finished event where its owner asked. At least once: an event whose delivery failed comes again."""


async def deliver_nowhere(finish: Finish) -> None:
    """No destination is configured."""
    _log.debug("event_finished", extra={"event_id": finish.event.event_id, "condition": finish.condition.value})


class EventWorker:
    """`run` leases what is due and tries it, many at once. A crash leaves the leases to expire and the events come again."""

    def __init__(
        self, *, queue: EventQueue, store: Store, invoker: Invoker, clock: Clock, deliver: Deliver = deliver_nowhere
    ) -> None:
        self._queue = queue
        self._store = store
        self._invoker = invoker
        self._clock = clock
        self._deliver = deliver
        self._running: dict[str, AsyncEvent] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """An event was accepted."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew())
            while True:
                self._wake.clear()
                await self._round(group)

    async def _round(self, group: asyncio.TaskGroup) -> None:
        try:
            events = await self._lease()
            wait = 0.0 if events else await self._pause()
        except Exception:  # noqa: BLE001 - the top of the loop: a queue in trouble is tried again
            _log.exception("event_queue_failed")
            events, wait = (), _TROUBLE_SECONDS
        for event in events:
            self._running[event.event_id] = event
            group.create_task(self._settle(event))
        if wait:
            await self._sleep(wait)

    async def _lease(self) -> "tuple[AsyncEvent, ...]":
        room = min(_PARALLEL - len(self._running), _BATCH)
        if room <= 0:
            return ()
        now = self._clock.now()
        leased = await self._queue.lease(now=now, until=now + LEASE_SECONDS, limit=room)
        return tuple(event for event in leased if event.event_id not in self._running)

    async def _pause(self) -> float:
        """Seconds until the next look, if nothing wakes us."""
        if len(self._running) >= _PARALLEL:
            return _LOOK_AGAIN_SECONDS
        due = await self._queue.next_due()
        return _LOOK_AGAIN_SECONDS if due is None else min(max(due - self._clock.now(), 0.01), _LOOK_AGAIN_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _settle(self, event: AsyncEvent) -> None:
        """One event: try it, then do what `next_step` says. Only a failing queue leaves it to its lease."""
        try:
            limits = await self._limits(event)
            late = expired(event, self._clock.now(), limits)
            await self._carry_out(late or next_step(event, await self._try(event), self._clock.now(), limits))
        except Exception:  # noqa: BLE001 - the top of an event's life: its lease expires and it comes again
            _log.exception("event_not_settled", extra={"event_id": event.event_id})
        finally:
            self._running.pop(event.event_id, None)
            if len(self._running) >= _PARALLEL - 1:
                self._wake.set()

    async def _limits(self, event: AsyncEvent) -> EventInvokeLimits | None:
        """Of exactly the qualifier invoked: the config of a version does not hold for calls by alias (facts C1)."""
        key = FunctionKey(owner=Owner(account=event.account, region=event.region), name=event.function)
        config = await self._store.event_invoke_config(key, event.qualifier or LATEST)
        return None if config is None else config.limits

    async def _try(self, event: AsyncEvent) -> InvokeResult | LambdaError:
        try:
            return await self._invoker.invoke(_request(event))
        except LambdaError as error:
            return error
        except Exception:  # noqa: BLE001 - the request boundary: an event is retried after a fault of ours
            _log.exception("event_invoke_failed", extra={"event_id": event.event_id})
            return ServiceFault("internal error")

    async def _carry_out(self, step: Retry | Finish) -> None:
        if isinstance(step, Finish):
            await self._deliver(step)
            self._running.pop(step.event.event_id, None)  # before it is forgotten, lest a renewal brings it back
            await self._queue.acknowledge(step.event.event_id)
        else:
            self._running.pop(step.event.event_id, None)
            await self._queue.retry(step.event)
            self._wake.set()  # it may be due before the loop meant to look again

    async def _renew(self) -> None:
        """Hold on to what runs: a due time in the future hides an event as its lease does."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            for event in tuple(self._running.values()):
                await self._extend(event)

    async def _extend(self, event: AsyncEvent) -> None:
        if event.event_id not in self._running:
            return
        try:
            await self._queue.retry(replace(event, due=self._clock.now() + LEASE_SECONDS))
        except Exception:  # noqa: BLE001 - the top of a loop: the next renewal may succeed, else the event comes twice
            _log.exception("event_lease_not_renewed", extra={"event_id": event.event_id})


def _request(event: AsyncEvent) -> InvokeRequest:
    owner = Owner(account=event.account, region=event.region)
    reference = FunctionReference(key=FunctionKey(owner=owner, name=event.function), qualifier=event.qualifier)
    return InvokeRequest(
        reference=reference,
        payload=event.payload,
        request_id=event.event_id,
        trace_id=event.trace_id,
        tenant_id=event.tenant_id,
    )
