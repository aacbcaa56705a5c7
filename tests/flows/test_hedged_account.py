"""A hedged account and one in multi-assets mode, polled from a simulated exchange that prices them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from flows import account, reference
from risk.adapters import embedded, store
from tests.conftest_flows import forget, point_at
from tests.conftest_simulator import RunningSimulator

Row = dict[str, object]


def rows(url: str, query: str) -> list[Row]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def hedged(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    start_simulator: Callable[..., RunningSimulator],
    flow_api: None,
) -> Iterator[tuple[str, RunningSimulator]]:
    """A desk beside 40 000 long and 15 000 short BTC, cross, and an isolated pair of ETH."""
    exchange = start_simulator("--account", "hedge")
    url = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    point_at(monkeypatch, url, exchange)
    exchange.control("pause")
    reference.reference()
    yield url, exchange
    forget()
    store.dispose(url)


def test_both_sides_are_priced_as_the_exchange_does_and_stand_away_from_it(
    hedged: tuple[str, RunningSimulator],
) -> None:
    url, _ = hedged
    account.account()
    held = rows(url, "SELECT * FROM risk.latest_position ORDER BY symbol, side")
    assert [(r["symbol"], r["side"], r["is_isolated"]) for r in held] == [
        ("BTCUSDT", "LONG", False), ("BTCUSDT", "SHORT", False),
        ("ETHUSDT", "LONG", True), ("ETHUSDT", "SHORT", True),
    ]  # fmt: skip
    for row in held:
        assert row["liquidation_reason"] == ""
        assert abs(float(str(row["liquidation_difference"]))) < 1e-6
        assert float(str(row["distance"])) > 0.05
    assert held[0]["distance"] == pytest.approx(held[1]["distance"])


def test_of_two_sides_that_are_gone_the_liquidated_one_is_told_from_the_closed_one(
    hedged: tuple[str, RunningSimulator],
) -> None:
    url, exchange = hedged
    account.account()
    (long,) = rows(url, "SELECT * FROM risk.latest_position WHERE symbol = 'ETHUSDT' AND side = 'LONG'")
    sold = exchange.signed(
        "/fapi/v1/order", "POST", symbol="ETHUSDT", side="SELL", positionSide="LONG", type="MARKET",
        quantity=str(long["quantity"]).rstrip("0").rstrip("."),
    )  # fmt: skip
    assert sold.status_code == 200, sold.text
    exchange.control("mark", symbol="ETHUSDT", price=str(float(str(long["mark_price"])) * 1.12))
    account.account()
    gone = rows(url, "SELECT symbol, side, classification FROM risk.position_gone ORDER BY side")
    assert [tuple(row.values()) for row in gone] == [
        ("ETHUSDT", "LONG", "closed"), ("ETHUSDT", "SHORT", "liquidated")
    ]  # fmt: skip


def test_collateral_of_several_assets_gives_the_exchange_s_price(
    hedged: tuple[str, RunningSimulator],
) -> None:
    url, exchange = hedged
    exchange.control("account", preset="multi")
    account.account()
    held = rows(url, "SELECT * FROM risk.latest_position")
    assert len(held) == 2
    for row in held:
        assert abs(float(str(row["liquidation_difference"]))) < 1e-4
