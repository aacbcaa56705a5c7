"""Every documented payload parses, every impossible number is refused, nothing else ever escapes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from risk.adapters import wire, wire_venues
from risk.adapters.wire_contract import decode_contract_info
from risk.adapters.wire_orders import parse_algo_orders, parse_open_orders
from risk.errors import PayloadError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER_MS = 4_102_444_800_000  # 2100-01-01: every recorded bar is closed by then

Parse = Callable[[bytes], Any]


def _klines(body: bytes) -> Any:
    return wire.parse_klines(
        body, symbol="BTCUSDT", interval="1m", received_at=NOW, closed_before_ms=LATER_MS
    )


def _insurance(body: bytes) -> Any:
    prices = {"BTC": Decimal(90_000)}
    return wire.parse_insurance(body, prices_usd=prices, event_at=NOW, received_at=NOW)


def _brackets(body: bytes) -> Any:
    return wire.parse_leverage_brackets(body, event_at=NOW, received_at=NOW)


def _venue(parse: Callable[..., Any]) -> Parse:
    return lambda body: parse(body, received_at=NOW)


CLAIMED: dict[str, Parse] = {
    "fapi_v1_accountConfig": wire.parse_account_config,
    "fapi_v1_assetIndex": lambda body: wire.parse_asset_index(body, received_at=NOW),
    "fapi_v1_depth": lambda body: wire.parse_depth(body, symbol="BTCUSDT"),
    "fapi_v1_exchangeInfo": lambda body: wire.parse_exchange_info(body, received_at=NOW),
    "fapi_v1_forceOrders": lambda body: wire.parse_force_orders(body, account="a", received_at=NOW),
    "fapi_v1_fundingInfo": lambda body: wire.parse_funding_info(body, event_at=NOW, received_at=NOW),
    "fapi_v1_fundingRate": lambda body: wire.parse_funding_rates(body, received_at=NOW),
    "fapi_v1_income": lambda body: wire.parse_income(body, account="a", received_at=NOW),
    "fapi_v1_insuranceBalance_all": _insurance,
    "fapi_v1_insuranceBalance_symbol": _insurance,
    "fapi_v1_klines": _klines,
    "fapi_v1_continuousKlines": _klines,
    "fapi_v1_leverageBracket_all": _brackets,
    "fapi_v1_leverageBracket_real_2024-10": _brackets,
    "fapi_v1_leverageBracket_symbol": _brackets,
    "fapi_v1_listenKey_post": wire.parse_listen_key,
    "fapi_v1_listenKey_put": wire.parse_listen_key,
    "fapi_v1_markPriceKlines": _klines,
    "fapi_v1_openAlgoOrders": lambda body: parse_algo_orders(body, account="default", received_at=NOW),
    "fapi_v1_openOrders": lambda body: parse_open_orders(body, account="default", received_at=NOW),
    "fapi_v1_openInterest": lambda body: wire.parse_open_interest(body, received_at=NOW),
    "fapi_v1_premiumIndex": lambda body: wire.parse_premium_index(body, received_at=NOW),
    "fapi_v1_premiumIndex_all": lambda body: wire.parse_premium_index(body, received_at=NOW),
    "fapi_v1_symbolAdlRisk": lambda body: wire.parse_adl_risks(body, received_at=NOW),
    "fapi_v1_symbolConfig": lambda body: wire.parse_symbol_config(body, received_at=NOW),
    "fapi_v1_ticker_24hr": lambda body: wire.parse_tickers(body, received_at=NOW),
    "fapi_v1_ticker_24hr_all": lambda body: wire.parse_tickers(body, received_at=NOW),
    "fapi_v1_time": wire.parse_server_time,
    "fapi_v3_account_multi": wire.parse_account,
    "fapi_v3_account_single": wire.parse_account,
    "fapi_v3_positionRisk_hedge": lambda body: wire.parse_positions(body, received_at=NOW),
    "fapi_v3_positionRisk_oneway": lambda body: wire.parse_positions(body, received_at=NOW),
    "fdata_openInterestHist": lambda body: wire.parse_open_interest_history(body, received_at=NOW),
    "sapi_v1_account_apiRestrictions": wire.parse_key_rights,
    "spot_v3_depth": lambda body: wire.parse_depth(body, symbol="BTCUSDT", venue="spot"),
    "spot_v3_klines": _klines,
    "spot_v3_ticker_24hr": lambda body: wire.parse_tickers(body, received_at=NOW, venue="spot"),
    "spot_ws_depth20_partial": lambda body: wire.decode_partial_depth(body, symbol="BNBBTC", venue="spot"),
    "spot_ws_depthUpdate": wire.decode_depth,
    "user_ACCOUNT_CONFIG_UPDATE_leverage": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_ACCOUNT_CONFIG_UPDATE_multiassets": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_ACCOUNT_UPDATE": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_ALGO_UPDATE": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_MARGIN_CALL": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_ORDER_TRADE_UPDATE": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_TRADE_LITE": lambda body: wire.decode_user_event(body, received_at=NOW),
    "user_listenKeyExpired": lambda body: wire.decode_user_event(body, received_at=NOW),
    "ws_contractInfo": lambda body: decode_contract_info(body, received_at=NOW),
    "ws_depth5_partial": wire.decode_partial_depth,
    "ws_depthUpdate_diff": wire.decode_depth,
    "ws_forceOrder_arr": lambda body: wire.decode_force_order(body, received_at=NOW),
    "ws_forceOrder_symbol": lambda body: wire.decode_force_order(body, received_at=NOW),
    "ws_kline": lambda body: wire.decode_kline(body, received_at=NOW) or "still forming",
    "ws_markPrice": lambda body: wire.decode_mark_array(body, received_at=NOW),
    "ws_markPrice_arr": lambda body: wire.decode_mark_array(body, received_at=NOW),
    "other_okx_funding_rate": _venue(wire_venues.parse_okx_funding),
    "other_okx_open_interest": _venue(wire_venues.parse_okx_open_interest),
    "other_bybit_tickers_inverse": _venue(wire_venues.parse_bybit),
    "other_bitget_current_fund_rate": _venue(wire_venues.parse_bitget_funding),
    "other_bitget_open_interest": wire_venues.parse_bitget_open_interest,
    "other_gate_contract": _venue(wire_venues.parse_gate),
    "other_hyperliquid_metaAndAssetCtxs": _venue(wire_venues.parse_hyperliquid),
    "other_deribit_book_summary": _venue(wire_venues.parse_deribit),
    "other_coinglass_funding_exchange_list": _venue(wire_venues.parse_coinglass),
}

EXCUSED: dict[str, str] = {
    "errors": "read by the REST tests, answer by answer",
    "hmac_vectors": "read by the signing tests",
    "liquidation_examples_faq": "expected values for the margin formula",
    "fapi_v1_adlQuantile": "positionRisk v3 carries the rank",
    "fapi_v1_algoOrder_post": "an order: never sent",
    "fapi_v1_order_post_ack": "an order: never sent",
    "fapi_v1_order_get": "openOrders has those that rest",
    "fapi_v1_rateLimit_order": "order limits do not concern a reader",
    "fapi_v1_commissionRate": "fees are not an input",
    "fapi_v1_multiAssetsMargin": "weight 30; accountConfig tells the same for 5",
    "fapi_v1_positionSide_dual": "weight 30; accountConfig tells the same for 5",
    "fapi_v1_premiumIndexKlines": "rates, not prices; funding history comes from fundingRate",
    "fapi_v2_account_multi": "superseded by v3",
    "fapi_v2_account_single": "superseded by v3",
    "fapi_v2_positionRisk_hedge": "superseded by v3",
    "fapi_v2_positionRisk_oneway": "superseded by v3",
    "fapi_v3_balance": "the account answer has the same assets",
    "fdata_basis": "not an input",
    "fdata_globalLongShortAccountRatio": "not an input",
    "fdata_takerlongshortRatio": "not an input",
    "fdata_topLongShortAccountRatio": "not an input, and needs a key",
    "other_gate_contract_stats": "history; the contract list has the present value",
    "ws_aggTrade": "trades are not an input",
    "ws_assetIndex_arr": "read by REST, hourly",
    "ws_bookTicker": "the local book has the best prices",
    "ws_continuousKline": "klines come by symbol",
    "ws_control_messages": "a list of several messages; read one by one below",
    "ws_ticker": "read by REST",
}


def test_every_payload_file_is_claimed_or_excused(shared: Path) -> None:
    present = {path.stem for path in (shared / "payloads").glob("*.json")}
    assert present == CLAIMED.keys() | EXCUSED.keys()
    assert not CLAIMED.keys() & EXCUSED.keys()


@pytest.mark.parametrize("stem", CLAIMED)
def test_documented_payload_parses_without_a_refused_row(shared: Path, stem: str) -> None:
    parsed = CLAIMED[stem]((shared / "payloads" / f"{stem}.json").read_bytes())
    assert parsed
    if isinstance(parsed, wire.Parsed):
        assert parsed.rows
        assert parsed.issues == ()


def _body(shared: Path, stem: str) -> bytes:
    return (shared / "payloads" / f"{stem}.json").read_bytes()


def test_premium_index_carries_the_documented_values(shared: Path) -> None:
    (mark,) = wire.parse_premium_index(_body(shared, "fapi_v1_premiumIndex"), received_at=NOW).rows
    assert (mark.symbol, mark.mark_price) == ("BTCUSDT", Decimal("11793.63104562"))
    assert (mark.index_price, mark.funding_rate) == (Decimal("11781.80495970"), 0.00038246)
    # 1597392000 = 2020-08-14 08:00 UTC; 1597370495.002 = 02:01:35.002
    assert mark.next_funding_at == datetime(2020, 8, 14, 8, tzinfo=UTC)
    assert mark.event_at == datetime(2020, 8, 14, 2, 1, 35, 2000, tzinfo=UTC)


def test_premium_index_leaves_out_delivery_contracts_which_have_no_funding() -> None:
    row = {"markPrice": "1", "indexPrice": "1", "lastFundingRate": "", "nextFundingTime": 0, "time": 1}
    body = json.dumps([row | {"symbol": "BTCUSDT_270326"}]).encode()
    assert wire.parse_premium_index(body, received_at=NOW) == wire.Parsed((), ())


def test_ticker_change_is_a_fraction(shared: Path) -> None:
    (ticker,) = wire.parse_tickers(_body(shared, "fapi_v1_ticker_24hr"), received_at=NOW).rows
    assert ticker.price_change == pytest.approx(-0.9596)  # "-95.960" percent
    assert ticker.quote_volume == Decimal("15.30000000")


def test_kline_has_the_columns_in_the_documented_order(shared: Path) -> None:
    (bar,) = _klines(_body(shared, "fapi_v1_klines")).rows
    assert (bar.open, bar.high, bar.low, bar.close) == tuple(
        map(Decimal, ("0.01634790", "0.80000000", "0.01575800", "0.01577100"))
    )
    assert (bar.volume, bar.quote_volume) == (Decimal("148976.11427815"), Decimal("2434.19055334"))
    assert (bar.trades, bar.taker_buy_volume) == (308, Decimal("1756.87402397"))
    assert bar.event_at == datetime(2017, 7, 9, 23, 59, 59, 999000, tzinfo=UTC)  # 1499644799999


def test_bar_that_has_not_closed_is_left_out() -> None:
    bars = [[0, "1", "2", "1", "2", "5", 899_999, "7", 3, "2", "3", "0"]]
    bars.append([900_000, "2", "3", "1", "1", "5", 1_799_999, "7", 3, "2", "3", "0"])
    body = json.dumps(bars).encode()
    for now_ms, closed in [(1_799_999, 1), (1_800_000, 2)]:
        parsed = wire.parse_klines(body, symbol="X", interval="15m", received_at=NOW, closed_before_ms=now_ms)
        assert len(parsed.rows) == closed


def test_recorded_funding_keeps_its_jitter_and_takes_its_interval_from_the_distance() -> None:
    # Stamps as recorded (gocryptotrader test data): 1602806400002; settlements 8 h, then 4 h apart.
    first = 1602806400002
    rows = [
        {"symbol": "LTCUSDT", "fundingRate": "0.00018534", "fundingTime": first + hours * 3_600_000}
        for hours in (0, 8, 12, 28)
    ]
    parsed = wire.parse_funding_rates(json.dumps(rows).encode(), received_at=NOW, intervals={"LTCUSDT": 4})
    # the first has nothing before it and 16 h is a hole in the history: both take what is known now
    assert [row.interval_hours for row in parsed.rows] == [4, 8, 4, 4]
    assert parsed.rows[0].event_at.microsecond == 2000
    assert {row.rate_type for row in parsed.rows} == {"Regular"}
    assert parsed.rows[0].mark_price is None


def test_special_settlement_does_not_disturb_the_interval() -> None:
    def row(hours: int, kind: str) -> dict[str, object]:
        stamp = 1_600_000_000_000 + hours * 3_600_000
        return {
            "symbol": "X",
            "fundingRate": "0.0001",
            "fundingTime": stamp,
            "markPrice": "",
            "rateType": kind,
        }

    body = json.dumps([row(0, "Regular"), row(1, "Special"), row(8, "Regular")]).encode()
    parsed = wire.parse_funding_rates(body, received_at=NOW)
    assert [(one.rate_type, one.interval_hours) for one in parsed.rows][2] == ("Regular", 8)


def test_exchange_info_reads_filters_and_limit(shared: Path) -> None:
    rules = wire.parse_exchange_info(_body(shared, "fapi_v1_exchangeInfo"), received_at=NOW)
    (blz,) = rules.instruments
    assert rules.request_weight_limit == 2400
    assert (blz.tick_size, blz.step_size, blz.min_notional_usdt) == (Decimal("0.0001"), 1, 5)
    assert (blz.liquidation_fee, blz.delivery_at) == (Decimal("0.010000"), None)


def _instrument(**changes: object) -> dict[str, object]:
    tick = str(changes.pop("tick", "0.1"))
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": tick},
        {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
    ]
    row: dict[str, object] = {"symbol": "AUSDT", "contractType": "PERPETUAL", "status": "TRADING"}
    row |= {"baseAsset": "A", "quoteAsset": "USDT", "marginAsset": "USDT", "liquidationFee": "0.01"}
    return row | {"filters": filters, "deliveryDate": 4133404800000} | changes


@pytest.mark.parametrize(
    ("row", "kept", "refused"),
    [
        (_instrument(), 1, 0),
        (_instrument(symbol="测试USDT"), 1, 0),
        (_instrument(status="PENDING_TRADING", tick="0"), 0, 0),
        (_instrument(tick="0"), 0, 1),
        (_instrument(quoteAsset="USD", marginAsset="A"), 0, 0),
        (_instrument(st=2), 0, 0),
        (_instrument(symbol="A B"), 0, 1),
    ],
)
def test_instruments_that_are_kept_skipped_and_refused(row: object, kept: int, refused: int) -> None:
    body = json.dumps({"serverTime": 1, "symbols": [_instrument(symbol="GOOD"), row]}).encode()
    rules = wire.parse_exchange_info(body, received_at=NOW)
    assert (len(rules.instruments) - 1, len(rules.issues)) == (kept, refused)


def test_a_changed_delivery_date_announces_the_delisting() -> None:
    body = json.dumps({"serverTime": 1, "symbols": [_instrument(deliveryDate=1796083200000)]}).encode()
    (one,) = wire.parse_exchange_info(body, received_at=NOW).instruments
    assert one.delivery_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_real_ladder_reads_exactly(shared: Path) -> None:
    tiers = _brackets(_body(shared, "fapi_v1_leverageBracket_real_2024-10")).rows
    bitcoin = [tier for tier in tiers if tier.symbol == "BTCUSDT"]
    assert [tier.max_leverage for tier in bitcoin] == [125, 100, 75, 50, 25, 20, 10, 5, 4, 3, 2, 1]
    third = bitcoin[2]
    assert (third.floor_usdt, third.maintenance_rate, third.cum_usdt) == (600_000, Decimal("0.0065"), 950)


def test_ladder_with_a_hole_is_refused_whole_and_the_others_stay(shared: Path) -> None:
    ladders = json.loads(_body(shared, "fapi_v1_leverageBracket_real_2024-10"))
    del ladders[0]["brackets"][3]
    parsed = _brackets(json.dumps(ladders).encode())
    assert {issue.symbol for issue in parsed.issues} == {"BTCUSDT"}
    assert "BTCUSDT" not in {tier.symbol for tier in parsed.rows}
    assert len({tier.symbol for tier in parsed.rows}) == len(ladders) - 1


def test_insurance_fund_is_valued_asset_by_asset(shared: Path) -> None:
    rows = _insurance(_body(shared, "fapi_v1_insuranceBalance_symbol")).rows
    worth = {row.asset: row.value_usd for row in rows}
    assert worth["USDT"] == Decimal("793930579.31584800")
    assert worth["BTC"] == Decimal("5555829.19860000")  # 61.73143554 x 90 000
    assert len({row.group_key for row in rows}) == 1


def test_asset_without_index_price_has_no_value() -> None:
    body = b'{"symbols":["A"],"assets":[{"asset":"XYZ","marginBalance":"1"}]}'
    assert _insurance(body).rows[0].value_usd is None


def test_position_rows_of_a_hedge_account_keep_their_signs(shared: Path) -> None:
    rows = wire.parse_positions(_body(shared, "fapi_v3_positionRisk_hedge"), received_at=NOW).rows
    assert [(row.position_side, row.position_amt) for row in rows] == [("LONG", 30), ("SHORT", -1)]
    assert rows[1].liquidation_price == Decimal("2260.56757210")


def test_flat_position_rows_are_left_out(shared: Path) -> None:
    (row,) = json.loads(_body(shared, "fapi_v3_positionRisk_oneway"))
    flat = row | {"positionAmt": "0.0", "notional": "0", "entryPrice": "0.0"}
    parsed = wire.parse_positions(json.dumps([flat]).encode(), received_at=NOW)
    assert parsed == wire.Parsed((), ())


def test_income_keeps_each_row_in_its_own_asset(shared: Path) -> None:
    rows = wire.parse_income(_body(shared, "fapi_v1_income"), account="a", received_at=NOW).rows
    assert [(row.income_type, row.amount) for row in rows] == [
        ("TRANSFER", Decimal("-0.37500000")),
        ("COMMISSION", Decimal("-0.01000000")),
    ]
    assert [row.symbol for row in rows] == ["", "BTCUSDT"]


def test_forced_orders_are_told_apart_by_their_client_id(shared: Path) -> None:
    rows = wire.parse_force_orders(_body(shared, "fapi_v1_forceOrders"), account="a", received_at=NOW).rows
    assert [row.kind for row in rows] == ["liquidation", "adl"]


# The documented example may transfer and trade in portfolio margin; it is not bound to an address, but cannot
# trade futures.
def test_documented_key_is_refused_for_its_transfers_and_its_trading(shared: Path) -> None:
    rights = wire.parse_key_rights(_body(shared, "sapi_v1_account_apiRestrictions"))
    assert rights.state == "refused"
    assert rights.refusals == (
        "transfer between accounts", "transfer between wallets", "trade in portfolio margin",
    )  # fmt: skip
    assert rights.warnings == ()


READ_ONLY = {"ipRestrict": False, "enableReading": True, "enableFutures": False}


@pytest.mark.parametrize(
    ("changes", "state", "warnings"),
    [
        ({}, "accepted", ()),
        ({"enableWithdrawals": True}, "refused", ()),
        ({"enableInternalTransfer": True}, "refused", ()),
        ({"permitsUniversalTransfer": True}, "refused", ()),
        ({"enableMargin": True}, "refused", ()),
        ({"enableSpotAndMarginTrading": True}, "refused", ()),
        ({"enableFutures": True}, "refused", ()),
        ({"enableFutures": True, "ipRestrict": True}, "accepted", ("enableFutures",)),
        ({"enableTeleportation": True}, "accepted", ("enableTeleportation",)),
        ({"enableFixReadOnly": True}, "accepted", ()),
    ],
)
def test_key_is_judged_by_what_it_may_do(
    changes: dict[str, bool], state: str, warnings: tuple[str, ...]
) -> None:
    rights = wire.parse_key_rights(json.dumps(READ_ONLY | changes).encode())
    assert (rights.state, rights.warnings) == (state, warnings)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"enableReading":"yes"}', b'{"code":-1,"msg":"x"}'])
def test_answer_that_is_not_about_a_key_is_not_an_acceptance(body: bytes) -> None:
    with pytest.raises(PayloadError):
        wire.parse_key_rights(body)


# ---- streams -------------------------------------------------------------------------------------


def test_recorded_forced_orders_read_raw_wrapped_and_from_the_array_stream(shared: Path) -> None:
    frames = (shared / "data" / "ws_um_forceOrder_recorded_frames.jsonl").read_bytes().splitlines()
    rows = [wire.decode_force_order(frame, received_at=NOW).rows[0] for frame in frames]
    assert [row.symbol for row in rows] == ["KAIAUSDT", "XRPUSDT", "BTCUSDT"]
    # notional is cumulative filled quantity z times average price ap, not the last fill l
    assert rows[1].notional_usdt == Decimal("189.68064")  # 127.2 x 1.4912
    assert rows[2].notional_usdt == Decimal("15703.861")  # 0.190 x 82 651.90


def test_coin_margined_forced_orders_are_left_out_wherever_the_mark_stands(shared: Path) -> None:
    event = json.loads(_body(shared, "ws_forceOrder_symbol"))
    outside = json.dumps(event | {"st": 2}).encode()
    inside = json.dumps(event | {"o": event["o"] | {"st": 2}}).encode()
    many = json.dumps({"stream": "!forceOrder@arr", "data": [event, event | {"st": 2}]}).encode()
    assert wire.decode_force_order(outside, received_at=NOW).rows == ()
    assert wire.decode_force_order(inside, received_at=NOW).rows == ()
    assert len(wire.decode_force_order(many, received_at=NOW).rows) == 1


def test_repeated_forced_order_has_the_same_key(shared: Path) -> None:
    body = _body(shared, "ws_forceOrder_symbol")
    keys = {
        wire.force_order_key(wire.decode_force_order(frame, received_at=at).rows[0])
        for frame, at in [(body, NOW), (b'{"stream":"x","data":' + body + b"}", NOW.replace(year=2027))]
    }
    assert len(keys) == 1


def test_depth_update_reads_raw_and_wrapped(shared: Path) -> None:
    body = _body(shared, "ws_depthUpdate_diff")
    for frame in (body, b'{"stream":"btcusdt@depth@100ms","data":' + body + b"}"):
        diff = wire.decode_depth(frame)
        assert (diff.first_update_id, diff.final_update_id, diff.previous_update_id) == (157, 160, 149)
        assert (diff.bids, diff.asks) == ([(0.0024, 10.0)], [(0.0026, 100.0)])
        assert (diff.symbol, diff.event_at_ms) == ("BTCUSDT", 123456788)


def test_spot_depth_update_has_no_previous_id(shared: Path) -> None:
    diff = wire.decode_depth(_body(shared, "spot_ws_depthUpdate"))
    assert diff.previous_update_id is None
    assert diff.event_at_ms == 1672515782136


def test_every_recorded_depth_frame_decodes(shared: Path) -> None:
    with gzip.open(shared / "data" / "ws_um_4symbols_20210722.txt.gz", "rb") as lines:
        frames = [line.split(b": ", 1)[1].strip() for line in lines if b'"depthUpdate"' in line]
    diffs = [wire.decode_depth(frame) for frame in frames]
    assert {diff.symbol for diff in diffs} == {"SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"}
    assert all(diff.first_update_id <= diff.final_update_id for diff in diffs)


def test_recorded_depth_answers_parse(shared: Path) -> None:
    with gzip.open(shared / "data" / "rest_um_depth_4symbols_20210722.txt.gz", "rb") as lines:
        bodies = [line.split(b" -> ", 1)[1].split(b": ", 1)[1] for line in lines if b"lastUpdateId" in line]
    books = [wire.parse_depth(body, symbol="X") for body in bodies]
    assert len(books) == 4
    assert all(book.bids[0][0] < book.asks[0][0] for book in books)


def test_closed_kline_of_the_stream_is_a_record_and_a_forming_one_is_not(shared: Path) -> None:
    with gzip.open(shared / "data" / "um_account_and_userdata_examples.json.gz") as file:
        examples = json.load(file)
    closed = wire.decode_kline(json.dumps(examples["kline_stream_closed.json"]).encode(), received_at=NOW)
    forming = wire.decode_kline(json.dumps(examples["kline_stream_open.json"]).encode(), received_at=NOW)
    assert closed is not None
    assert (closed.close, closed.source) == (Decimal("0.0020"), "stream")
    assert forming is None


def test_user_events_say_what_to_read_again(shared: Path) -> None:
    def event(stem: str) -> wire.UserEvent:
        return wire.decode_user_event(_body(shared, f"user_{stem}"), received_at=NOW)

    update = event("ACCOUNT_UPDATE")
    assert (update.symbols, update.reason, update.changes_account) == (("BTCUSDT",), "ORDER", True)
    assert event("MARGIN_CALL").symbols == ("ETHUSDT",)
    assert event("MARGIN_CALL").changes_account
    assert event("ACCOUNT_CONFIG_UPDATE_leverage").changes_configuration
    assert not event("ORDER_TRADE_UPDATE").changes_account  # a new order changes nothing yet
    assert event("ORDER_TRADE_UPDATE").changes_orders
    assert (event("ALGO_UPDATE").changes_orders, event("ALGO_UPDATE").symbols) == (True, ("BNBUSDT",))
    assert not event("ACCOUNT_UPDATE").changes_orders
    assert event("listenKeyExpired").kind == "listenKeyExpired"


@pytest.mark.parametrize(
    ("example", "forced"),
    [
        ("order_update_adl.json", "adl"),
        ("order_update_calculated.json", "liquidation"),
        ("order_update_settlement.json", "settlement"),
        ("order_update_trade.json", ""),
        ("ws_futures_order_update_liquidation_zero_qty.json", "liquidation"),
        ("account_update_bnfcr.json", ""),
    ],
)
def test_orders_that_the_exchange_placed_are_recognised(shared: Path, example: str, forced: str) -> None:
    with gzip.open(shared / "data" / "um_account_and_userdata_examples.json.gz") as file:
        frame = json.dumps(json.load(file)[example]).encode()
    assert wire.decode_user_event(frame, received_at=NOW).forced == forced


def test_control_messages_are_told_from_data(shared: Path) -> None:
    messages = json.loads(_body(shared, "ws_control_messages"))
    granted = wire.decode_control(json.dumps(messages["subscribe_ack"]).encode())
    listed = wire.decode_control(json.dumps(messages["list_ack"]).encode())
    refused = wire.decode_control(json.dumps(messages["errors"][0]).encode())
    assert granted == wire.ControlReply(1, None, "")
    assert listed is not None
    assert listed.result == ["btcusdt@aggTrade"]
    assert refused is not None
    assert refused.problem == "Unknown property"
    assert wire.decode_control(_body(shared, "ws_depthUpdate_diff")) is None


# ---- recorded live answers -----------------------------------------------------------------------

RECORDED: dict[str, Parse] = {
    "/fapi/v1/depth": lambda body: wire.parse_depth(body, symbol="X"),
    "/fapi/v1/fundingInfo": CLAIMED["fapi_v1_fundingInfo"],
    "/fapi/v1/fundingRate": CLAIMED["fapi_v1_fundingRate"],
    "/fapi/v1/klines": _klines,
    "/fapi/v1/openInterest": CLAIMED["fapi_v1_openInterest"],
    "/fapi/v1/premiumIndex": CLAIMED["fapi_v1_premiumIndex"],
    "/fapi/v1/ticker/24hr": CLAIMED["fapi_v1_ticker_24hr"],
    "/fapi/v1/time": wire.parse_server_time,
    "/fapi/v1/exchangeInfo": CLAIMED["fapi_v1_exchangeInfo"],
    "/futures/data/openInterestHist": CLAIMED["fdata_openInterestHist"],
}


@pytest.mark.parametrize("path", RECORDED)
def test_recorded_live_answers_parse(shared: Path, path: str) -> None:
    with gzip.open(shared / "data" / "rest_um_recorded_responses.json.gz") as file:
        answers = [one["data"] for one in json.load(file)[path]["GET"]]
    # refusals and coin-margined answers stand in the recording too; the one has a code, the other a pair
    answers = [one for one in answers if one is not None and '"code"' not in json.dumps(one)]
    answers = [one for one in answers if path != "/futures/data/openInterestHist" or "symbol" in one[0]]
    for answer in answers:
        parsed = RECORDED[path](json.dumps(answer).encode())
        assert not getattr(parsed, "issues", ())
    assert answers


# ---- impossible numbers --------------------------------------------------------------------------

IMPOSSIBLE = ["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "1e-400", "", "-1", "0", "abc", None, {}, True]


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize(
    ("stem", "field"),
    [
        ("fapi_v1_premiumIndex", "markPrice"),
        ("fapi_v1_premiumIndex", "indexPrice"),
        ("fapi_v1_ticker_24hr", "lastPrice"),
        ("fapi_v1_openInterest", "openInterest"),
        ("fapi_v1_assetIndex", "index"),
    ],
)
def test_impossible_number_is_refused_and_named(shared: Path, stem: str, field: str, value: object) -> None:
    body = json.dumps(json.loads(_body(shared, stem)) | {field: value}).encode()
    with pytest.raises(PayloadError) as caught:
        CLAIMED[stem](body)
    assert caught.value.field == field
    assert caught.value.source


@pytest.mark.parametrize("value", ["0.00000001", "123.000000000000000001", "1e-8"])
def test_small_and_long_but_possible_prices_are_kept_exactly(shared: Path, value: str) -> None:
    body = json.dumps(json.loads(_body(shared, "fapi_v1_openInterest")) | {"openInterest": value}).encode()
    assert wire.parse_open_interest(body, received_at=NOW).quantity == Decimal(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e400", "", None])
@pytest.mark.parametrize("place", [0, 1])
def test_impossible_level_is_refused(shared: Path, value: object, place: int) -> None:
    event = json.loads(_body(shared, "ws_depthUpdate_diff"))
    event["b"][0][place] = value
    with pytest.raises(PayloadError):
        wire.decode_depth(json.dumps(event).encode())


def test_level_price_of_zero_is_refused_and_quantity_of_zero_is_a_removal(shared: Path) -> None:
    event = json.loads(_body(shared, "ws_depthUpdate_diff"))
    assert wire.decode_depth(json.dumps(event | {"b": [["1.5", "0"]]}).encode()).bids == [(1.5, 0.0)]
    with pytest.raises(PayloadError):
        wire.decode_depth(json.dumps(event | {"b": [["0", "1.5"]]}).encode())


def test_book_that_crosses_is_refused(shared: Path) -> None:
    book = json.loads(_body(shared, "fapi_v1_depth")) | {"asks": [["4.00000000", "1"]]}
    with pytest.raises(PayloadError, match="best bid at or above best ask"):
        wire.parse_depth(json.dumps(book).encode(), symbol="X")


def test_one_bad_row_does_not_lose_the_good_ones(shared: Path) -> None:
    (row,) = json.loads(_body(shared, "fapi_v1_premiumIndex_all"))
    broken = [row | {"symbol": "A", "markPrice": "0"}, row | {"symbol": "B", "time": "soon"}, "?"]
    body = json.dumps([row, *broken, row | {"symbol": "C", "time": str(row["time"])}]).encode()
    parsed = wire.parse_premium_index(body, received_at=NOW)
    assert [mark.symbol for mark in parsed.rows] == ["BTCUSDT", "C"]
    assert [(one.symbol, one.field, one.value) for one in parsed.issues[:2]] == [
        ("A", "markPrice", "0"),
        ("B", "time", "soon"),
    ]
    assert len(parsed.issues) == 3


def test_list_without_a_good_row_raises() -> None:
    with pytest.raises(PayloadError):
        wire.parse_tickers(b'[{"symbol":"A"},{"symbol":"B"}]', received_at=NOW)


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"<html>", b"null", b"3", b'"x"', b"[1", b"\xff\xfe", b"[" * 100_000, b"{}"]
)
def test_what_is_no_payload_is_a_payload_error(body: bytes) -> None:
    for stem, parse in CLAIMED.items():
        if stem.startswith("user_") or stem == "sapi_v1_account_apiRestrictions":
            continue
        with pytest.raises(PayloadError):
            parse(body)


@pytest.mark.parametrize(
    "body", [b'{"listenKey":"canary', b'{"listenKey":["canary"]}', b'{"listenKey":"can ary"}']
)
def test_stream_key_is_not_shown_by_the_error_that_it_causes(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        wire.parse_listen_key(body)
    assert "can" not in f"{caught.value}{caught.value.value}{caught.value.__cause__}"


def test_empty_list_is_an_empty_answer() -> None:
    assert wire.parse_tickers(b"[]", received_at=NOW).rows == ()


def test_unknown_fields_are_ignored(shared: Path) -> None:
    body = json.loads(_body(shared, "fapi_v1_openInterest")) | {"st": 1, "ps": "BTCUSDT", "new": {"deep": []}}
    assert wire.parse_open_interest(json.dumps(body).encode(), received_at=NOW).symbol == "BTCUSDT"


def test_what_is_left_of_a_limit_order_rests_and_an_old_conditional_one_waits(shared: Path) -> None:
    (row,) = json.loads(_body(shared, "fapi_v1_openOrders"))
    sale = {**row, "type": "LIMIT", "price": "9300", "side": "SELL", "executedQty": "0.15",
            "positionSide": "BOTH", "reduceOnly": True}  # fmt: skip
    spoilt = {**sale, "price": "NaN"}
    body = json.dumps([sale, row, {**sale, "executedQty": "0.40"}, spoilt]).encode()
    found = parse_open_orders(body, account="default", received_at=NOW)
    told = [(o.kind, o.side, o.is_purchase, o.quantity, o.price, o.trigger_price) for o in found.rows]
    assert told == [
        ("LIMIT", "BOTH", False, Decimal("0.25"), Decimal(9300), None),
        ("TRAILING_STOP_MARKET", "SHORT", True, Decimal("0.40"), None, Decimal(9300)),
    ]
    assert [issue.field for issue in found.issues] == ["price"]


def test_a_conditional_order_is_read_with_its_trigger(shared: Path) -> None:
    (row,) = json.loads(_body(shared, "fapi_v1_openAlgoOrders"))
    stop = {**row, "orderType": "STOP_MARKET", "quantity": "0", "closePosition": True, "price": "0.000",
            "triggerPrice": "600", "workingType": "MARK_PRICE"}  # fmt: skip
    over = {**row, "algoStatus": "TRIGGERED"}
    body = json.dumps([row, stop, over]).encode()
    profit, closing = parse_algo_orders(body, account="default", received_at=NOW).rows
    assert (profit.service, profit.order_id, profit.kind) == ("algo", "2148627", "TAKE_PROFIT")
    assert (profit.quantity, profit.price, profit.trigger_price) == (Decimal("0.01"), 750, 750)
    assert (profit.triggered_by, profit.is_purchase, profit.closes_position) == ("last", False, False)
    assert (closing.quantity, closing.price, closing.triggered_by) == (0, None, "mark")
    assert closing.closes_position


def test_a_conditional_order_of_no_coins_is_refused(shared: Path) -> None:
    (row,) = json.loads(_body(shared, "fapi_v1_openAlgoOrders"))
    with pytest.raises(PayloadError, match="quantity"):
        parse_algo_orders(json.dumps([row | {"quantity": "0"}]).encode(), account="x", received_at=NOW)


def test_a_changed_contract_brings_its_ladder_and_its_end(shared: Path) -> None:
    row = json.loads(_body(shared, "ws_contractInfo"))
    change = decode_contract_info(json.dumps(row).encode(), received_at=NOW)
    assert change is not None
    assert (change.symbol, change.ends) == ("IOTAUSDT", False)
    told = [(t.tier, t.floor_usdt, t.cap_usdt, t.maintenance_rate, t.cum_usdt, t.max_leverage)
            for t in change.ladder]  # fmt: skip
    assert told == [(1, 0, 5000, Decimal("0.01"), 0, 50), (2, 5000, 25000, Decimal("0.025"), 75, 20)]
    assert {(t.source, t.event_at) for t in change.ladder} == {("stream", NOW)}  # ours is the later clock
    wrapped = {"stream": "!contractInfo", "data": row | {"cs": "SETTLING", "dt": 1669356423908}}
    del wrapped["data"]["bks"]
    ended = decode_contract_info(json.dumps(wrapped).encode(), received_at=NOW)
    assert ended is not None
    assert (ended.ends, ended.ladder, ended.delivery_at and ended.delivery_at.year) == (True, (), 2022)
    assert decode_contract_info(json.dumps(row | {"st": 2}).encode(), received_at=NOW) is None
    with pytest.raises(PayloadError, match="ladder broken"):
        decode_contract_info(json.dumps(row | {"bks": row["bks"][1:]}).encode(), received_at=NOW)
