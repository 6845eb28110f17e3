"""The contracts of Clock and Chance, held by the fakes and by the machine's own."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambent.adapters.system import SystemChance, SystemClock
from lambent.core.ports import Chance, Clock
from lambent.testing.system import FakeChance, FakeClock


@pytest.fixture(params=[FakeClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


@pytest.fixture(params=[FakeChance, SystemChance])
def chance(request: pytest.FixtureRequest) -> Chance:
    return request.param()


class TestClock:
    def test_now_is_in_this_century(self, clock: Clock) -> None:
        assert 1_600_000_000 < clock.now() < 4_200_000_000

    def test_monotonic_time_never_goes_back(self, clock: Clock) -> None:
        times = [clock.monotonic() for _ in range(100)]
        assert times == sorted(times)


class TestFakeClock:
    def test_it_stands_still_until_it_is_moved(self) -> None:
        clock = FakeClock(now=100.0)
        assert (clock.now(), clock.monotonic()) == (100.0, 0.0)
        clock.advance(2.5)
        assert (clock.now(), clock.monotonic()) == (102.5, 2.5)

    def test_setting_the_wall_clock_back_leaves_monotonic_time(self) -> None:
        clock = FakeClock(now=100.0)
        clock.set(50.0)
        assert (clock.now(), clock.monotonic()) == (50.0, 0.0)
        with pytest.raises(ValueError, match="does not run back"):
            clock.advance(-1)


class TestSystemChance:
    def test_threads_that_draw_at_once_never_get_the_same(self) -> None:
        chance = SystemChance()
        with ThreadPoolExecutor(4) as threads:
            drawn = [each for many in threads.map(lambda _: [chance.uuid() for _ in range(1000)], range(4)) for each in many]
        assert len(set(drawn)) == 4000


class TestChance:
    def test_uuids_are_lower_case_of_version_4_and_distinct(self, chance: Chance) -> None:
        drawn = [chance.uuid() for _ in range(1000)]
        assert len(set(drawn)) == 1000
        assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in drawn)

    def test_rolls_are_below_one(self, chance: Chance) -> None:
        assert all(0.0 <= chance.roll() < 1.0 for _ in range(100))

    @pytest.mark.parametrize("length", [0, 1, 2, 7, 32, 33, 64, 65, 200])
    def test_tokens_have_the_length_asked_for(self, chance: Chance, length: int) -> None:
        token = chance.token(length)
        assert len(token) == length
        assert set(token) <= set("0123456789abcdef")

    def test_tokens_are_distinct(self, chance: Chance) -> None:
        assert len({chance.token(16) for _ in range(100)}) == 100


@pytest.mark.parametrize("draw", [FakeChance.uuid, FakeChance.roll, lambda chance: chance.token(8)])
def test_the_fake_comes_out_the_same_every_time(draw: Callable[[FakeChance], object]) -> None:
    first, second = FakeChance(), FakeChance()
    assert [draw(first) for _ in range(5)] == [draw(second) for _ in range(5)]


def test_rolls_of_the_fake_may_be_given() -> None:
    chance = FakeChance(rolls=[0.1, 0.9])
    assert [chance.roll() for _ in range(3)] == [0.1, 0.9, 0.5]
