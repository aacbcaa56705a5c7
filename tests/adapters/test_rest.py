"""The client against a scripted exchange: what it sends, what it makes of answers, when it keeps silent."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from risk.adapters.rest import BanStore, Exchange
from risk.adapters.rest_line import Call, Line
from risk.adapters.weight import WeightBudget
from risk.errors import (
    BannedError,
    ClockError,
    ExchangeError,
    KeyRejectedError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitError,
    RejectedError,
    SettingsError,
    StoreError,
    UnknownSymbolError,
    UnreachableError,
    UnsupportedAccountError,
)
from tests.adapters.exchange_script import ADDRESSES, KEY, SERVER_MS, FakeTime, Script, exchange, refusal

OPEN_INTEREST = {"openInterest": "10.5", "symbol": "BTCUSDT", "time": SERVER_MS}
OI = "/fapi/v1/openInterest"


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


@pytest.fixture
def script() -> Script:
    return Script(FakeTime())


def _payload(shared: Path, stem: str) -> Any:
    return json.loads((shared / "payloads" / f"{stem}.json").read_bytes())


# ---- what is sent --------------------------------------------------------------------------------


def test_every_method_reads_its_documented_path(shared: Path, script: Script) -> None:
    answers = {
        "/fapi/v1/exchangeInfo": "fapi_v1_exchangeInfo",
        "/fapi/v1/depth": "fapi_v1_depth",
        "/fapi/v1/ticker/24hr": "fapi_v1_ticker_24hr_all",
        "/fapi/v1/klines": "fapi_v1_klines",
        "/fapi/v1/premiumIndex": "fapi_v1_premiumIndex_all",
        "/fapi/v1/fundingRate": "fapi_v1_fundingRate",
        "/fapi/v1/fundingInfo": "fapi_v1_fundingInfo",
        "/fapi/v1/openInterest": "fapi_v1_openInterest",
        "/futures/data/openInterestHist": "fdata_openInterestHist",
        "/fapi/v1/leverageBracket": "fapi_v1_leverageBracket_real_2024-10",
        "/fapi/v1/income": "fapi_v1_income",
        "/fapi/v1/forceOrders": "fapi_v1_forceOrders",
        "/fapi/v1/openOrders": "fapi_v1_openOrders",
        "/fapi/v1/openAlgoOrders": "fapi_v1_openAlgoOrders",
        "/fapi/v1/insuranceBalance": "fapi_v1_insuranceBalance_all",
        "/fapi/v1/assetIndex": "fapi_v1_assetIndex",
        "/fapi/v1/symbolAdlRisk": "fapi_v1_symbolAdlRisk",
        "/sapi/v1/account/apiRestrictions": "sapi_v1_account_apiRestrictions",
        "/api/v3/depth": "spot_v3_depth",
        "/api/v3/ticker/24hr": "spot_v3_ticker_24hr",
        "/api/v3/klines": "spot_v3_klines",
    }
    for path, stem in answers.items():
        script.answer(path, _payload(shared, stem))
    client = exchange(script)
    results = [
        client.exchange_info(), client.depth("BTCUSDT").bids, client.tickers(),
        client.klines("BTCUSDT", "1w"), client.premium_index(), client.funding_rates("BTCUSDT"),
        client.funding_info(), [client.open_interest("BTCUSDT")],
        client.open_interest_history("BTCUSDT"), client.leverage_brackets(),
        client.income(), client.force_orders(), client.insurance(), client.adl_risks(),
        [client.key_restrictions()], client.spot_depth("BTCUSDT").bids, [client.spot_ticker("BNBBTC")],
        client.spot_klines("BTCUSDT", "1w"), client.open_orders("book"), client.open_orders("algo"),
    ]  # fmt: skip
    assert all(results)
    assert client.drain_issues() == []
    assert {request.url.path for request in script.requests} == {*answers, "/fapi/v1/time"}
    assert client.server_time() == datetime(2026, 10, 10, 2, 40, tzinfo=UTC)


def test_an_order_that_cannot_be_read_refuses_the_whole_list(shared: Path, script: Script) -> None:
    (row,) = _payload(shared, "fapi_v1_openAlgoOrders")
    script.answer("/fapi/v1/openAlgoOrders", [row, row | {"positionSide": "UP"}])
    client = exchange(script)
    with pytest.raises(PayloadError, match="positionSide"):
        client.open_orders("algo")
    assert [issue.field for issue in client.drain_issues()] == ["positionSide"]


def test_signed_call_ends_with_its_signature_and_carries_the_key(script: Script) -> None:
    script.answer("/fapi/v1/income", [])
    exchange(script).income(symbol="测试USDT")
    request = script.requests[-1]
    query = request.url.query.decode()
    # 测 is E6 B5 8B, 试 is E8 AF 95 in UTF-8
    assert query.startswith("symbol=%E6%B5%8B%E8%AF%95USDT&limit=1000&recvWindow=5000&timestamp=")
    assert query.rpartition("&")[2].startswith("signature=")
    assert request.headers["X-MBX-APIKEY"] == KEY.api_key


def test_public_call_carries_no_key(script: Script) -> None:
    script.answer(OI, OPEN_INTEREST)
    exchange(script).open_interest("BTCUSDT")
    assert "X-MBX-APIKEY" not in script.requests[-1].headers
    assert script.requests[-1].url.query == b"symbol=BTCUSDT"


def test_signed_call_without_a_key_is_a_setting_that_is_missing(script: Script) -> None:
    with pytest.raises(SettingsError, match="api_key"):
        exchange(script, credentials=None).income()
    assert script.count("/fapi/v1/income") == 0


def test_stream_key_is_created_kept_and_closed_without_a_signature(script: Script) -> None:
    for method in ("POST", "PUT", "DELETE"):
        script.answer("/fapi/v1/listenKey", {"listenKey": "abc123"}, method=method)
    client = exchange(script)
    assert client.listen_key_create() == "abc123"
    client.listen_key_keepalive()
    client.listen_key_close()
    assert [request.method for request in script.requests] == ["POST", "PUT", "DELETE"]
    assert all(b"signature" not in request.url.query for request in script.requests)


def test_stream_key_that_is_gone_says_so(script: Script) -> None:
    script.answer("/fapi/v1/listenKey", refusal(400, -1125), method="PUT")
    with pytest.raises(RejectedError) as caught:
        exchange(script).listen_key_keepalive()
    assert caught.value.code == -1125


# ---- clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [-600.0, -30.0, -0.5, 0.0, 0.5, 30.0, 600.0])
def test_time_stamps_follow_the_exchanges_clock(script: Script, ahead_s: float) -> None:
    script.server_ahead_s = ahead_s
    script.answer("/fapi/v1/income", [])
    client = exchange(script)
    client.income()
    stamp = int(script.requests[-1].url.params["timestamp"])
    server_ms = (script.time.wall + ahead_s) * 1000
    # timestamp < serverTime + 1000 and serverTime - timestamp <= recvWindow
    assert server_ms - 5000 <= stamp < server_ms + 1000
    assert client.clock_offset_s() == pytest.approx(ahead_s, abs=0.01)


def test_time_stamps_survive_a_step_of_our_clock(script: Script) -> None:
    script.answer("/fapi/v1/income", [])
    client = exchange(script)
    client.income()
    script.time.wall += 600  # our clock jumps; the exchange's does not
    script.server_ahead_s = -600
    client.income()
    assert int(script.requests[-1].url.params["timestamp"]) == SERVER_MS
    assert script.count("/fapi/v1/time") == 1


def test_clock_is_compared_again_after_half_an_hour(script: Script) -> None:
    script.answer("/fapi/v1/income", [])
    client = exchange(script)
    for minutes, comparisons in [(0, 1), (30, 1), (0.1, 2)]:
        script.time.pass_by(minutes * 60)
        client.income()
        assert script.count("/fapi/v1/time") == comparisons


def test_stamp_outside_the_window_compares_clocks_and_tries_once_more(script: Script) -> None:
    script.answer("/fapi/v1/income", refusal(400, -1021), [])
    assert exchange(script).income() == []
    assert (script.count("/fapi/v1/income"), script.count("/fapi/v1/time")) == (2, 2)


def test_stamp_outside_the_window_twice_is_an_error(script: Script) -> None:
    script.answer("/fapi/v1/income", refusal(400, -1021))
    with pytest.raises(ClockError):
        exchange(script).income()
    assert script.count("/fapi/v1/income") == 2


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bad_symbol", UnknownSymbolError),
        ("missing_param", RejectedError),
        ("recv_window", ClockError),
        ("timestamp_ahead", ClockError),
        ("bad_signature", KeyRejectedError),
        ("no_key", KeyRejectedError),
        ("bad_key_ip_perm", KeyRejectedError),
        ("listen_key", RejectedError),
        ("bad_depth_limit", RejectedError),
        ("rate_429_futures_template", RateLimitError),
        ("ban_418_futures_template", BannedError),
        ("geo_451", RejectedError),
        ("overload_503", UnreachableError),
        ("conditional_on_order", RejectedError),
    ],
)
def test_documented_refusal_becomes_its_own_error(
    shared: Path, script: Script, name: str, kind: type[ExchangeError]
) -> None:
    told = _payload(shared, "errors")[name]
    script.time.wall = 1785050000.0  # a little before the ban of the recording ends
    script.answer("/fapi/v1/income", refusal(told["http"], told["body"]["code"], told["body"]["msg"]))
    with pytest.raises(ExchangeError) as caught:
        exchange(script).income()
    assert type(caught.value) is kind
    if isinstance(caught.value, RejectedError):
        assert (caught.value.status, caught.value.code) == (told["http"], told["body"]["code"])


@pytest.mark.parametrize("code", [-2014, -2015, -1022])
def test_rejected_key_is_never_tried_again(script: Script, code: int) -> None:
    script.answer("/fapi/v1/income", refusal(401, code))
    with pytest.raises(KeyRejectedError, match="check"):
        exchange(script).income()
    assert script.count("/fapi/v1/income") == 1


def test_error_inside_a_200_is_an_error(script: Script) -> None:
    script.answer(OI, {"code": -1121, "msg": "Invalid symbol."})
    with pytest.raises(UnknownSymbolError):
        exchange(script).open_interest("NOPE")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b'{"code":-1000,"msg":"Unknown error, please check your request or try again later."}',
        b'{"code":0,"msg":"Service Unavailable."}',
        b'{"code":-1008,"msg":"Request throttled by system-level protection."}',
    ],
)
def test_reads_are_tried_again_after_failures_of_the_exchange(
    script: Script, status: int, body: bytes
) -> None:
    broken = httpx.Response(status, content=body)
    script.answer(OI, broken, broken, broken, broken, OPEN_INTEREST)
    assert exchange(script).open_interest("BTCUSDT").quantity == Decimal("10.5")
    assert script.count(OI) == 5


def test_reads_end_after_five_tries(script: Script) -> None:
    script.answer(OI, httpx.Response(502))
    with pytest.raises(UnreachableError, match="502"):
        exchange(script).open_interest("BTCUSDT")
    assert script.count(OI) == 5


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            {"code": -1000, "msg": "Unknown error, please check your request or try again later."},
            OutcomeUnknownError,
        ),
        ({"code": -1007, "msg": "Timeout waiting for response"}, OutcomeUnknownError),
        ({"code": 0, "msg": "Service Unavailable."}, UnreachableError),
        ({"code": -1008, "msg": "Request throttled by system-level protection."}, UnreachableError),
    ],
)
def test_the_kinds_of_503_differ_for_what_is_not_a_read(
    script: Script, body: dict[str, object], kind: type[ExchangeError]
) -> None:
    script.answer("/fapi/v1/listenKey", httpx.Response(503, json=body), method="POST")
    with pytest.raises(ExchangeError) as caught:
        exchange(script).listen_key_create()
    assert type(caught.value) is kind
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "cause",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("[Errno -2] Name or service not known"),
        httpx.RemoteProtocolError("peer closed connection"),
        httpx.DecodingError("bad gzip"),
    ],
)
def test_broken_connection_is_unreachable_and_heals(script: Script, cause: Exception) -> None:
    script.answer(OI, cause, OPEN_INTEREST)
    assert exchange(script).open_interest("BTCUSDT").symbol == "BTCUSDT"
    script.answer(OI, cause)
    with pytest.raises(UnreachableError, match=type(cause).__name__):
        exchange(script).open_interest("BTCUSDT")


def test_no_new_try_begins_after_the_deadline(script: Script) -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        script.time.pass_by(1.7)
        return httpx.Response(502)

    script.answer("/fapi/v3/account", slow)
    started = script.time.monotonic
    with pytest.raises(UnreachableError):
        exchange(script).account_snapshot()
    # 3 s for the account: one try ends at 1.7 s, a second at 3.4 s; there is no third
    assert script.count("/fapi/v3/account") == 2
    assert script.time.monotonic - started < 5


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"openInterest":"1","symb', PayloadError),
        (b"", PayloadError),
        (b"[]", PayloadError),
        (b"null", PayloadError),
        (b"<html>maintenance</html>", UnreachableError),
        (b'{"openInterest":"1","symbol":"BTCUSDT"}', PayloadError),
        (b'{"openInterest":null,"symbol":"BTCUSDT","time":1}', PayloadError),
        (b'{"openInterest":"0","symbol":"BTCUSDT","time":1}', PayloadError),
        (b" " * 20_000_000, PayloadError),
    ],
    ids=["truncated", "empty", "list", "null", "page", "missing", "no number", "zero", "20 MB"],
)
def test_malformed_answer_is_one_typed_error(script: Script, content: bytes, kind: type[Exception]) -> None:
    script.answer(OI, httpx.Response(200, content=content))
    with pytest.raises(kind):
        exchange(script).open_interest("BTCUSDT")


def test_redirect_is_not_followed(script: Script) -> None:
    script.answer(OI, httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    with pytest.raises(UnreachableError, match="302"):
        exchange(script).open_interest("BTCUSDT")
    assert {request.url.host for request in script.requests} == {"fapi.test"}


# ---- limits and bans -----------------------------------------------------------------------------


@pytest.mark.parametrize(("header", "wait"), [({"Retry-After": "7"}, 7), ({"retry-after": "7"}, 7), ({}, 60)])
def test_silence_after_429_lasts_as_long_as_asked(script: Script, header: dict[str, str], wait: int) -> None:
    script.answer(OI, refusal(429, -1003, **header), OPEN_INTEREST)
    client = exchange(script)
    with pytest.raises(RateLimitError) as caught:
        client.open_interest("BTCUSDT")
    assert caught.value.retry_after_s == wait
    script.time.pass_by(wait - 8.1 if wait > 8 else 0)  # 8 s is the call's own patience
    before = script.count(OI)
    if wait > 8:
        with pytest.raises(RateLimitError):
            client.open_interest("BTCUSDT")
        assert script.count(OI) == before
        script.time.pass_by(8.1)
    asked_at = script.time.monotonic
    assert client.open_interest("BTCUSDT").symbol == "BTCUSDT"
    assert script.time.monotonic - asked_at == pytest.approx(7 if wait == 7 else 0, abs=0.01)


def test_silence_after_429_holds_for_every_path_of_the_host(script: Script) -> None:
    script.answer(OI, refusal(429, -1003))
    client = exchange(script)
    with pytest.raises(RateLimitError):
        client.open_interest("BTCUSDT")
    sent = len(script.requests)
    for ask in (client.premium_index, client.exchange_info, client.account_snapshot):
        with pytest.raises(RateLimitError):
            ask()
    assert len(script.requests) == sent
    script.answer("/api/v3/ticker/24hr", {})
    with pytest.raises(PayloadError):
        client.spot_ticker("BTCUSDT")  # another host was not asked to be spared


def test_time_of_a_limit_is_read_from_the_message(script: Script) -> None:
    script.answer(OI, refusal(429, -1003, f"Way too many requests; IP banned until {SERVER_MS + 90_000}."))
    with pytest.raises(RateLimitError) as caught:
        exchange(script).open_interest("BTCUSDT")
    assert caught.value.retry_after_s == pytest.approx(90)


def test_limit_without_a_time_doubles_while_it_repeats(script: Script) -> None:
    script.answer(OI, refusal(429, -1003))
    client = exchange(script)
    for wait in (60, 120, 240):
        with pytest.raises(RateLimitError) as caught:
            client.open_interest("BTCUSDT")
        assert caught.value.retry_after_s == wait
        script.time.pass_by(wait)


class _Kept:
    """Holds as a database would keep them."""

    def __init__(self) -> None:
        self.rows: dict[str, datetime] = {}
        self.store = BanStore(load=self.rows.get, save=self._save)

    def _save(self, host: str, until: datetime, _reason: str) -> None:
        self.rows[host] = until


@pytest.mark.parametrize("length_s", [120, 3 * 24 * 3600])
def test_ban_is_kept_to_its_end_and_across_a_restart(script: Script, length_s: int) -> None:
    until_ms = SERVER_MS + length_s * 1000
    script.answer(
        OI, refusal(418, -1003, f"Way too many requests; IP banned until {until_ms}."), OPEN_INTEREST
    )
    kept = _Kept()
    with pytest.raises(BannedError) as caught:
        exchange(script, bans=kept.store).open_interest("BTCUSDT")
    end = datetime.fromtimestamp(until_ms / 1000 + 1, UTC)
    assert caught.value.until == end  # one second of grace
    assert kept.rows == {"https://fapi.test:443": end}

    script.time.pass_by(length_s / 2)
    restarted = exchange(script, bans=kept.store)
    with pytest.raises((BannedError, RateLimitError)):
        restarted.open_interest("BTCUSDT")
    with pytest.raises((BannedError, RateLimitError)):
        restarted.account_snapshot()
    script.time.pass_by(length_s / 2 - 10)
    with pytest.raises((BannedError, RateLimitError)):
        restarted.open_interest("BTCUSDT")
    assert len(script.requests) == 1

    script.time.pass_by(11)
    assert restarted.open_interest("BTCUSDT").symbol == "BTCUSDT"


def test_ban_left_by_another_process_is_seen(script: Script) -> None:
    script.answer(OI, OPEN_INTEREST)
    kept = _Kept()
    client = exchange(script, bans=kept.store)
    client.open_interest("BTCUSDT")
    kept.rows["https://fapi.test:443"] = datetime.fromtimestamp(script.time.wall, UTC) + timedelta(hours=1)
    script.time.pass_by(1)
    with pytest.raises(BannedError):
        client.open_interest("BTCUSDT")
    assert script.count(OI) == 1


def test_store_that_fails_does_not_stop_the_client(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise StoreError("database is away")

    script.answer(OI, refusal(418, -1003))
    with pytest.raises(BannedError):
        exchange(script, bans=BanStore(load=broken, save=broken)).open_interest("BTCUSDT")
    assert "could not be kept" in caplog.text


def test_ban_without_a_time_lasts_two_minutes(script: Script) -> None:
    script.answer(OI, refusal(418, -1003))
    with pytest.raises(BannedError) as caught:
        exchange(script).open_interest("BTCUSDT")
    assert caught.value.until == datetime.fromtimestamp(SERVER_MS / 1000 + 121, UTC)


def test_weight_of_the_header_counts_against_us(script: Script) -> None:
    script.answer(OI, httpx.Response(200, json=OPEN_INTEREST, headers={"x-mbx-used-weight-1m": "2200"}))
    client = exchange(script)
    client.open_interest("BTCUSDT")
    with pytest.raises(
        RateLimitError, match="budget"
    ):  # 2200 of 2400 is beyond 90 %; the minute ends in 60 s
        client.open_interest("BTCUSDT")
    script.time.pass_by(60)
    assert client.open_interest("BTCUSDT").symbol == "BTCUSDT"


def test_announced_limit_replaces_the_default(shared: Path, script: Script) -> None:
    info = _payload(shared, "fapi_v1_exchangeInfo")
    info["rateLimits"][0]["limit"] = 60
    script.answer("/fapi/v1/exchangeInfo", info)
    script.answer("/fapi/v1/ticker/24hr", [])
    client = exchange(script)
    client.exchange_info()
    client.tickers()
    with pytest.raises(RateLimitError):  # 1 + 40 of 60 are used; another 40 do not fit
        client.tickers()


# ---- account -------------------------------------------------------------------------------------

ACCOUNT = "/fapi/v3/account"
POSITIONS = "/fapi/v3/positionRisk"


def _account(shared: Path, script: Script, positions: list[dict[str, object]], **modes: object) -> Exchange:
    mode = _payload(shared, "fapi_v1_accountConfig") | {"dualSidePosition": False} | modes
    totals = _payload(
        shared, "fapi_v3_account_multi" if modes.get("multiAssetsMargin") else "fapi_v3_account_single"
    )
    script.answer(ACCOUNT, totals)
    script.answer(POSITIONS, positions)
    script.answer("/fapi/v1/accountConfig", mode)
    configs = [
        {"symbol": "ADAUSDT", "marginType": "CROSSED", "leverage": 20},
        {"symbol": "COMPUSDT", "marginType": "ISOLATED", "leverage": 10},
    ]
    script.answer("/fapi/v1/symbolConfig", configs)
    return exchange(script)


def _isolated(row: dict[str, object], **changes: object) -> dict[str, object]:
    # isolatedMargin = isolatedWallet + unRealizedProfit
    return row | {"isolatedWallet": "10", "isolatedMargin": "31.20817624"} | changes


def test_account_sums_maintenance_of_cross_positions_only(shared: Path, script: Script) -> None:
    ada, comp = _payload(shared, "fapi_v3_positionRisk_hedge")
    client = _account(shared, script, [ada, _isolated(comp)], dualSidePosition=True)
    account, positions = client.account_snapshot()
    assert account.cross_maintenance_usdt == Decimal("0.08004280")  # ADA alone; COMP's 0.49720233 is isolated
    assert (account.is_hedge_mode, account.is_multi_assets, account.account) == (True, False, "main")
    assert account.wallet_usdt == Decimal("103.12345678")
    assert [(one.symbol, one.side, one.is_isolated, one.leverage) for one in positions] == [
        ("ADAUSDT", "LONG", False, 20),
        ("COMPUSDT", "SHORT", True, 10),
    ]
    assert positions[0].exchange_liquidation_price is None  # "0" means none
    assert positions[1].exchange_liquidation_price == Decimal("2260.56757210")
    assert positions[1].quantity == -1
    assert positions[1].notional_usdt == Decimal("-49.72023376")
    assert {(one.adl_rank, one.liquidation_price, one.liquidation_reason) for one in positions} == {
        (2, None, "")
    }
    assert account.event_at == positions[0].event_at == datetime(2026, 10, 10, 2, 40, tzinfo=UTC)


def test_multi_assets_account_is_cross_throughout(shared: Path, script: Script) -> None:
    ada, comp = _payload(shared, "fapi_v3_positionRisk_hedge")
    client = _account(
        shared, script, [ada, comp | {"marginAsset": "USDC"}], dualSidePosition=True, multiAssetsMargin=True
    )
    totals = _payload(shared, "fapi_v3_account_multi") | {"totalMaintMargin": "0.57700000"}
    script.answer(ACCOUNT, totals)
    account, positions = client.account_snapshot()
    assert account.is_multi_assets
    assert account.wallet_usdt == Decimal("126.72469206")
    assert not any(one.is_isolated for one in positions)
    # the exchange's total in USD, as its ratio in this mode has it; the rows are in USDT and USDC
    assert account.cross_maintenance_usdt == Decimal("0.57700000")
    assert client.drain_issues() == []


def test_position_outside_the_totals_is_noted(shared: Path, script: Script) -> None:
    (ada,) = _payload(shared, "fapi_v3_positionRisk_oneway")
    client = _account(shared, script, [ada | {"marginAsset": "USDC"}])
    account, positions = client.account_snapshot()
    assert len(positions) == 1
    assert account.cross_maintenance_usdt == 0
    assert [issue.value for issue in client.drain_issues()] == ["USDC"]


def test_flat_account_has_no_positions(shared: Path, script: Script) -> None:
    account, positions = _account(shared, script, []).account_snapshot()
    assert positions == ()
    assert account.cross_maintenance_usdt == 0


def test_configuration_is_read_once_a_minute(shared: Path, script: Script) -> None:
    (ada,) = _payload(shared, "fapi_v3_positionRisk_oneway")
    client = _account(shared, script, [ada])
    for passed, reads in [(0, 1), (5, 1), (54, 1), (2, 2)]:
        script.time.pass_by(passed)
        client.account_snapshot()
        assert script.count("/fapi/v1/symbolConfig") == reads
    client.forget_configuration()
    client.account_snapshot()
    assert script.count("/fapi/v1/symbolConfig") == 3


def test_position_that_contradicts_the_configuration_has_it_read_anew(shared: Path, script: Script) -> None:
    (ada,) = _payload(shared, "fapi_v3_positionRisk_oneway")
    client = _account(shared, script, [ada])
    client.account_snapshot()
    script.time.pass_by(20)
    script.answer(POSITIONS, [_isolated(ada)])
    script.answer("/fapi/v1/symbolConfig", [{"symbol": "ADAUSDT", "marginType": "ISOLATED", "leverage": 5}])
    _, (position,) = client.account_snapshot()
    assert (position.is_isolated, position.leverage) == (True, 5)


def test_one_impossible_position_refuses_the_whole_account(shared: Path, script: Script) -> None:
    ada, comp = _payload(shared, "fapi_v3_positionRisk_hedge")
    client = _account(shared, script, [ada, comp | {"markPrice": "0"}], dualSidePosition=True)
    with pytest.raises(PayloadError, match="markPrice"):
        client.account_snapshot()
    assert [issue.symbol for issue in client.drain_issues()] == ["COMPUSDT"]


def test_credits_account_is_refused_by_name(shared: Path, script: Script) -> None:
    client = _account(shared, script, [])
    totals = _payload(shared, "fapi_v3_account_multi")
    totals["assets"][0] |= {"asset": "BNFCR", "walletBalance": "5001.28983031"}
    script.answer(ACCOUNT, totals)
    with pytest.raises(UnsupportedAccountError, match="credits"):
        client.account_snapshot()


def test_key_that_portfolio_margin_rejects_says_what_it_may_be(script: Script) -> None:
    script.answer(ACCOUNT, refusal(401, -2015))
    with pytest.raises(KeyRejectedError, match="portfolio margin"):
        exchange(script).account_snapshot()


@pytest.mark.parametrize(
    "answer", [httpx.Response(403, content=b"<html>"), refusal(451, 0), httpx.ConnectError("x")]
)
def test_key_that_could_not_be_verified_is_neither_accepted_nor_refused(
    script: Script, answer: httpx.Response | Exception
) -> None:
    script.answer("/sapi/v1/account/apiRestrictions", answer)
    rights = exchange(script).key_restrictions()
    assert rights.state == "unverified"
    assert rights.reason


def test_invalid_key_is_an_error_and_not_unverified(script: Script) -> None:
    script.answer("/sapi/v1/account/apiRestrictions", refusal(401, -2015))
    with pytest.raises(KeyRejectedError):
        exchange(script).key_restrictions()


# ---- series --------------------------------------------------------------------------------------


def _bar(open_ms: int) -> list[object]:
    return [open_ms, "1", "2", "1", "2", "5", open_ms + 899_999, "7", 3, "2", "3", "0"]


def test_unfinished_last_bar_is_dropped_by_the_exchanges_clock(script: Script) -> None:
    script.server_ahead_s = -1000.0  # our clock runs 1000 s ahead: by it, the last bar would be closed
    server_ms = SERVER_MS - 1_000_000
    last = server_ms - server_ms % 900_000
    script.answer("/fapi/v1/klines", [_bar(last - 900_000), _bar(last)])
    bars = exchange(script).klines("BTCUSDT", "15m")
    assert [bar.open_at.timestamp() * 1000 for bar in bars] == [last - 900_000]


def test_bars_come_page_by_page_without_a_repetition(script: Script) -> None:
    opens = [1_700_000_100_000 + n * 900_000 for n in range(7)]

    def answer(request: httpx.Request) -> httpx.Response:
        start, limit = int(request.url.params["startTime"]), int(request.url.params["limit"])
        return httpx.Response(200, json=[_bar(one) for one in opens if one >= start][:limit])

    script.answer("/fapi/v1/klines", answer)
    start = datetime.fromtimestamp(opens[0] / 1000, UTC)
    pages = list(exchange(script).kline_pages("BTCUSDT", "15m", start, start + timedelta(days=1), limit=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [bar.open_at.timestamp() * 1000 for page in pages for bar in page] == opens


def test_funding_comes_page_by_page_with_true_intervals(script: Script) -> None:
    hours = [0, 8, 16, 20, 24, 28]
    rows = [
        {"symbol": "X", "fundingRate": "0.0001", "fundingTime": 1_700_000_000_000 + hour * 3_600_000}
        for hour in hours
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["startTime"])
        return httpx.Response(200, json=[row for row in rows if int(str(row["fundingTime"])) >= start][:3])

    script.answer("/fapi/v1/fundingRate", answer)
    start = datetime.fromtimestamp(1_700_000_000, UTC)
    pages = list(exchange(script).funding_pages("X", start, start + timedelta(days=3)))
    assert [row.interval_hours for page in pages for row in page] == [8, 8, 8, 4, 4, 4]
    assert [len(page) for page in pages] == [3, 2, 1]


def test_refused_rows_are_kept_for_the_ledger_once(shared: Path, script: Script) -> None:
    (row,) = _payload(shared, "fapi_v1_premiumIndex_all")
    script.answer("/fapi/v1/premiumIndex", [row, row | {"symbol": "BAD", "markPrice": "NaN"}])
    client = exchange(script)
    assert [mark.symbol for mark in client.premium_index()] == ["BTCUSDT"]
    assert [(issue.symbol, issue.field) for issue in client.drain_issues()] == [("BAD", "markPrice")]
    assert client.drain_issues() == []


# ---- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, -1022, "Signature for this request is not valid."),
        refusal(401, -2015),
        refusal(429, -1003),
        refusal(418, -1003),
        httpx.Response(502),
        httpx.Response(200, content=b"<html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_no_secret_shows_in_errors_tracebacks_or_logs(
    script: Script, answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script.answer("/fapi/v1/income", answer)
    client = exchange(script)
    with pytest.raises(ExchangeError) as caught:
        client.income()
    signature = script.requests[-1].url.params["signature"]
    told = "".join(traceback.format_exception(caught.value)) + repr(client) + repr(KEY)
    ours = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("http"))
    for secret in (KEY.api_key, KEY.api_secret, signature):
        assert secret not in told
        assert secret not in ours


def test_call_that_is_still_under_way_is_not_joined_by_a_second(script: Script) -> None:
    clock = script.time.clock()
    line = Line(
        ADDRESSES,
        None,
        budget=WeightBudget(),
        bans=BanStore(),
        transport=httpx.MockTransport(script),
        clock=clock,
        retry_after_default_s=60,
    )
    call = Call(path=OI, params={"symbol": "BTCUSDT"}, deadline_s=0.01)

    def while_under_way(_request: httpx.Request) -> httpx.Response:
        script.answer(OI, OPEN_INTEREST)
        with pytest.raises(UnreachableError, match="under way"):
            line.send(call)
        line.send(replace(call, params={"symbol": "ETHUSDT"}))  # another symbol is another call
        return httpx.Response(200, json=OPEN_INTEREST)

    script.answer(OI, while_under_way)
    assert line.send(call)
    assert [request.url.params["symbol"] for request in script.requests] == ["BTCUSDT", "ETHUSDT"]
