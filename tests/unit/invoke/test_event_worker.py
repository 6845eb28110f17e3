"""Asynchronous events from acceptance to their end (facts C1)."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.async_event import AsyncEvent, Condition, EventInvokeLimits, Finish, Retry, expired, next_step
from lambent.core.concurrency import FullyThrottled
from lambent.core.errors import ResourceNotFound, ServiceFault, ThrottleReason, TooManyRequests
from lambent.core.invocation import InvocationStatus, InvokeResult, Outcome
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World

EVENT = AsyncEvent(
    event_id="e", account="1", region="r", function="f", qualifier=None, payload=b"{}", accepted=1000.0, due=1000.0
)
GOOD = InvokeResult(outcome=Outcome(status=InvocationStatus.SUCCESS, payload=b"1"), executed_version="$LATEST", log_tail=b"")
BAD = InvokeResult(
    outcome=Outcome(status=InvocationStatus.FAILURE, payload=b"1", error_type="Runtime.Unknown"),
    executed_version="1",
    log_tail=b"",
)
THROTTLED = TooManyRequests(ThrottleReason.ACCOUNT_CONCURRENCY)


def retried(step: Retry | Finish) -> AsyncEvent:
    assert isinstance(step, Retry)
    return step.event


def test_success_finishes() -> None:
    step = next_step(EVENT, GOOD, 1001.0)
    assert isinstance(step, Finish)
    assert (step.condition, step.event.attempts, step.result) == (Condition.SUCCESS, 1, GOOD)


def test_function_errors_are_retried_after_one_minute_and_after_two_and_then_dropped() -> None:
    second = retried(next_step(EVENT, BAD, 1001.0))
    assert (second.attempts, second.due) == (1, 1061.0)
    third = retried(next_step(second, BAD, 1062.0))
    assert (third.attempts, third.due) == (2, 1182.0)
    step = next_step(third, BAD, 1183.0)
    assert isinstance(step, Finish)
    assert (step.condition, step.event.attempts) == (Condition.RETRIES_EXHAUSTED, 3)


def test_no_retries_when_none_are_allowed() -> None:
    step = next_step(EVENT, BAD, 1001.0, EventInvokeLimits(maximum_retries=0))
    assert isinstance(step, Finish)


def test_throttles_back_off_from_a_second_to_five_minutes_without_using_retries_until_six_hours() -> None:
    event, now, waits = EVENT, 1000.0, []
    while isinstance(step := next_step(event, THROTTLED, now), Retry):
        event = step.event
        waits.append(event.due - now)
        now = event.due
    assert 0.5 <= waits[0] <= 1.5
    assert waits[8] > 30
    assert max(waits) == pytest.approx(300 * waits[0])
    assert event.attempts == 0
    assert step.condition is Condition.EVENT_AGE_EXCEEDED
    assert step.result is None
    assert now + 450 > 1000 + 21_600


def test_service_errors_back_off_too_and_start_small_again_after_a_real_attempt() -> None:
    second = retried(next_step(EVENT, BAD, 1000.0))
    again = retried(next_step(second, ServiceFault("x"), second.due))
    assert again.attempts == 1
    assert 0.5 <= again.due - second.due <= 1.5


def test_events_that_were_throttled_together_come_again_apart() -> None:
    events = [replace(EVENT, event_id=f"{n}") for n in range(50)]
    dues = sorted(retried(next_step(event, THROTTLED, 1000.0)).due for event in events)
    assert dues[-1] - dues[0] > 0.5
    assert len(set(dues)) == 50


@pytest.mark.parametrize("error", [FullyThrottled(ThrottleReason.RESERVED_CONCURRENCY), ResourceNotFound("gone")])
def test_what_waiting_cannot_help_finishes_at_once(error) -> None:
    step = next_step(EVENT, error, 1000.0)
    assert isinstance(step, Finish)
    assert step.event.attempts == 0


def test_an_event_that_waited_too_long_is_not_tried() -> None:
    assert expired(EVENT, 1000.0 + 21_600) is None
    assert expired(EVENT, 1000.0 + 21_601) is not None


async def test_an_accepted_event_runs_once_under_its_own_request_id_and_without_client_context(world: World) -> None:
    await world.create()
    seen = []
    world.provider.script = Script(
        behaviour=lambda event, context: seen.append((event, context.request_id, context.client_context)) or b"1"
    )
    request = world.request(payload=b'{"n": 1}', client_context="{}")
    await world.invoker.accept(request)
    await asyncio.sleep(1)
    assert seen == [(b'{"n": 1}', request.request_id, "")]
    assert world.queue._events == {}
    assert world.finished[0].condition is Condition.SUCCESS


async def test_a_failing_event_is_tried_three_times_under_one_request_id(world: World) -> None:
    await world.create()
    tried = []

    def behaviour(event, context):
        tried.append((asyncio.get_running_loop().time(), context.request_id, context.invocation_id))
        raise ValueError

    world.provider.script = Script(behaviour=behaviour)
    await world.invoker.accept(world.request())
    await asyncio.sleep(400)
    times, requests, attempts = zip(*tried, strict=True)
    assert [round(each) for each in times] == [0, 60, 180]
    assert len(set(requests)) == 1
    assert len(set(attempts)) == 3
    assert world.finished[0].condition is Condition.RETRIES_EXHAUSTED
    assert world.finished[0].event.attempts == 3
    assert world.queue._events == {}


async def test_a_long_event_is_not_leased_twice(world: World) -> None:
    await world.create(timeout=900)
    ran = []

    async def behaviour(event, context):
        ran.append(context.request_id)
        await asyncio.sleep(300)
        return b"1"

    world.provider.script = Script(behaviour=behaviour)
    await world.invoker.accept(world.request())
    await asyncio.sleep(400)
    assert len(ran) == 1
    assert world.queue._events == {}


async def test_an_event_whose_record_cannot_be_delivered_comes_again(world: World) -> None:
    await world.create()
    failures = [OSError("down"), None]

    async def deliver(finish) -> None:
        if failures and (failure := failures.pop(0)):
            raise failure
        world.finished.append(finish)

    world.plane._events._deliver = deliver
    await world.invoker.accept(world.request())
    await asyncio.sleep(60)
    assert len(world.finished) == 1
    assert world.queue._events == {}


async def test_events_of_a_crashed_process_come_again_when_their_lease_ends(tmp_path) -> None:
    world = World(tmp_path)
    async with world.running():
        await world.create(timeout=900)
        world.provider.script = Script(behaviour=lambda event, context: asyncio.sleep(500, b"1"))
        await world.invoker.accept(world.request())
        await asyncio.sleep(100)
    assert len(world.queue._events) == 1
    world.provider.script = Script()
    async with world.running():
        await asyncio.sleep(30)
        assert world.finished[0].condition is Condition.SUCCESS


async def test_a_burst_of_events_is_worked_off_at_once_and_a_queue_in_trouble_is_tried_again(world: World) -> None:
    await world.create()
    lease, failures = world.queue.lease, [OSError("busy"), OSError("busy")]

    async def flaky(**arguments):
        if failures:
            raise failures.pop()
        return await lease(**arguments)

    world.queue.lease = flaky
    for _ in range(200):
        await world.invoker.accept(world.request())
    await asyncio.sleep(10)
    assert len(world.finished) == 200
    assert world.queue._events == {}
