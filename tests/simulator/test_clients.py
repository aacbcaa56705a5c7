"""A client that nobody here wrote uses the simulator: python-binance reads what the simulator holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from risk.simulator.signing import API_KEY, API_SECRET
from tests.conftest_simulator import RunningSimulator, launch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library's own imports warn about its dependencies
    from binance.client import Client
    from binance.exceptions import BinanceAPIException

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


@pytest.fixture(scope="module")
def still() -> Iterator[RunningSimulator]:
    """A simulator that stands still, so that two readings can be compared."""
    running = launch("--request-limit", "1000000")
    running.control("pause")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(still: RunningSimulator) -> Iterator[Any]:
    """python-binance, told where the simulator is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it asks asyncio for a loop that is not there
        made = Client(API_KEY, API_SECRET, ping=False)
    made.API_URL, made.MARGIN_API_URL = f"{still.rest}/api", f"{still.rest}/sapi"
    made.FUTURES_URL, made.FUTURES_DATA_URL = f"{still.rest}/fapi", f"{still.rest}/futures/data"
    made.session.trust_env = False
    yield made
    made.close_connection()
    if not made.loop.is_closed():
        made.loop.close()


@pytest.fixture
def state(still: RunningSimulator) -> Any:
    """The simulator's own numbers."""
    return still.state()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_depth_is_the_simulator_s_book(client: Any, state: Any, symbol: str) -> None:
    book = client.futures_order_book(symbol=symbol, limit=1000)
    read = {side: [[float(p), float(q)] for p, q in book[side]] for side in ("bids", "asks")}
    assert read == {side: state["books"][symbol][side] for side in ("bids", "asks")}


def test_klines_end_at_the_last_price(client: Any, state: Any) -> None:
    rows = client.futures_klines(symbol="BTCUSDT", interval="1m", limit=20)
    assert len(rows) == 20
    assert float(rows[-1][4]) == state["last"]["BTCUSDT"]
    assert all(later[0] - row[0] == 60_000 for row, later in pairwise(rows))
    for call in ("futures_mark_price_klines", "futures_premium_index_klines"):
        assert len(getattr(client, call)(symbol="BTCUSDT", interval="15m", limit=5)) == 5
    assert len(client.futures_index_price_klines(pair="BTCUSDT", interval="1h", limit=5)) == 5
    continuous = client.futures_continuous_klines(
        pair="BTCUSDT", contractType="PERPETUAL", interval="1d", limit=5
    )
    assert len(continuous) == 5
    assert len(client.get_klines(symbol="BTCUSDT", interval="1h", limit=5)) == 5


def test_historical_klines_page_through_the_history(client: Any, state: Any) -> None:
    start = state["now_ms"] - 3_000 * 900_000
    rows = client.futures_historical_klines("BTCUSDT", "15m", start)
    assert len(rows) >= 2_999
    assert all(later[0] - row[0] == 900_000 for row, later in pairwise(rows))


def test_tickers_show_the_last_price(client: Any, state: Any) -> None:
    read = {row["symbol"]: float(row["lastPrice"]) for row in client.futures_ticker()}
    assert read == state["last"]
    assert float(client.futures_symbol_ticker(symbol="ETHUSDT")["price"]) == state["last"]["ETHUSDT"]
    best = client.futures_orderbook_ticker(symbol="ETHUSDT")
    assert float(best["bidPrice"]) == state["books"]["ETHUSDT"]["bids"][0][0]
    assert float(client.get_ticker(symbol="BTCUSDT")["askPrice"]) > 0


def test_the_premium_index_is_the_simulator_s(client: Any, state: Any) -> None:
    for row in client.futures_mark_price():
        assert float(row["markPrice"]) == state["marks"][row["symbol"]]
        assert float(row["lastFundingRate"]) == pytest.approx(state["funding"][row["symbol"]], abs=1e-8)
        assert float(row["indexPrice"]) == pytest.approx(state["index"][row["symbol"]], abs=1e-7)


def test_funding_and_open_interest(client: Any, state: Any) -> None:
    settled = client.futures_funding_rate(symbol="BTCUSDT", limit=10)
    assert len(settled) == 10
    assert settled[-1]["fundingTime"] <= state["now_ms"]
    for symbol in SYMBOLS:
        read = client.futures_open_interest(symbol=symbol)
        assert float(read["openInterest"]) == pytest.approx(state["open_interest"][symbol], rel=1e-6)
    history = client.futures_open_interest_hist(symbol="BTCUSDT", period="5m", limit=10)
    assert len(history) == 10


def test_the_account_is_the_simulator_s(client: Any, state: Any) -> None:
    account = client.futures_account()
    isolated = sum(row["isolated_wallet"] for row in state["positions"])
    assert float(account["totalWalletBalance"]) == pytest.approx(state["wallet"]["USDT"] + isolated)
    assert float(account["totalCrossWalletBalance"]) == pytest.approx(state["wallet"]["USDT"])
    balances = {row["asset"]: float(row["balance"]) for row in client.futures_account_balance()}
    assert balances["USDT"] == pytest.approx(state["wallet"]["USDT"] + isolated)


def test_positions_are_the_simulator_s(client: Any, state: Any) -> None:
    read = {row["symbol"]: row for row in client.futures_position_information()}
    held = {row["symbol"]: row for row in state["positions"]}
    assert set(read) == set(held)
    for symbol, row in held.items():
        assert float(read[symbol]["positionAmt"]) == row["quantity"]
        assert float(read[symbol]["entryPrice"]) == row["entry"]
        assert float(read[symbol]["markPrice"]) == state["marks"][symbol]
        assert float(read[symbol]["liquidationPrice"]) == pytest.approx(row["liquidation_price"], abs=1e-7)


def test_brackets_are_the_recorded_ladder(client: Any) -> None:
    # fapi_v1_leverageBracket_real_2024-10.json: BTCUSDT, brackets 1, 3 and 12.
    rows = {row["symbol"]: row["brackets"] for row in client.futures_leverage_bracket()}["BTCUSDT"]
    first, third, last = rows[0], rows[2], rows[11]
    assert (first["initialLeverage"], first["notionalCap"], first["maintMarginRatio"]) == (125, 50_000, 0.004)
    assert (third["notionalFloor"], third["maintMarginRatio"], third["cum"]) == (600_000, 0.0065, 950)
    assert (last["maintMarginRatio"], last["cum"]) == (0.5, 421_481_450)


def test_the_rest_of_the_reads_work_too(client: Any) -> None:
    assert client.futures_ping() == {}
    assert client.futures_time()["serverTime"] > 0
    assert {row["symbol"] for row in client.futures_exchange_info()["symbols"]} == set(SYMBOLS)
    assert client.futures_global_longshort_ratio(symbol="BTCUSDT", period="5m")
    assert client.futures_taker_longshort_ratio(symbol="BTCUSDT", period="5m")
    assert client.futures_top_longshort_account_ratio(symbol="BTCUSDT", period="5m")
    assert client.futures_commission_rate(symbol="BTCUSDT")["symbol"] == "BTCUSDT"
    assert client.futures_adl_quantile_estimate() != []
    assert client.futures_income_history() == []
    assert client.futures_get_open_orders() == []
    assert client.futures_get_position_mode() == {"dualSidePosition": False}
    assert client.futures_get_multi_assets_mode() == {"multiAssetsMargin": False}
    assert client.futures_symbol_adl_risk(symbol="BTCUSDT")["adlRisk"] in ("low", "medium", "high")
    key = client.futures_stream_get_listen_key()
    assert len(key) == 64
    client.futures_stream_keepalive(key)
    assert client.get_account_api_permissions()["enableReading"] is True


def test_its_errors_are_understood(client: Any) -> None:
    with pytest.raises(BinanceAPIException) as refused:
        client.futures_order_book(symbol="NOPEUSDT")
    assert (refused.value.status_code, refused.value.code) == (400, -1121)


def test_its_market_order_is_filled(client: Any, still: RunningSimulator) -> None:
    before = {row["symbol"]: row["quantity"] for row in still.state()["positions"]}
    answer = client.futures_create_order(
        symbol="ETHUSDT", side="SELL", type="MARKET", quantity="0.5", reduceOnly="true"
    )
    assert answer["status"] == "FILLED"
    after = {row["symbol"]: row["quantity"] for row in still.state()["positions"]}
    assert before["ETHUSDT"] - after["ETHUSDT"] == pytest.approx(0.5)
    still.control("account", preset="demo")
