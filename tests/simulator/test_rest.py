"""The simulated exchange's REST answers against the exchange's documented examples and rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from risk.simulator.signing import API_KEY, API_SECRET, hmac_hex
from tests.conftest_simulator import RunningSimulator, launch

BTC = {"symbol": "BTCUSDT"}
BARS = {**BTC, "interval": "1m", "limit": 3}
PAIR = {"pair": "BTCUSDT", "contractType": "PERPETUAL"}
PERIOD = {**BTC, "period": "5m", "limit": 3}

# file, path, parameters, is signed, keys of the file that the exchange sends only at times
PUBLIC = [
    ("fapi_v1_depth", "/fapi/v1/depth", BTC | {"limit": 5}),
    ("fapi_v1_ticker_24hr", "/fapi/v1/ticker/24hr", BTC),
    ("fapi_v1_ticker_24hr_all", "/fapi/v1/ticker/24hr", {}),
    ("fapi_v1_klines", "/fapi/v1/klines", BARS),
    ("fapi_v1_continuousKlines", "/fapi/v1/continuousKlines", PAIR | {"interval": "1m", "limit": 3}),
    ("fapi_v1_markPriceKlines", "/fapi/v1/markPriceKlines", BARS),
    ("fapi_v1_premiumIndexKlines", "/fapi/v1/premiumIndexKlines", BARS),
    ("fapi_v1_markPriceKlines", "/fapi/v1/indexPriceKlines", {"pair": "BTCUSDT", "interval": "1h"}),
    ("fapi_v1_premiumIndex", "/fapi/v1/premiumIndex", BTC),
    ("fapi_v1_premiumIndex_all", "/fapi/v1/premiumIndex", {}),
    ("fapi_v1_fundingRate", "/fapi/v1/fundingRate", BTC | {"limit": 10}),
    ("fapi_v1_fundingInfo", "/fapi/v1/fundingInfo", {}),
    ("fapi_v1_openInterest", "/fapi/v1/openInterest", BTC),
    ("fapi_v1_exchangeInfo", "/fapi/v1/exchangeInfo", {}),
    ("fapi_v1_time", "/fapi/v1/time", {}),
    ("fapi_v1_insuranceBalance_symbol", "/fapi/v1/insuranceBalance", BTC),
    ("fapi_v1_insuranceBalance_all", "/fapi/v1/insuranceBalance", {}),
    ("fapi_v1_symbolAdlRisk", "/fapi/v1/symbolAdlRisk", BTC),
    ("fapi_v1_assetIndex", "/fapi/v1/assetIndex", {"symbol": "BTCUSD"}),
    ("fdata_openInterestHist", "/futures/data/openInterestHist", PERIOD),
    ("fdata_globalLongShortAccountRatio", "/futures/data/globalLongShortAccountRatio", PERIOD),
    ("fdata_takerlongshortRatio", "/futures/data/takerlongshortRatio", PERIOD),
    ("fdata_basis", "/futures/data/basis", PAIR | {"period": "5m", "limit": 3}),
    ("spot_v3_depth", "/api/v3/depth", BTC),
    ("spot_v3_ticker_24hr", "/api/v3/ticker/24hr", BTC),
    ("spot_v3_klines", "/api/v3/klines", BARS),
    ("other_okx_funding_rate", "/venue/okx/api/v5/public/funding-rate", {"instId": "BTC-USDT-SWAP"}),
    ("other_okx_open_interest", "/venue/okx/api/v5/public/open-interest", {"instType": "SWAP"}),
    ("other_bybit_tickers_inverse", "/venue/bybit/v5/market/tickers", {"category": "linear"}),
    (
        "other_bitget_current_fund_rate",
        "/venue/bitget/api/v2/mix/market/current-fund-rate",
        {"productType": "USDT-FUTURES"},
    ),
    (
        "other_bitget_open_interest",
        "/venue/bitget/api/v2/mix/market/open-interest",
        BTC | {"productType": "USDT-FUTURES"},
    ),
    (
        "other_deribit_book_summary",
        "/venue/deribit/public/get_book_summary_by_instrument",
        {"instrument_name": "BTC-PERPETUAL"},
    ),
]
SIGNED = [
    ("fapi_v2_account_single", "/fapi/v2/account", {}),
    ("fapi_v3_account_single", "/fapi/v3/account", {}),
    ("fapi_v3_balance", "/fapi/v3/balance", {}),
    ("fapi_v3_positionRisk_oneway", "/fapi/v3/positionRisk", {}),
    ("fapi_v2_positionRisk_oneway", "/fapi/v2/positionRisk", {}),
    ("fapi_v1_leverageBracket_symbol", "/fapi/v1/leverageBracket", BTC),
    ("fapi_v1_leverageBracket_all", "/fapi/v1/leverageBracket", {}),
    ("fapi_v1_leverageBracket_real_2024-10", "/fapi/v1/leverageBracket", {}),
    ("fapi_v1_accountConfig", "/fapi/v1/accountConfig", {}),
    ("fapi_v1_symbolConfig", "/fapi/v1/symbolConfig", {}),
    ("fapi_v1_multiAssetsMargin", "/fapi/v1/multiAssetsMargin", {}),
    ("fapi_v1_positionSide_dual", "/fapi/v1/positionSide/dual", {}),
    ("fapi_v1_commissionRate", "/fapi/v1/commissionRate", BTC),
    ("fapi_v1_rateLimit_order", "/fapi/v1/rateLimit/order", {}),
    ("sapi_v1_account_apiRestrictions", "/sapi/v1/account/apiRestrictions", {}),
]
# Keys of an example that the exchange sends only in some states.
SOMETIMES = {"notionalCoef", "activatePrice", "priceRate", "HEDGE", "BOTH"}


def kind(value: Any) -> str:
    """JSON type of a value; integers and other numbers are one."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]


def differences(example: Any, answer: Any, where: str = "$") -> list[str]:
    """Keys that are missing and types that differ; keys beyond the example are allowed."""
    if kind(example) != kind(answer):
        return [] if None in (example, answer) else [f"{where}: {kind(answer)}, expected {kind(example)}"]
    found: list[str] = []
    if isinstance(example, dict):
        for key, value in example.items():
            if key in answer:
                found += differences(value, answer[key], f"{where}.{key}")
            elif key not in SOMETIMES:
                found.append(f"{where}.{key}: missing")
    elif isinstance(example, list) and example:
        if not answer:
            return [f"{where}: empty"]
        is_row = all(kind(item) not in ("object", "array") for item in example)
        pairs = (
            zip(example, answer, strict=True) if is_row and len(example) == 12 else [(example[0], answer[0])]
        )
        for left, right in pairs:
            found += differences(left, right, f"{where}[]")
    return found


def example(shared: Path, name: str) -> Any:
    """A documented answer."""
    return json.loads((shared / "payloads" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def hedged() -> Iterator[RunningSimulator]:
    """A simulator with a hedge-mode account."""
    running = launch("--account", "hedge")
    yield running
    running.stop()


@pytest.mark.parametrize(("name", "path", "params"), PUBLIC, ids=[row[1] + row[0] for row in PUBLIC])
def test_public_answers_have_the_keys_and_types_of_the_examples(
    simulator: RunningSimulator, shared: Path, name: str, path: str, params: dict[str, Any]
) -> None:
    answer = simulator.get(path, **params)
    assert answer.status_code == 200, answer.text
    assert differences(example(shared, name), answer.json()) == []


@pytest.mark.parametrize(("name", "path", "params"), SIGNED, ids=[row[0] for row in SIGNED])
def test_signed_answers_have_the_keys_and_types_of_the_examples(
    simulator: RunningSimulator, shared: Path, name: str, path: str, params: dict[str, Any]
) -> None:
    answer = simulator.signed(path, **params)
    assert answer.status_code == 200, answer.text
    assert differences(example(shared, name), answer.json()) == []


def test_gate_and_hyperliquid_answers_have_the_shape_of_the_examples(
    simulator: RunningSimulator, shared: Path
) -> None:
    gate = simulator.get("/venue/gate/futures/usdt/contracts").json()
    assert differences(example(shared, "other_gate_contract"), gate[0]) == []
    info = simulator.call("POST", "/venue/hyperliquid/info", json={"type": "metaAndAssetCtxs"}).json()
    names, contexts = info
    assert differences(example(shared, "other_hyperliquid_metaAndAssetCtxs")[0], names) == []
    assert differences(example(shared, "other_hyperliquid_metaAndAssetCtxs")[1], contexts) == []
    assert len(names["universe"]) == len(contexts)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("fapi_v3_positionRisk_hedge", "/fapi/v3/positionRisk"),
        ("fapi_v2_positionRisk_hedge", "/fapi/v2/positionRisk"),
        ("fapi_v1_adlQuantile", "/fapi/v1/adlQuantile"),
    ],
)
def test_hedge_mode_answers_have_the_shape_of_the_examples(
    hedged: RunningSimulator, shared: Path, name: str, path: str
) -> None:
    answer = hedged.signed(path).json()
    assert differences(example(shared, name), answer) == []


def test_both_sides_of_a_cross_hedge_share_one_liquidation_price(hedged: RunningSimulator) -> None:
    rows = [row for row in hedged.signed("/fapi/v3/positionRisk").json() if row["symbol"] == "BTCUSDT"]
    assert {row["positionSide"] for row in rows} == {"LONG", "SHORT"}
    assert len({row["liquidationPrice"] for row in rows}) == 1


def test_kline_rows_have_twelve_columns_and_the_last_one_is_unfinished(simulator: RunningSimulator) -> None:
    rows = simulator.get("/fapi/v1/klines", **BARS).json()
    server = simulator.get("/fapi/v1/time").json()["serverTime"]
    assert [len(row) for row in rows] == [12, 12, 12]
    assert rows[-1][6] >= server
    assert rows[0][6] == rows[0][0] + 60_000 - 1
    assert rows[0][6] < server


def test_funding_info_leaves_out_contracts_with_default_terms(simulator: RunningSimulator) -> None:
    listed = {row["symbol"] for row in simulator.get("/fapi/v1/exchangeInfo").json()["symbols"]}
    adjusted = {row["symbol"] for row in simulator.get("/fapi/v1/fundingInfo").json()}
    assert "SOLUSDT" in listed - adjusted
    assert adjusted < listed


def test_old_settlements_have_no_mark_price(simulator: RunningSimulator) -> None:
    start = simulator.state()["now_ms"] - 390 * 86_400_000
    rows = simulator.get("/fapi/v1/fundingRate", **BTC, startTime=start, limit=5).json()
    assert rows
    assert {row["markPrice"] for row in rows} == {""}
    newest = simulator.get("/fapi/v1/fundingRate", **BTC, limit=1).json()
    assert float(newest[0]["markPrice"]) > 0


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/fapi/v1/depth", {"symbol": "NOPEUSDT"}, 400, -1121),
        ("/fapi/v1/depth", {**BTC, "limit": 7}, 400, -4021),
        ("/fapi/v1/depth", {}, 400, -1102),
        ("/fapi/v1/klines", {**BTC, "interval": "7m"}, 400, -1120),
        ("/fapi/v1/klines", {**BTC, "interval": "1s"}, 400, -1120),
        ("/fapi/v1/klines", BTC, 400, -1102),
        ("/futures/data/openInterestHist", {**BTC, "period": "1m"}, 400, -1120),
        ("/fapi/v1/openInterest", {}, 400, -1102),
        ("/fapi/v1/allForceOrders", {}, 404, -5000),
    ],
)
def test_wrong_calls_are_refused_with_the_exchange_s_codes(
    simulator: RunningSimulator, path: str, params: dict[str, Any], status: int, code: int
) -> None:
    answer = simulator.get(path, **params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", ["bad_symbol", "missing_param", "bad_depth_limit", "no_key", "listen_key"])
def test_refusals_carry_the_recorded_words(simulator: RunningSimulator, shared: Path, name: str) -> None:
    calls = {
        "bad_symbol": lambda: simulator.get("/fapi/v1/depth", symbol="X"),
        "missing_param": lambda: simulator.get("/fapi/v1/openInterest"),
        "bad_depth_limit": lambda: simulator.get("/fapi/v1/depth", **BTC, limit=7),
        "no_key": lambda: simulator.get("/fapi/v3/account"),
        "listen_key": lambda: simulator.call("PUT", "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": API_KEY}),
    }
    expected = example(shared, "errors")[name]
    answer = calls[name]()
    assert (answer.status_code, answer.json()) == (expected["http"], expected["body"])


def signed_get(
    simulator: RunningSimulator, query: str, *, key: str = API_KEY, spoil: str = ""
) -> httpx.Response:
    """A signed call of a query string; `spoil` is put behind the signed part."""
    signature = hmac_hex(query, API_SECRET)
    url = f"{simulator.rest}/fapi/v3/account?{query}{spoil}&signature={signature}"
    return httpx.get(url, headers={"X-MBX-APIKEY": key}, trust_env=False)


def test_one_byte_more_than_was_signed_is_refused(simulator: RunningSimulator) -> None:
    now = simulator.state()["now_ms"]
    assert signed_get(simulator, f"timestamp={now}").status_code == 200
    refused = signed_get(simulator, f"timestamp={now}", spoil="&recvWindow=5000")
    assert (refused.status_code, refused.json()["code"]) == (400, -1022)


@pytest.mark.parametrize(
    ("offset_ms", "window", "code"),
    [(0, 5000, None), (-4000, 5000, None), (-6000, 5000, -1021), (-6000, 10000, None), (3000, 5000, -1021)],
)
def test_time_stamps_must_lie_in_the_window(
    simulator: RunningSimulator, offset_ms: int, window: int, code: int | None
) -> None:
    stamp = simulator.state()["now_ms"] + offset_ms
    answer = signed_get(simulator, f"recvWindow={window}&timestamp={stamp}")
    assert answer.json().get("code") == code


def test_an_unknown_key_is_refused_with_the_caller_s_address(simulator: RunningSimulator) -> None:
    now = simulator.state()["now_ms"]
    refused = signed_get(simulator, f"timestamp={now}", key="x" * 64)
    assert (refused.status_code, refused.json()["code"]) == (401, -2015)
    assert refused.json()["msg"].endswith("request ip: 127.0.0.1")


def test_position_rows_keep_the_identities_of_the_exchange(simulator: RunningSimulator) -> None:
    # BINANCE.md 2.3: notional = amount * mark; profit = amount * (mark - entry); truncated at 8 decimals.
    for row in simulator.signed("/fapi/v3/positionRisk").json():
        size, mark, entry = (float(row[key]) for key in ("positionAmt", "markPrice", "entryPrice"))
        assert float(row["notional"]) == pytest.approx(size * mark, abs=2e-8)
        assert float(row["unRealizedProfit"]) == pytest.approx(size * (mark - entry), abs=2e-8)
        isolated = float(row["isolatedWallet"])
        if isolated:
            profit = float(row["unRealizedProfit"])
            assert float(row["isolatedMargin"]) == pytest.approx(isolated + profit, abs=2e-8)


def test_a_reduce_only_market_order_shrinks_the_position(hedged: RunningSimulator, shared: Path) -> None:
    before = {r["positionSide"]: r for r in hedged.signed("/fapi/v3/positionRisk", symbol="BTCUSDT").json()}
    order = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "0.1"}
    answer = hedged.signed("/fapi/v1/order", "POST", **order)
    assert differences(example(shared, "fapi_v1_order_post_ack"), answer.json()) == []
    after = {r["positionSide"]: r for r in hedged.signed("/fapi/v3/positionRisk", symbol="BTCUSDT").json()}
    sold = float(before["LONG"]["positionAmt"]) - float(after["LONG"]["positionAmt"])
    assert sold == pytest.approx(0.1)
    row = hedged.signed("/fapi/v1/order", symbol="BTCUSDT", orderId=answer.json()["orderId"]).json()
    assert differences(example(shared, "fapi_v1_order_get"), row) == []
    assert row["status"] == "FILLED"
    kinds = {row["incomeType"] for row in hedged.signed("/fapi/v1/income").json()}
    assert kinds >= {"COMMISSION", "REALIZED_PNL"}
    assert differences(example(shared, "fapi_v1_income"), hedged.signed("/fapi/v1/income").json()) == []


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"side": "SELL", "type": "MARKET", "quantity": "0.1"}, -4061),
        ({"side": "SELL", "positionSide": "LONG", "type": "STOP_MARKET", "quantity": "0.1"}, -4120),
        ({"side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "0.00001"}, -1111),
        ({"side": "SELL", "positionSide": "LONG", "type": "MARKET"}, -1102),
        (
            {"side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "1", "reduceOnly": "true"},
            -1106,
        ),
    ],
)
def test_wrong_orders_are_refused(hedged: RunningSimulator, order: dict[str, str], code: int) -> None:
    answer = hedged.signed("/fapi/v1/order", "POST", symbol="BTCUSDT", **order)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_conditional_order_rests_on_the_algo_service(hedged: RunningSimulator, shared: Path) -> None:
    order = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "1"}
    placed = hedged.signed("/fapi/v1/algoOrder", "POST", symbol="BTCUSDT", closePosition="true", **order)
    assert differences(example(shared, "fapi_v1_algoOrder_post"), placed.json()) == []
    resting = hedged.signed("/fapi/v1/openAlgoOrders").json()
    assert differences(example(shared, "fapi_v1_openAlgoOrders"), resting) == []
    hedged.signed("/fapi/v1/algoOrder", "DELETE", algoId=placed.json()["algoId"])
    assert hedged.signed("/fapi/v1/openAlgoOrders").json() == []


def test_a_limit_order_far_away_rests_until_it_is_cancelled(hedged: RunningSimulator, shared: Path) -> None:
    terms = {
        "positionSide": "LONG",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.1",
        "price": "999999",
    }
    placed = hedged.signed("/fapi/v1/order", "POST", symbol="BTCUSDT", side="SELL", **terms).json()
    resting = hedged.signed("/fapi/v1/openOrders").json()
    assert differences(example(shared, "fapi_v1_openOrders"), resting) == []
    hedged.signed("/fapi/v1/order", "DELETE", symbol="BTCUSDT", orderId=placed["orderId"])
    assert hedged.signed("/fapi/v1/openOrders").json() == []


def test_the_listen_key_stays_the_same_until_it_is_closed(hedged: RunningSimulator) -> None:
    header = {"X-MBX-APIKEY": API_KEY}
    first = hedged.call("POST", "/fapi/v1/listenKey", headers=header).json()["listenKey"]
    assert hedged.call("POST", "/fapi/v1/listenKey", headers=header).json()["listenKey"] == first
    assert hedged.call("PUT", "/fapi/v1/listenKey", headers=header).json() == {"listenKey": first}
    hedged.call("DELETE", "/fapi/v1/listenKey", headers=header)
    assert hedged.call("PUT", "/fapi/v1/listenKey", headers=header).json()["code"] == -1125
