"""The simulated account's own stream: what its owner, the market and REST are told of the same event."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk.simulator.signing import API_KEY
from tests.conftest_simulator import RunningSimulator, launch
from tests.simulator.test_rest import differences, example
from tests.simulator.test_streams import is_silent, listening, receive


@pytest.fixture(scope="module")
def process() -> Iterator[RunningSimulator]:
    """A simulator for this module."""
    running = launch("--request-limit", "1000000")
    yield running
    running.stop()


@pytest.fixture
def account(process: RunningSimulator) -> RunningSimulator:
    """A paused simulator with a fresh demo account: what happens is what the test does."""
    process.control("resume")
    time.sleep(0.3)  # marks that a test has put are read anew
    process.control("account", preset="demo")
    process.control("pause")
    return process


def listen_key(running: RunningSimulator) -> str:
    """A valid listen key."""
    key: str = running.call("POST", "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": API_KEY}).json()[
        "listenKey"
    ]
    return key


def test_a_liquidation_is_told_to_its_owner_to_the_market_and_to_rest(
    account: RunningSimulator, shared: Path
) -> None:
    key = listen_key(account)
    with (
        listening(account, f"/private/ws/{key}") as own,
        listening(account, "/market/ws/!forceOrder@arr") as market,
        listening(account, "/market/ws/solusdt@forceOrder") as single,
    ):
        before = account.state()
        account.control("mark", symbol="SOLUSDT", price=before["marks"]["SOLUSDT"] * 0.85)
        events = [receive(own) for _ in range(4)]
        forced, alone = receive(market), receive(single)
    assert [event["e"] for event in events] == [
        "ORDER_TRADE_UPDATE",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        "ACCOUNT_UPDATE",
    ]
    order = events[1]["o"]
    assert (order["x"], order["X"], order["c"][:10]) == ("CALCULATED", "FILLED", "autoclose-")
    assert differences(example(shared, "user_ORDER_TRADE_UPDATE"), events[1]) == []
    assert differences(example(shared, "user_ACCOUNT_UPDATE"), events[2]) == []
    assert [row["pa"] for row in events[2]["a"]["P"]] == ["0"]
    assert differences(example(shared, "ws_forceOrder_arr"), forced) == []
    assert differences(example(shared, "ws_forceOrder_symbol"), alone) == []
    assert (forced["o"]["s"], forced["o"]["S"], forced["st"]) == ("SOLUSDT", "SELL", 1)
    rows = account.signed("/fapi/v1/forceOrders").json()
    assert differences(example(shared, "fapi_v1_forceOrders"), rows) == []
    assert [row["clientOrderId"] for row in rows] == [order["c"]]
    left = {row["symbol"] for row in account.signed("/fapi/v3/positionRisk").json()}
    assert left == {"BTCUSDT", "ETHUSDT"}


def test_funding_tells_the_wallet_and_leaves_an_income_row(account: RunningSimulator) -> None:
    key = listen_key(account)
    with listening(account, f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE") as own:
        account.control("fund", symbol="BTCUSDT", rate="0.0001")
        event = receive(own)
    assert (event["a"]["m"], event["a"]["S"], event["a"]["P"]) == ("FUNDING_FEE", "BTCUSDT", [])
    row = account.signed("/fapi/v1/income", incomeType="FUNDING_FEE").json()[-1]
    state = account.state()
    held = next(row for row in state["positions"] if row["symbol"] == "BTCUSDT")
    expected = -held["quantity"] * state["marks"]["BTCUSDT"] * 0.0001
    assert float(row["income"]) == pytest.approx(expected, abs=1e-7)
    assert float(event["a"]["B"][0]["bc"]) == float(row["income"])


def test_a_margin_call_names_the_positions_and_the_cross_wallet(
    account: RunningSimulator, shared: Path
) -> None:
    state = account.state()
    held = next(row for row in state["positions"] if row["symbol"] == "BTCUSDT")
    key = listen_key(account)
    with listening(account, f"/private/stream?listenKey={key}&events=MARGIN_CALL") as own:
        account.control("mark", symbol="BTCUSDT", price=held["liquidation_price"] * 1.0005)
        wrapped = receive(own)
    assert wrapped["stream"] == "MARGIN_CALL"
    assert differences(example(shared, "user_MARGIN_CALL"), wrapped["data"]) == []
    assert {row["s"] for row in wrapped["data"]["p"]} == {"BTCUSDT", "ETHUSDT"}


def test_auto_deleveraging_is_told_as_such(account: RunningSimulator) -> None:
    key = listen_key(account)
    with listening(account, f"/private/ws/{key}") as own:
        account.control("adl", symbol="ETHUSDT", share="0.5")
        event = receive(own)
    assert (event["o"]["c"], event["o"]["x"]) == ("adl_autoclose", "CALCULATED")
    rows = account.signed("/fapi/v1/forceOrders", autoCloseType="ADL").json()
    assert [row["symbol"] for row in rows] == ["ETHUSDT"]


def test_an_expired_listen_key_says_so_once_and_falls_silent(account: RunningSimulator, shared: Path) -> None:
    key = listen_key(account)
    with listening(account, f"/private/ws/{key}") as own:
        account.control("expire")
        event = receive(own)
        assert differences(example(shared, "user_listenKeyExpired"), event) == []
        assert event["listenKey"] == key
        account.control("fund", symbol="BTCUSDT", rate="0.0001")
        assert is_silent(own)
    assert listen_key(account) != key


def test_a_conditional_order_is_told_when_placed_and_when_cancelled(
    account: RunningSimulator, shared: Path
) -> None:
    order = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "1"}
    with listening(account, f"/private/ws/{listen_key(account)}") as own:
        placed = account.signed("/fapi/v1/algoOrder", "POST", symbol="BTCUSDT", closePosition="true", **order)
        new = receive(own)
        account.signed("/fapi/v1/algoOrder", "DELETE", algoId=placed.json()["algoId"])
        gone = receive(own)
    assert differences(example(shared, "user_ALGO_UPDATE"), new) == []
    assert [(event["o"]["X"], event["o"]["cp"]) for event in (new, gone)] == [
        ("NEW", True),
        ("CANCELED", True),
    ]


def test_a_wrong_listen_key_hears_nothing_of_the_account(account: RunningSimulator) -> None:
    listen_key(account)
    with listening(account, "/private/ws/" + "f" * 64) as own:
        account.control("fund", symbol="BTCUSDT", rate="0.0001")
        assert is_silent(own)


def test_a_new_leverage_is_told_and_changes_what_may_be_held(account: RunningSimulator, shared: Path) -> None:
    key = listen_key(account)
    with listening(account, f"/private/ws/{key}") as own:
        answer = account.signed("/fapi/v1/leverage", "POST", symbol="ETHUSDT", leverage=10)
        event = receive(own)
    assert answer.json()["leverage"] == 10
    assert differences(example(shared, "user_ACCOUNT_CONFIG_UPDATE_leverage"), event) == []
    assert event["ac"] == {"s": "ETHUSDT", "l": 10}
    config = account.signed("/fapi/v1/symbolConfig", symbol="ETHUSDT").json()[0]
    # ETHUSDT, 2024-10: 10x is allowed up to 150 million of notional.
    assert (config["leverage"], config["maxNotionalValue"]) == (10, "150000000")


def test_position_and_asset_modes_refuse_what_is_so_already(account: RunningSimulator, shared: Path) -> None:
    calls = {
        ("/fapi/v1/positionSide/dual", "dualSidePosition", "false"): -4059,
        ("/fapi/v1/positionSide/dual", "dualSidePosition", "true"): -4068,
        ("/fapi/v1/multiAssetsMargin", "multiAssetsMargin", "false"): -4171,
        ("/fapi/v1/multiAssetsMargin", "multiAssetsMargin", "true"): -4167,
    }
    for (path, name, value), code in calls.items():
        assert account.signed(path, "POST", **{name: value}).json()["code"] == code
    account.control("account", preset="flat")
    key = listen_key(account)
    with listening(account, f"/private/ws/{key}") as own:
        account.signed("/fapi/v1/multiAssetsMargin", "POST", multiAssetsMargin="true")
        event = receive(own)
    assert differences(example(shared, "user_ACCOUNT_CONFIG_UPDATE_multiassets"), event) == []
    assert account.signed("/fapi/v1/accountConfig").json()["multiAssetsMargin"] is True


def test_new_brackets_are_announced_and_move_the_liquidation_price(
    account: RunningSimulator, shared: Path
) -> None:
    def price() -> float:
        row = account.signed("/fapi/v3/positionRisk", symbol="BTCUSDT").json()[0]
        return float(row["liquidationPrice"])

    before = price()
    with listening(account, "/market/ws/!contractInfo") as market:
        assert is_silent(market, 0.4)
        account.control("brackets", symbol="BTCUSDT", factor=2)
        event = receive(market)
    assert differences(example(shared, "ws_contractInfo"), event) == []
    # Rates 0.004 and 0.005 doubled: cum of bracket 2 = 50 000 * (0.010 - 0.008) = 100.
    assert [(row["mmr"], row["cf"]) for row in event["bks"][:2]] == [(0.008, 0.0), (0.01, 100.0)]
    assert price() > before
    account.control("brackets", symbol="BTCUSDT", factor=0.5)
