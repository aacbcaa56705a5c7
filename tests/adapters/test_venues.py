"""Six venues by their documented answers; one that fails, refuses or talks nonsense never stops another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from risk.adapters.venues import VENUES, VenueAddresses, VenueAnswers, Venues, coin
from risk.errors import PayloadError, RateLimitError, RejectedError, SettingsError, UnreachableError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILES = {
    "/api/v5/public/funding-rate": "other_okx_funding_rate",
    "/api/v5/public/open-interest": "other_okx_open_interest",
    "/v5/market/tickers": "other_bybit_tickers_inverse",
    "/api/v2/mix/market/current-fund-rate": "other_bitget_current_fund_rate",
    "/api/v2/mix/market/open-interest": "other_bitget_open_interest",
    "/api/v4/futures/usdt/contracts": "other_gate_contract",
    "/info": "other_hyperliquid_metaAndAssetCtxs",
    "/api/v2/public/get_book_summary_by_instrument": "other_deribit_book_summary",
    "/api/futures/funding-rate/exchange-list": "other_coinglass_funding_exchange_list",
}
PATHS = {
    "okx": "/api/v5/public/funding-rate",
    "bybit": "/v5/market/tickers",
    "bitget": "/api/v2/mix/market/current-fund-rate",
    "gate": "/api/v4/futures/usdt/contracts",
    "hyperliquid": "/info",
    "deribit": "/api/v2/public/get_book_summary_by_instrument",
}
SYMBOLS = ("BTCUSDT", "SOLUSDT")
MARKS = {"BTCUSDT": Decimal("60000")}


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def bodies(shared: Path) -> dict[str, Any]:
    answers = {
        path: json.loads((shared / "payloads" / f"{stem}.json").read_bytes()) for path, stem in FILES.items()
    }
    # the documented row is of an inverse contract; linear rows have the same keys
    answers["/v5/market/tickers"]["result"]["list"][0] |= {"symbol": "BTCUSDT"}
    return answers


def _ask(bodies: dict[str, Any], **options: Any) -> tuple[VenueAnswers, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        told = bodies[request.url.path]
        if isinstance(told, Exception):
            raise told
        return told if isinstance(told, httpx.Response) else httpx.Response(200, json=told)

    with Venues(transport=httpx.MockTransport(answer), **options) as venues:
        return venues.funding(SYMBOLS, marks=MARKS, now=NOW), requests


def test_documented_answers_of_all_venues_are_read(bodies: dict[str, Any]) -> None:
    answers, _ = _ask(bodies)
    rows = {(row.venue, row.symbol): row for row in answers.rows}
    assert answers.failures == {}
    assert answers.issues == ()
    assert rows.keys() == {
        ("okx", "BTCUSDT"), ("bybit", "BTCUSDT"), ("bitget", "BTCUSDT"), ("gate", "BTCUSDT"),
        ("hyperliquid", "SOLUSDT"), ("deribit", "BTCUSDT"),
    }  # fmt: skip
    okx = rows["okx", "BTCUSDT"]
    assert (okx.funding_rate, okx.interval_hours, okx.open_interest_usd) == (0.0000182221218054, 8.0, 50_000)
    assert okx.event_at == datetime(2025, 4, 2, 10, 11, 26, 291000, tzinfo=UTC)  # 1743588686291
    bybit = rows["bybit", "BTCUSDT"]
    assert (bybit.funding_rate, bybit.interval_hours, bybit.open_interest_usd) == (
        0.0001,
        8.0,
        Decimal("2089.79"),
    )
    bitget = rows["bitget", "BTCUSDT"]
    # 52 234.134 coins at our mark of 60 000
    assert (bitget.funding_8h, bitget.open_interest_usd) == (-0.000013, Decimal("3134048040.000"))
    gate = rows["gate", "BTCUSDT"]
    # 28 800 s; 5 223 816 contracts of 0.0001 coins at 37 985.6: 522.3816 x 37 985.6 = 19 842 978.50...
    assert (gate.funding_rate, gate.interval_hours) == (0.002053, 8.0)
    assert gate.open_interest_usd == pytest.approx(Decimal("19842978.50"), abs=Decimal("0.01"))
    deribit = rows["deribit", "BTCUSDT"]
    assert (deribit.funding_rate, deribit.funding_8h) == (0.00012966, -0.00081069)
    assert deribit.open_interest_usd == 9_978_911_260


def test_hourly_rate_is_brought_to_eight_hours(bodies: dict[str, Any]) -> None:
    answers, _ = _ask(bodies, enabled=("hyperliquid",))
    (row,) = answers.rows
    assert (row.symbol, row.interval_hours) == ("SOLUSDT", 1.0)
    assert row.funding_8h == pytest.approx(0.0001584)  # 0.0000198 x 8
    assert row.open_interest_usd == Decimal("1162994.4192")  # 10 764.48 x 108.04... = 1 162 994.4192


@pytest.mark.parametrize(("hours", "rate_8h"), [(1, 0.0008), (2, 0.0004), (4, 0.0002), (8, 0.0001)])
def test_interval_that_switches_changes_the_rate_per_eight_hours(
    bodies: dict[str, Any], hours: int, rate_8h: float
) -> None:
    row = bodies["/api/v5/public/funding-rate"]["data"][0]
    row |= {"fundingRate": "0.0001", "nextFundingTime": str(int(row["fundingTime"]) + hours * 3_600_000)}
    answers, _ = _ask(bodies, enabled=("okx",))
    assert answers.rows[0].funding_8h == pytest.approx(rate_8h)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (httpx.ConnectError("refused"), UnreachableError),
        (httpx.ReadTimeout("slow"), UnreachableError),
        (httpx.Response(503), UnreachableError),
        (httpx.Response(429), RateLimitError),
        (httpx.Response(403, content=b"<html>"), RejectedError),
        (httpx.Response(200, content=b"<html>maintenance</html>"), PayloadError),
        (httpx.Response(200, content=b""), PayloadError),
        (httpx.Response(200, content=b'{"code":"50011","msg":"Too Many Requests","data":[]}'), PayloadError),
        (httpx.Response(200, content=b" " * 13_000_000), PayloadError),
    ],
    ids=["refused", "slow", "503", "429", "403", "page", "empty", "refusal in 200", "13 MB"],
)
def test_venue_that_fails_does_not_stop_the_others(
    bodies: dict[str, Any], venue: str, told: object, kind: type[Exception]
) -> None:
    answers, _ = _ask(bodies | {PATHS[venue]: told})
    assert {name: type(error) for name, error in answers.failures.items()} == {venue: kind}
    assert {row.venue for row in answers.rows} == set(VENUES) - {venue}


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "2", "", None])
def test_impossible_rate_of_one_coin_leaves_the_others(bodies: dict[str, Any], rate: object) -> None:
    (row,) = bodies["/api/v5/public/funding-rate"]["data"]
    bodies["/api/v5/public/funding-rate"]["data"].append(
        row | {"instId": "SOL-USDT-SWAP", "fundingRate": rate}
    )
    answers, _ = _ask(bodies, enabled=("okx",))
    assert [one.symbol for one in answers.rows] == ["BTCUSDT"]
    assert [one.symbol for one in answers.issues] == ["SOL-USDT-SWAP"]


def test_refused_rows_of_coins_that_nobody_watches_are_not_reported(bodies: dict[str, Any]) -> None:
    (row,) = bodies["/api/v5/public/funding-rate"]["data"]
    bodies["/api/v5/public/funding-rate"]["data"].append(
        row | {"instId": "XYZ-USDT-SWAP", "fundingRate": "NaN"}
    )
    answers, _ = _ask(bodies, enabled=("okx",))
    assert answers.issues == ()


def test_interest_that_cannot_be_valued_is_unknown_and_not_zero(bodies: dict[str, Any]) -> None:
    bodies["/v5/market/tickers"]["result"]["list"][0] |= {"openInterestValue": "0"}
    answers, _ = _ask(bodies, enabled=("bybit",))
    assert answers.rows[0].open_interest_usd is None


def test_coinglass_is_read_only_with_a_key_and_its_percent_becomes_a_fraction(bodies: dict[str, Any]) -> None:
    without, requests = _ask(bodies, enabled=())
    assert (without.rows, requests) == ((), [])
    answers, requests = _ask(bodies, enabled=(), coinglass_key="paid")
    assert requests[0].headers["CG-API-KEY"] == "paid"
    (row,) = answers.rows  # Binance itself is left out
    assert (row.venue, row.symbol) == ("coinglass:okx", "BTCUSDT")
    assert row.funding_rate == pytest.approx(0.0000736901950628)


def test_addresses_can_be_a_simulators(bodies: dict[str, Any]) -> None:
    _, requests = _ask(bodies, enabled=("bybit",), addresses=VenueAddresses(bybit="http://127.0.0.1:9"))
    assert {str(request.url.host) for request in requests} == {"127.0.0.1"}


def test_unknown_venue_is_a_setting_to_correct() -> None:
    with pytest.raises(SettingsError, match="binance"):
        Venues(enabled=("okx", "binance"))


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("1000SHIBUSDT", "SHIB"),
        ("1000000MOGUSDT", "MOG"),
        ("10000USDT", "10000"),
        ("USDT", None),
        ("测试USDT", "测试"),
    ],
)
def test_coin_of_a_symbol(symbol: str, name: str | None) -> None:
    assert coin(symbol) == name
