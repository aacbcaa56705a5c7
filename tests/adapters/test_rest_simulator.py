"""The client against the simulated exchange, a process of its own: every read, and the faults in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina

from risk.adapters.rest import Addresses, Credentials, Exchange
from risk.adapters.venues import VENUES, VenueAddresses, Venues
from risk.adapters.weight import WeightBudget
from risk.errors import (
    BannedError,
    KeyRejectedError,
    PayloadError,
    RateLimitError,
    UnknownSymbolError,
    UnreachableError,
)

Start = Callable[..., Any]


@contextmanager
def _client(simulator: Any) -> Iterator[Exchange]:
    addresses = Addresses(
        rest=simulator.rest, stream=simulator.stream, spot=simulator.rest, wallet=simulator.rest
    )
    key = Credentials(simulator.api_key, simulator.api_secret)
    with Exchange(addresses, key, budget=WeightBudget(share=1.0)) as client:
        yield client


def test_every_public_read_is_answered_with_records(simulator: Any) -> None:
    now = datetime.now(UTC)
    with _client(simulator) as client:
        symbols = {one.symbol for one in client.exchange_info()}
        assert "BTCUSDT" in symbols
        assert {one.symbol for one in client.tickers()} <= symbols
        assert {one.symbol for one in client.premium_index()} <= symbols
        assert client.depth("BTCUSDT").bids[0] < client.depth("BTCUSDT").asks[-1]
        bars = client.klines("BTCUSDT", "15m", limit=100)
        assert len(bars) == 99  # the last of a hundred is still forming
        assert all(bar.event_at < now + timedelta(minutes=1) for bar in bars)
        pages = list(client.kline_pages("BTCUSDT", "1h", now - timedelta(days=10), now, limit=100))
        opens = [bar.open_at for page in pages for bar in page]
        assert opens == sorted(set(opens))
        assert opens[-1] - opens[0] == timedelta(hours=len(opens) - 1)
        settled = client.funding_rates("BTCUSDT", limit=10)
        assert {row.interval_hours for row in settled} == {8}
        assert client.open_interest("BTCUSDT").quantity > 0
        assert client.open_interest_history("BTCUSDT", "1h", limit=10)
        assert client.funding_info() is not None
        assert all(row.value_usd is not None for row in client.insurance())
        assert {row.symbol for row in client.adl_risks()} <= symbols
        assert client.spot_depth("BTCUSDT").venue == "spot"
        assert client.spot_ticker("BTCUSDT").venue == "spot"
        assert client.spot_klines("BTCUSDT", "1h", limit=5)
        assert client.drain_issues() == []
        with pytest.raises(UnknownSymbolError):
            client.open_interest("NOPEUSDT")


def test_every_signed_read_is_answered_with_records(simulator: Any) -> None:
    with _client(simulator) as client:
        ladder = [tier for tier in client.leverage_brackets() if tier.symbol == "BTCUSDT"]
        assert ladder[0].floor_usdt == 0
        account, positions = client.account_snapshot()
        cross = sum((one.maintenance_usdt for one in positions if not one.is_isolated), Decimal(0))
        assert account.cross_maintenance_usdt == cross
        assert all(one.leverage for one in positions)
        assert isinstance(client.income(), list)
        assert isinstance(client.force_orders(), list)
        assert client.key_restrictions().state == "accepted"
        assert client.listen_key_create() == client.listen_key_create()
        client.listen_key_keepalive()
        client.listen_key_close()


def test_other_venues_answer(simulator: Any) -> None:
    addresses = VenueAddresses(**{name: f"{simulator.rest}/venue/{name}" for name in VENUES})
    with Venues(addresses) as venues:
        answers = venues.funding(["BTCUSDT", "ETHUSDT"], marks={"BTCUSDT": Decimal(60_000)})
    assert answers.failures == {}
    assert {row.venue for row in answers.rows if row.symbol == "BTCUSDT"} == set(VENUES)


@pytest.mark.parametrize(
    ("account", "is_hedge", "is_multi"),
    [("hedge", True, False), ("multi", False, True), ("flat", False, False)],
)
def test_modes_of_an_account_are_read(
    start_simulator: Start, account: str, is_hedge: bool, is_multi: bool
) -> None:
    with _client(start_simulator("--account", account)) as client:
        snapshot, positions = client.account_snapshot()
        assert (snapshot.is_hedge_mode, snapshot.is_multi_assets) == (is_hedge, is_multi)
        assert bool(positions) == (account != "flat")
        assert is_multi <= all(not one.is_isolated for one in positions)
        assert client.drain_issues() == []


@pytest.mark.parametrize("skew_ms", [-600_000, -30_000, 30_000, 600_000])
def test_clock_of_the_exchange_may_be_far_from_ours(start_simulator: Start, skew_ms: int) -> None:
    with _client(start_simulator("--clock-skew-ms", str(skew_ms))) as client:
        assert client.income() == []  # refused with -1021 if the stamp were ours
        assert client.clock_offset_s() == pytest.approx(skew_ms / 1000, abs=5)


def test_clock_of_the_exchange_may_jump(start_simulator: Start) -> None:
    running = start_simulator()
    with _client(running) as client:
        client.income()
        running.control("fault", {"kind": "clock_skew", "ms": 30_000})
        assert client.income() == []
        assert client.clock_offset_s() == pytest.approx(30, abs=5)


FAILURES: list[dict[str, Any]] = [
    {"kind": "status", "status": 503, "body": "unknown"},
    {"kind": "status", "status": 503, "body": "unavailable"},
    {"kind": "status", "status": 503, "body": "overload"},
    {"kind": "status", "status": 408, "body": "timeout"},
    {"kind": "reset"},
]


def test_account_is_read_through_a_third_of_failures(start_simulator: Start) -> None:
    running = start_simulator()
    with _client(running) as client, stamina.set_testing(True, attempts=5, cap=True):
        for fault in FAILURES:
            running.control("fault", fault | {"percent": 30})
            # five tries at 30 % fail together once in 400 calls; a snapshot is two calls
            answered = 0
            for _ in range(8):
                with suppress(UnreachableError):
                    client.account_snapshot()
                    answered += 1
            assert answered >= 6
            running.control("fault", method="DELETE")


def test_limit_ban_and_rejected_key_each_silence_what_they_should(start_simulator: Start) -> None:
    running = start_simulator("--retry-after")
    with _client(running) as client:
        client.account_snapshot()
        running.control("fault", {"kind": "key", "code": -2015})
        with pytest.raises(KeyRejectedError):
            client.account_snapshot()
        assert client.premium_index()  # public reads go on
        running.control("fault", {"kind": "limit", "retry_after": 90})
        with pytest.raises(RateLimitError) as limited:
            client.premium_index()
        assert limited.value.retry_after_s == 90
        with pytest.raises(RateLimitError, match="wait"):
            client.tickers()
    with _client(running) as client:
        running.control("fault", method="DELETE")
        running.control("fault", {"kind": "ban", "seconds": 120})
        with pytest.raises(BannedError) as banned:
            client.premium_index()
        left = (banned.value.until - datetime.now(UTC)).total_seconds()
        assert 110 < left < 125
        with pytest.raises(BannedError):
            client.account_snapshot()


def test_spoilt_answers_are_payload_errors_and_unknown_fields_are_ignored(start_simulator: Start) -> None:
    running = start_simulator()
    with _client(running) as client:
        for how in ("truncated", "empty", "null", "huge"):
            running.control("fault", {"kind": "malformed", "how": how, "path": "/fapi/v1/openInterest"})
            with pytest.raises(PayloadError):
                client.open_interest("BTCUSDT")
            running.control("fault", method="DELETE")
        running.control("fault", {"kind": "malformed", "how": "extra"})
        assert client.open_interest("BTCUSDT").symbol == "BTCUSDT"
        assert client.premium_index()
