"""The weight budget by a clock that is told: windows, shares, brake, stop, reserve."""

from __future__ import annotations

import threading

import pytest

from risk.adapters.weight import FUNDING, FUTURES, SPOT, STATISTICS, WeightBudget
from risk.errors import RateLimitError
from tests.adapters.exchange_script import FakeTime

AT_THE_MINUTE = 1_791_600_000.0  # divisible by 60 and by 300


def _budget(time: FakeTime, share: float = 1.0) -> WeightBudget:
    clock = time.clock()
    return WeightBudget(share=share, monotonic=clock.monotonic, wall=clock.wall, sleep=clock.sleep)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime(wall=AT_THE_MINUTE)


def test_calls_below_the_brake_do_not_wait(time: FakeTime) -> None:
    budget = _budget(time)
    assert sum(budget.take(FUTURES, 20) for _ in range(84)) == 0  # 84 x 20 = 1680 = 70 % of 2400


def test_calls_beyond_the_brake_are_spread_over_the_rest_of_the_minute(time: FakeTime) -> None:
    budget = _budget(time)
    budget.take(FUTURES, 1680)
    waits = [budget.take(FUTURES, 48) for _ in range(6)]
    # 48 of the 480 between 70 % and 90 % is a tenth: the first passes, then a tenth of what is left each
    assert waits[0] == 0
    assert waits[1] == pytest.approx(6.0)  # 60 s / 10
    assert waits[2] == pytest.approx(5.4)  # 54 s / 10
    assert time.wall < AT_THE_MINUTE + 60


def test_nothing_but_the_account_passes_beyond_the_stop(time: FakeTime) -> None:
    budget = _budget(time)
    budget.learn(FUTURES, {"X-MBX-USED-WEIGHT-1M": "2160"})  # 90 %
    deadline = time.monotonic + 10
    with pytest.raises(RateLimitError) as caught:
        budget.take(FUTURES, 1, deadline=deadline)
    assert caught.value.retry_after_s == pytest.approx(60, abs=0.01)
    assert budget.take(FUTURES, 120, is_account=True, deadline=deadline) == 0  # up to 95 % = 2280
    with pytest.raises(RateLimitError):
        budget.take(FUTURES, 1, is_account=True, deadline=deadline)


def test_stop_ends_with_the_clock_minute(time: FakeTime) -> None:
    time.pass_by(42)
    budget = _budget(time)
    budget.learn(FUTURES, {"x-mbx-used-weight-1m": "2400"})
    assert budget.take(FUTURES, 20) == pytest.approx(18, abs=0.01)
    assert time.wall == pytest.approx(AT_THE_MINUTE + 60, abs=0.01)


def test_minute_is_the_exchanges_once_clocks_were_compared(time: FakeTime) -> None:
    budget = _budget(time)
    budget.align(AT_THE_MINUTE + 50)  # by the exchange's clock the minute ends in 10 s
    budget.learn(FUTURES, {"X-MBX-USED-WEIGHT-1M": "2400"})
    assert budget.take(FUTURES, 1) == pytest.approx(10, abs=0.01)


def test_step_of_the_wall_clock_changes_nothing(time: FakeTime) -> None:
    budget = _budget(time)
    budget.take(FUTURES, 1600)
    time.wall += 3600
    with pytest.raises(RateLimitError):
        budget.take(FUTURES, 600, deadline=time.monotonic + 1)


def test_share_bounds_what_this_process_uses(time: FakeTime) -> None:
    budget = _budget(time, share=0.25)
    budget.take(FUTURES, 420)  # 70 % of 600
    with pytest.raises(RateLimitError):
        budget.take(FUTURES, 200, deadline=time.monotonic + 1)


def test_use_by_others_on_the_address_binds_us(time: FakeTime) -> None:
    budget = _budget(time, share=0.25)
    budget.learn(FUTURES, {"X-Mbx-Used-Weight-1m": "2200"})
    with pytest.raises(RateLimitError):
        budget.take(FUTURES, 1, deadline=time.monotonic + 1)
    assert budget.gauges()[0].used_of_limit == pytest.approx(2200 / 2400)
    assert budget.gauges()[0].used_of_share == 0


@pytest.mark.parametrize("value", ["", "-1", "x", "1e9", "٣", "9" * 30])
def test_header_that_cannot_be_is_ignored_or_bounded(time: FakeTime, value: str) -> None:
    budget = _budget(time)
    budget.learn(FUTURES, {"X-MBX-USED-WEIGHT-1M": value})
    assert budget.gauges()[0].used_of_limit in (0, 10**9 / 2400)


def test_count_of_the_header_never_lowers_ours(time: FakeTime) -> None:
    budget = _budget(time)
    budget.take(FUTURES, 100)
    budget.learn(FUTURES, {"X-MBX-USED-WEIGHT-1M": "20"})  # an answer that was overtaken
    assert budget.gauges()[0].used_of_limit == pytest.approx(100 / 2400)


def test_pools_do_not_share(time: FakeTime) -> None:
    budget = _budget(time)
    budget.learn(FUTURES, {"X-MBX-USED-WEIGHT-1M": "2400"})
    assert budget.take(FUNDING, 1) == budget.take(STATISTICS, 1) == budget.take(SPOT, 250) == 0


@pytest.mark.parametrize(("pool", "limit"), [(FUNDING, 500), (STATISTICS, 1000)])
def test_five_minute_pools_refill_after_five_minutes(time: FakeTime, pool: object, limit: int) -> None:
    budget = _budget(time)
    assert pool in (FUNDING, STATISTICS)
    chosen = FUNDING if pool is FUNDING else STATISTICS
    budget.take(chosen, limit * 9 // 10)
    with pytest.raises(RateLimitError):
        budget.take(chosen, 1, deadline=time.monotonic + 299)
    time.pass_by(300)
    assert budget.take(chosen, 1, deadline=time.monotonic) == 0


def test_weight_that_never_fits_is_a_mistake_of_ours(time: FakeTime) -> None:
    with pytest.raises(ValueError, match="may ever use"):
        _budget(time, share=0.01).take(FUTURES, 40)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_share_outside_its_range_is_refused(time: FakeTime, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        _budget(time, share)


def test_many_threads_never_exceed_the_stop(time: FakeTime) -> None:
    budget = _budget(time)
    granted: list[int] = []

    def ask() -> None:
        for _ in range(200):
            try:
                budget.take(FUTURES, 2, is_account=True, deadline=time.monotonic)
            except RateLimitError:
                return
            granted.append(2)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 2280  # 95 % of 2400
