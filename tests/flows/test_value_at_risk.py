"""Value at risk of the running desk: rows in, rows out, each of them computed again from what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from flows import account, backfill, desk, forecasting, maintenance, scoring, value_at_risk
from risk.adapters import closes, store
from risk.adapters.settings import RetentionSettings
from risk.panel import book_returns
from risk.records import FlowProgress, Kline
from risk.var_bars import recomputed
from risk.var_choice import JUDGED
from risk.var_forecasts import METHODS
from risk.var_records import VarForecast, VarOutcome, VarShare
from tests.conftest_flows import forget

HOURS = 1_060  # just enough for GARCH


def table(url: str, query: str) -> list[dict[str, object]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def fill(*, hours: int = HOURS) -> None:
    moment = desk.now()
    for symbol in desk.symbols():
        backfill.fetch(backfill.Stretch(symbol, "1h", moment - timedelta(hours=hours), moment))


def test_each_stored_number_follows_from_its_row_and_the_stored_bars(ready: str) -> None:
    fill()
    account.account()
    value_at_risk.value_at_risk("1h")
    newest = table(
        ready,
        "SELECT * FROM risk.var_forecast AS f WHERE bar_at = (SELECT max(bar_at) FROM risk.var_forecast)"
        " ORDER BY scope, method",
    )
    scopes = {row["scope"] for row in newest}
    assert scopes == {"account", "BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert len(newest) == len(scopes) * len(METHODS)
    for row in newest:
        with desk.database() as db:
            panel = closes.of_database(db, row["symbols"], "1h", 5_000)  # type: ignore[arg-type]
        returns = book_returns(row["weights"], panel.returns())  # type: ignore[arg-type]
        for level in (0.95, 0.99):
            again = recomputed(
                panel.open_at, returns, interval="1h", method=row["method"], level=level,  # type: ignore[arg-type]
                **{name: row[name].timestamp() for name in ("bar_at", "fitted_from", "fitted_through")},  # type: ignore[attr-defined]
            )  # fmt: skip
            said = (row[f"var_{level * 100:.0f}"], row[f"es_{level * 100:.0f}"])
            assert again == pytest.approx(said, rel=1e-9), (row["scope"], row["method"])


def test_history_is_judged_at_once_and_a_second_run_changes_nothing(ready: str) -> None:
    fill(hours=400)
    forecasting.value_at_risk("1h")
    judged = table(ready, "SELECT * FROM risk.latest_var_verdict WHERE scope = 'BTCUSDT'")
    assert {row["method"] for row in judged} == set(METHODS)
    # of 400 hours forecasts begin at the first midnight that has 100 returns before it
    assert all(270 < row["observations"] <= 300 and row["zone"] for row in judged)  # type: ignore[operator]
    counted = table(
        ready,
        "SELECT count(*) AS n FROM risk.var_exception"
        " WHERE scope = 'BTCUSDT' AND method = 'ewma' AND is_beyond_99",
    )
    assert counted[0]["n"] == next(row["exceptions"] for row in judged if row["method"] == "ewma")
    both = "SELECT scope, bar_at, method, made_at, var_99 FROM risk.var_forecast ORDER BY 1, 2, 3"
    before, switches = table(ready, both), table(ready, "SELECT * FROM risk.var_switch")
    forecasting.value_at_risk("1h")
    assert table(ready, both) == before
    assert table(ready, "SELECT * FROM risk.var_switch") == switches


def test_the_books_components_sum_to_its_value_at_risk(ready: str) -> None:
    fill(hours=400)
    account.account()
    forecasting.value_at_risk("1h")
    (book,) = table(ready, "SELECT * FROM risk.latest_var WHERE scope = 'account'")
    shares = table(ready, "SELECT * FROM risk.var_share ORDER BY level, symbol")
    assert {row["symbol"] for row in shares} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert book["gross_usdt"] == pytest.approx(
        sum(abs(row["notional_usdt"]) for row in shares if row["level"] == 0.99)  # type: ignore[arg-type]
    )
    for level in (0.95, 0.99):
        own = [row for row in shares if row["level"] == level]
        total = book["gross_usdt"] * book[f"var_{level * 100:.0f}"]  # type: ignore[operator]
        assert sum(row["component_usdt"] for row in own) == pytest.approx(total, rel=1e-9)  # type: ignore[misc]
        assert {row["method"] for row in own} == {book["method"]}


def test_a_bar_that_lost_more_is_recorded_when_it_is_in(ready: str) -> None:
    fill(hours=400)
    forecasting.value_at_risk("1h")
    (first,) = table(ready, "SELECT * FROM risk.latest_var WHERE scope = 'BTCUSDT'")
    with desk.database() as db:
        last = store.klines(db, "BTCUSDT", "1h", 1)
        store.save(db, [bar("BTCUSDT", first["bar_at"], float(last.close[-1]), 0.7)])  # type: ignore[arg-type]
    forecasting.value_at_risk("1h")
    (now,) = table(ready, "SELECT * FROM risk.latest_var WHERE scope = 'BTCUSDT'")
    assert (now["closed_at"], now["closed_method"]) == (first["bar_at"], first["method"])
    assert now["closed_var_99"] == first["var_99"]
    assert now["closed_loss"] == pytest.approx(0.3, abs=1e-9)
    beyond = table(
        ready, "SELECT DISTINCT method FROM risk.var_exception WHERE loss > 0.29 AND scope = 'BTCUSDT'"
    )
    assert len(beyond) == len(METHODS)


def test_a_held_position_that_lost_more_is_told(ready: str) -> None:
    fill(hours=400)
    account.account()  # long BTCUSDT
    forecasting.value_at_risk("1h")
    (first,) = table(ready, "SELECT * FROM risk.latest_var WHERE scope = 'BTCUSDT'")
    with desk.database() as db:
        last = store.klines(db, "BTCUSDT", "1h", 1)
        store.save(db, [bar("BTCUSDT", first["bar_at"], float(last.close[-1]), 0.7)])  # type: ignore[arg-type]
    forecasting.value_at_risk("1h")
    scoring.scoring()
    told = table(ready, "SELECT scope, value FROM risk.alert WHERE name = 'var_breach' ORDER BY scope")
    assert {row["scope"] for row in told} >= {"BTCUSDT/1h"}
    assert next(row["value"] for row in told if row["scope"] == "BTCUSDT/1h") == pytest.approx(0.3)


def test_a_book_that_is_not_known_has_no_value_at_risk(ready: str) -> None:
    fill(hours=200)
    forecasting.value_at_risk("1h")  # no poll of the account yet
    (book,) = table(ready, "SELECT * FROM risk.latest_var WHERE scope = 'account'")
    assert (book["var_99"], book["note"]) == (None, "the account is not known")


def test_a_held_symbol_that_is_not_watched_is_forecast_too(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwatch(monkeypatch)
    fill(hours=400)
    account.account()  # holds SOLUSDT as well
    forecasting.value_at_risk("1h")
    latest = {row["scope"]: row for row in table(ready, "SELECT * FROM risk.latest_var")}
    assert set(latest) == {"account", "BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert latest["SOLUSDT"]["var_99"] is not None
    assert (latest["account"]["var_99"] is None, latest["account"]["without_returns"]) == (False, [])
    shares = table(ready, "SELECT DISTINCT symbol FROM risk.var_share")
    assert {row["symbol"] for row in shares} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


def test_a_held_symbol_without_history_is_named_and_counted_in_full(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwatch(monkeypatch)
    fill(hours=400)
    account.account()
    with psycopg.connect(ready) as connection:  # a coin that the exchange has no bars of
        connection.execute("UPDATE risk.latest_position SET symbol = 'PEPEUSDT' WHERE symbol = 'SOLUSDT'")
    found = {row.scope: row for row in forecasting.value_at_risk("1h")}
    assert found["PEPEUSDT"].var_99 is None
    book = found["account"]
    assert book.without_returns == ("PEPEUSDT",)
    assert book.note.startswith("PEPEUSDT: no 1h bars stored")
    shares = table(ready, "SELECT * FROM risk.var_share WHERE level = 0.99")
    by_symbol = {str(row["symbol"]): row for row in shares}
    said = table(
        ready,
        "SELECT max(var_99) AS most FROM risk.var_forecast WHERE scope = 'BTCUSDT'"
        " AND bar_at = (SELECT max(bar_at) FROM risk.var_forecast WHERE scope = 'BTCUSDT')",
    )
    notional = by_symbol["PEPEUSDT"]["notional_usdt"]
    assert by_symbol["PEPEUSDT"]["component_usdt"] == pytest.approx(abs(notional) * 3 * said[0]["most"])  # type: ignore[arg-type,operator]
    assert book.var_99 is not None
    assert book.gross_usdt is not None
    assert sum(row["component_usdt"] for row in shares) == pytest.approx(book.var_99 * book.gross_usdt)  # type: ignore[misc]
    issues = table(ready, "SELECT problem FROM risk.data_issue WHERE symbol = 'PEPEUSDT'")
    assert any("no 1h bars stored" in str(row["problem"]) for row in issues)

    with psycopg.connect(ready) as connection:
        connection.execute("DELETE FROM risk.latest_position WHERE symbol = 'PEPEUSDT'")
    forecasting.value_at_risk("1h")
    scopes = table(ready, "SELECT scope FROM risk.latest_var")
    assert {row["scope"] for row in scopes} == {"account", "BTCUSDT", "ETHUSDT"}


def unwatch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch two of the three symbols that the simulated account holds; the third has 400 hours to fetch."""
    monkeypatch.setenv("RISK_SYMBOLS", "BTCUSDT,ETHUSDT")
    forget()
    moment = desk.now()
    fetched = FlowProgress(
        flow=backfill.FLOW, scope="SOLUSDT/1h", cursor_at=moment - timedelta(hours=400), done=0, total=0,
        updated_at=moment,
    )  # fmt: skip
    with desk.database() as db:
        store.save_progress(db, fetched)


def test_without_bars_a_symbol_says_so(ready: str) -> None:
    found = forecasting.value_at_risk("1d")
    assert all(row.var_99 is None and row.note for row in found)
    assert "no 1d bars stored" in found[0].note


def test_value_at_risk_is_forgotten_by_age_but_not_within_the_judged_window(ready: str) -> None:
    midnight = desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    ages = (JUDGED["1d"], 400, 401)  # days: judged still, the last kept, the first forgotten
    with desk.database() as db:
        for days in ages:
            store.save_var(db, of_bar(midnight - timedelta(days=days)))
    maintenance.maintenance()
    for name in ("var_forecast", "var_outcome", "var_share"):
        kept = table(ready, f"SELECT bar_at FROM risk.{name} ORDER BY bar_at DESC")
        assert [row["bar_at"] for row in kept] == [midnight - timedelta(days=days) for days in ages[:2]]


def test_fewer_days_than_are_judged_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="var_days"):
        RetentionSettings(var_days=JUDGED["1d"])
    assert RetentionSettings(var_days=260).var_days * 24 > JUDGED["1h"]


def of_bar(at: datetime) -> list[VarForecast | VarOutcome | VarShare]:
    """What is stored of one daily bar of a book that holds BTCUSDT."""
    return [
        VarForecast(
            scope="account", interval="1d", bar_at=at, method="historical", made_at=at,
            fitted_from=at - timedelta(days=500), fitted_through=at - timedelta(days=1), fitted_returns=500,
            note="", symbols=("BTCUSDT",), weights=(1_000.0,), gross_usdt=1_000.0, var_95=0.03, es_95=0.04,
            var_99=0.06, es_99=0.07,
        ),
        VarOutcome(scope="account", interval="1d", bar_at=at, loss=0.01, judged_at=at + timedelta(days=1)),
        VarShare(
            interval="1d", bar_at=at, level=0.99, symbol="BTCUSDT", made_at=at, method="historical",
            notional_usdt=1_000.0, total_usdt=60.0, marginal=0.06, component_usdt=60.0, incremental_usdt=60.0,
        ),
    ]  # fmt: skip


def bar(symbol: str, open_at: datetime, previous: float, times: float) -> Kline:
    """An hourly bar that opens at the previous close and ends at a multiple of it."""
    close = Decimal(str(previous * times))
    opened = Decimal(str(previous))
    at = open_at.astimezone(UTC)
    return Kline(
        event_at=at + timedelta(hours=1), received_at=at + timedelta(hours=1), source="rest", symbol=symbol,
        venue="usdm", interval="1h", open_at=at, open=opened, high=max(opened, close), low=min(opened, close),
        close=close, volume=Decimal(1), quote_volume=opened, trades=1, taker_buy_volume=Decimal(1),
    )  # fmt: skip
