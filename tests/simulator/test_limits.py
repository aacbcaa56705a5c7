"""Request limits of the simulated exchange: pools, 429, bans that grow, headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from risk.simulator.limits import BAN_MS, PATIENCE, Limiter, pools
from risk.simulator.rejection import Rejection
from tests.conftest_simulator import RunningSimulator, launch

IP = "10.0.0.1"
MINUTE = 60_000


def status(limiter: Limiter, pool: str, weight: int, now_ms: int) -> int:
    """HTTP status of a call."""
    try:
        limiter.charge(IP, pool, weight, now_ms)
    except Rejection as refused:
        return refused.status
    return 200


def test_the_limit_itself_is_allowed_and_one_more_is_not() -> None:
    limiter = Limiter(pools(2400))
    assert status(limiter, "fapi", 2400, 0) == 200
    assert status(limiter, "fapi", 1, 0) == 429


def test_a_new_clock_minute_starts_from_nothing() -> None:
    limiter = Limiter(pools(2400))
    status(limiter, "fapi", 2400, 59_999)
    assert status(limiter, "fapi", 1, MINUTE) == 200
    assert limiter.weight(IP, "fapi", MINUTE) == 1


@pytest.mark.parametrize(
    ("pool", "limit", "window"), [("funding", 500, 5), ("data", 1000, 5), ("spot", 6000, 1)]
)
def test_pools_are_counted_apart(pool: str, limit: int, window: int) -> None:
    limiter = Limiter(pools(2400))
    assert status(limiter, pool, limit, 0) == 200
    assert status(limiter, pool, 1, window * MINUTE - 1) == 429
    assert status(limiter, "fapi", 1, 0) == 200
    assert status(limiter, pool, 1, window * MINUTE) == 200


def test_going_on_after_429_leads_to_bans_that_grow() -> None:
    limiter, now, lengths = Limiter(pools(10)), 0, []
    for _ in range(3):
        status(limiter, "fapi", 10, now)
        assert [status(limiter, "fapi", 1, now) for _ in range(PATIENCE)] == [429] * PATIENCE
        assert status(limiter, "fapi", 1, now) == 418
        until = limiter.banned_until[IP]
        lengths.append(until - now)
        assert status(limiter, "spot", 1, until - 1) == 418  # the ban is the address's, not the pool's
        now = (until // MINUTE + 1) * MINUTE
        assert status(limiter, "fapi", 0, now) == 200
    assert lengths == list(BAN_MS[:3])
    assert (BAN_MS[0], BAN_MS[-1]) == (120_000, 3 * 86_400_000)  # "2 minutes up to 3 days"


@pytest.mark.parametrize(
    ("pool", "is_switched_on", "has_header"),
    [("fapi", False, False), ("fapi", True, True), ("spot", False, True)],
)
def test_retry_after_is_spot_s_and_only_by_choice_ours(
    pool: str, is_switched_on: bool, has_header: bool
) -> None:
    limiter = Limiter(pools(2400), is_switched_on)
    with pytest.raises(Rejection) as refused:
        limiter.charge(IP, pool, 10_000, 50_000)
    assert refused.value.headers == ({"Retry-After": "10"} if has_header else {})


def test_a_ban_tells_when_it_ends() -> None:
    limiter = Limiter(pools(2400))
    limiter.ban(IP, 1_785_050_129_644)
    with pytest.raises(Rejection, match="IP banned until 1785050129644") as refused:
        limiter.charge(IP, "fapi", 1, 0)
    assert (refused.value.status, refused.value.code) == (418, -1003)


# BINANCE.md 2.1: weight per call.
@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=5", 2),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=50", 2),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=100", 5),
        ("/fapi/v1/depth?symbol=BTCUSDT", 10),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=1000", 20),
        ("/fapi/v1/ticker/24hr?symbol=BTCUSDT", 1),
        ("/fapi/v1/ticker/24hr", 40),
        ("/fapi/v1/premiumIndex", 10),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=100", 2),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m", 5),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("/fapi/v1/fundingInfo", 0),
        ("/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m", 0),
        ("/api/v3/depth?symbol=BTCUSDT&limit=100", 5),
        ("/api/v3/depth?symbol=BTCUSDT&limit=5000", 250),
        ("/api/v3/ticker/24hr", 80),
        ("/api/v3/exchangeInfo", 20),
    ],
)
def test_each_call_costs_its_documented_weight(
    start_once: Callable[[], RunningSimulator], path: str, weight: int
) -> None:
    running = start_once()
    running.control("forgive")
    for _ in range(2):  # a clock minute may turn between two calls
        before = int(running.get(path).headers["X-MBX-USED-WEIGHT-1M"])
        after = int(running.get(path).headers["x-mbx-used-weight-1m"])
        if after >= before:
            break
    assert after - before == weight


@pytest.fixture(scope="module")
def start_once() -> Iterator[Callable[[], RunningSimulator]]:
    """One simulator for this module that nobody else calls."""
    running: list[RunningSimulator] = []

    def start() -> RunningSimulator:
        if not running:
            running.append(launch("--account", "flat"))
        return running[0]

    yield start
    for each in running:
        each.stop()


def test_over_the_limit_the_wire_shows_429_then_418_with_the_recorded_words(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    running = start_simulator("--account", "flat", "--request-limit", "50")
    answers = [running.get("/fapi/v1/ticker/24hr") for _ in range(9)]
    seen = [answer.status_code for answer in answers]
    assert seen[0] == 200
    assert {429, 418} <= set(seen)
    assert seen == sorted(seen, key=[200, 429, 418].index)
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert limited.json() == {
        "code": -1003,
        "msg": "Too many requests; current limit is 50 requests per minute. "
        "Please use the websocket for live updates to avoid polling the API.",
    }
    assert "Retry-After" not in limited.headers
    assert answers[-1].json()["msg"].startswith("Way too many requests; IP banned until ")
