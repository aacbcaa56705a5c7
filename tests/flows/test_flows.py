"""Each flow once: the exchange's answers in, rows out, the same rows when it runs again."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact

from flows import (
    account,
    backfill,
    desk,
    fitting,
    funding,
    history,
    income,
    klines,
    maintenance,
    market,
    open_interest,
    reference,
    refit,
    scoring,
    spot,
    steps,
    venues,
)
from risk.adapters import store
from risk.errors import BannedError, DataError, KeyRejectedError, RateLimitError, StoreError
from risk.records import Income
from tests.adapters import rows as x
from tests.conftest_flows import forget
from tests.conftest_prefect import PrefectServer
from tests.conftest_simulator import RunningSimulator


def count(url: str, table: str, where: str = "true") -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM risk.{table} WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])


def artifact_of(prefect: PrefectServer, key: str) -> Artifact:
    """The newest artifact of this key on the session's server."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    return max(
        prefect.ask(lambda client: client.read_artifacts(artifact_filter=wanted)), key=lambda one: one.created
    )


def test_account_stores_positions_with_two_liquidation_prices(ready: str) -> None:
    reference.reference()
    account.account()
    with psycopg.connect(ready) as connection:
        rows = connection.execute(
            "SELECT symbol, exchange_liquidation_price, liquidation_price, liquidation_reason"
            " FROM risk.position"
        ).fetchall()
    assert {row[0] for row in rows} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    for symbol, theirs, ours, reason in rows:
        assert reason == "", symbol
        # the simulator computes its price in code of its own
        assert ours == pytest.approx(float(theirs), rel=1e-6), symbol


def test_without_brackets_a_position_says_why_it_has_no_price(ready: str) -> None:
    account.account()
    with psycopg.connect(ready) as connection:
        rows = connection.execute(
            "SELECT liquidation_price, liquidation_reason FROM risk.position"
        ).fetchall()
    assert rows
    assert all(price is None and reason.startswith("no_brackets") for price, reason in rows)


def test_reference_stores_rules_ladders_and_the_keys_rights(ready: str) -> None:
    reference.reference()
    ladders = count(ready, "leverage_bracket")
    assert count(ready, "instrument", "symbol = 'BTCUSDT' AND status = 'TRADING'") == 1
    assert ladders > 10
    reference.reference()
    assert count(ready, "leverage_bracket") == ladders


def test_market_stores_marks_and_tickers_of_watched_symbols(ready: str) -> None:
    market.market()
    assert count(ready, "mark") == 3
    assert count(ready, "ticker") == 3


def test_open_interest_is_stored_for_each_symbol(ready: str) -> None:
    open_interest.open_interest()
    assert count(ready, "open_interest", "quantity > 0") == 3


def test_spot_is_stored_under_its_own_venue_and_not_taken_for_the_future(ready: str) -> None:
    market.market()
    spot.spot()
    assert count(ready, "ticker", "venue = 'spot'") == 3
    assert count(ready, "ticker", "venue = 'usdm'") == 3
    with desk.database() as db:
        state = store.latest_state(
            db, desk.symbols(), account="default", watches_account=True, now=desk.now()
        )
    with psycopg.connect(ready) as connection:
        row = connection.execute(
            "SELECT last_price FROM risk.ticker WHERE venue = 'usdm' AND symbol = 'BTCUSDT'"
        ).fetchone()
    assert row is not None
    assert state.columns["last_price"][desk.symbols().index("BTCUSDT")] == pytest.approx(float(row[0]))


def test_history_fills_what_the_first_score_needs_and_resumes(ready: str, prefect: PrefectServer) -> None:
    history.history()
    progress, fits, _ = (
        artifact_of(prefect, key) for key in ("history", "volatility-fits", "value-at-risk-1h")
    )
    assert progress.data == 100.0 and str(progress.description).endswith(" rows of 15 series")
    assert {(row["symbol"], row["interval"]) for row in json.loads(str(fits.data))} == {
        (symbol, interval) for symbol in desk.symbols() for interval in fitting.FITTED
    }
    assert count(ready, "kline", "interval = '15m'") >= 3 * 30 * 96 - 3
    assert count(ready, "kline", "interval = '1h'") >= 3 * 4_000
    assert count(ready, "kline", "interval = '1d'") >= 3 * 1_500
    assert count(ready, "funding") >= 3 * 150
    assert count(ready, "volatility_fit") == 6
    assert count(ready, "indicator", "atr_ratio > 0") == 9
    assert count(ready, "indicator", "interval = '1h' AND sigma_24h > 0") == 3
    assert count(ready, "indicator", "interval = '15m' AND vol_ratio > 0") == 3
    with desk.database() as db:
        cursors = {scope: p.cursor_at for scope, p in store.progress(db, backfill.FLOW).items()}
    assert len(cursors) == 15
    again = backfill.plan(desk.symbols(), desk.now())
    assert all(stretch.start == cursors[stretch.scope] for stretch in again)
    klines_before = count(ready, "kline")
    klines.klines()
    assert count(ready, "kline") - klines_before <= 9


def test_klines_close_a_gap_from_the_newest_stored_bar(ready: str) -> None:
    for stretch in backfill.plan(["BTCUSDT"], desk.now()):
        if stretch.series == "15m":
            end = stretch.end - timedelta(hours=3)
            backfill.fetch(backfill.Stretch("BTCUSDT", "15m", end - timedelta(hours=6), end))
    before = count(ready, "kline")
    klines.klines()
    assert 11 <= count(ready, "kline") - before <= 13  # three hours of quarters


def test_refit_of_a_series_that_is_too_short_falls_back_and_says_so(ready: str) -> None:
    moment = desk.now()
    for symbol in desk.symbols():
        for series, span in (("1h", timedelta(hours=500)), ("1d", timedelta(days=100))):
            backfill.fetch(backfill.Stretch(symbol, series, moment - span, moment))
    refit.refit()
    assert count(ready, "volatility_fit", "method = 'ewma' AND reason <> '' AND sigma_next > 0") == 6


def test_one_bad_series_does_not_stop_the_others_fit(ready: str) -> None:
    moment = desk.now()
    backfill.fetch(backfill.Stretch("ETHUSDT", "1h", moment - timedelta(hours=60), moment))
    fits = fitting.refit(desk.symbols())
    assert [(fit.symbol, fit.interval) for fit in fits] == [("ETHUSDT", "1h")]
    assert count(ready, "data_issue", "problem LIKE '%history has to be filled%'") >= 2


def test_funding_stores_terms_and_only_settlements_that_are_due(ready: str) -> None:
    moment = desk.now()
    for symbol in desk.symbols():
        backfill.fetch(
            backfill.Stretch(symbol, "funding", moment - timedelta(days=5), moment - timedelta(days=2))
        )
    before = count(ready, "funding")
    funding.funding()
    assert count(ready, "funding_terms", "interval_hours IN (1, 2, 4, 8)") == 3
    assert count(ready, "funding") - before >= 3 * 5  # two days of eight hours, at least five each
    settled = count(ready, "funding")
    funding.funding()
    assert count(ready, "funding") == settled


def test_venues_insurance_and_adl_are_stored(ready: str) -> None:
    venues.venues()
    assert count(ready, "venue_funding") >= 6
    assert count(ready, "insurance", "value_usd > 0") >= 1
    assert count(ready, "adl_risk") >= 3


def test_income_can_be_read_again_without_a_second_row(ready: str) -> None:
    income.income()
    first = count(ready, "income")
    income.income()
    assert count(ready, "income") == first


def test_a_ledger_of_many_pages_is_read_whole(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # five lines within a second, two a page, as the exchange pages: oldest first from the start
    at = desk.now().replace(microsecond=0) - timedelta(minutes=1)
    ledger = [
        replace(x.INCOME, transaction_id=str(i), event_at=at + timedelta(milliseconds=i // 2))
        for i in range(5)
    ]

    def page(start: datetime, *, limit: int) -> list[Income]:
        return [line for line in ledger if line.event_at >= start][:limit]

    monkeypatch.setattr(steps, "LEDGER_PAGE", 2)
    monkeypatch.setattr(desk.exchange(), "income", page)
    income.income()
    income.income()
    assert count(ready, "income") == 5


def test_the_ledger_is_read_when_the_wallet_jumps_and_not_at_every_poll(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(desk.exchange(), "income", lambda *_, **__: read.append(1) or [])
    for _ in range(3):
        steps.read_account()
    assert len(read) == 1  # once at the start of a process
    steps._wallets["default"] *= Decimal("1.02")
    steps.read_account()
    steps._wallets["default"] *= Decimal("1.005")
    steps.read_account()
    assert len(read) == 2


def test_a_ledger_that_does_not_answer_keeps_no_poll_from_being_stored(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RateLimitError("busy", retry_after_s=1.0)

    monkeypatch.setattr(desk.exchange(), "income", away)
    steps.read_account()
    assert count(ready, "latest_account") == 1


def test_maintenance_has_a_week_of_partitions(ready: str) -> None:
    maintenance.maintenance()
    day = desk.now() + timedelta(days=7)
    with psycopg.connect(ready) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE %s AND relkind = 'r'", [f"%{day:%Y%m%d}%"]
        ).fetchone()
    assert found is not None
    assert found[0] >= 5


def test_scoring_writes_scores_alerts_and_messages_together(ready: str) -> None:
    reference.reference()
    account.account()
    market.market()
    open_interest.open_interest()
    scoring.scoring()
    assert count(ready, "score") == 4  # three symbols and the account
    assert count(ready, "limits") == 1
    # no book, no bars yet: never low (DOMAIN.md, 4.6)
    assert count(ready, "score", "level = 0") == 0
    assert count(ready, "alert") >= 1


def test_a_closed_position_is_told_apart_from_a_liquidated_one(
    ready: str, simulator: RunningSimulator
) -> None:
    snapshot, held = desk.exchange().account_snapshot()
    gone = next(p for p in held if p.symbol == "SOLUSDT")
    with desk.database() as db:
        store.replace_positions(db, snapshot, held)
    later, still = desk.exchange().account_snapshot()
    with desk.database() as db:
        vanished = store.replace_positions(db, later, [p for p in still if p.symbol != gone.symbol])
    assert [p.symbol for p in vanished] == ["SOLUSDT"]
    # the poll that missed it could not ask the exchange for the cause: the next one does
    assert count(ready, "position_gone", "classification IS NULL") == 1
    steps.read_account()
    assert count(ready, "position_gone", "classification = 'closed'") == 1


def test_one_symbols_failure_goes_to_the_ledger_and_the_rest_goes_on(ready: str) -> None:
    def call(symbol: str) -> str:
        if symbol == "BAD":
            raise DataError("impossible")
        return symbol

    assert steps.each(["BTCUSDT", "BAD", "ETHUSDT"], call) == ["BTCUSDT", "ETHUSDT"]
    assert count(ready, "data_issue", "symbol = 'BAD' AND problem LIKE '%impossible%'") == 1
    with pytest.raises(DataError):
        steps.each(["BAD"], call)


def facts(url: str) -> dict[str, float]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT name, value FROM risk.fact").fetchall())


def test_a_refused_key_becomes_an_alert_and_its_end(
    ready: str, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_API_KEY", "k" * 64)
    forget()
    with pytest.raises(KeyRejectedError):
        account.account()
    assert facts(ready)["key_rejected"] == 1.0
    scoring.scoring()
    assert (
        count(ready, "alert", "name = 'key_rejected' AND severity = 'critical' AND phase <> 'resolved'") == 1
    )
    monkeypatch.setenv("RISK_API_KEY", simulator.api_key)
    forget()
    account.account()
    assert facts(ready)["key_rejected"] == 0.0
    assert abs(facts(ready)["clock_offset_s"]) < 5.0


def test_a_ban_stops_the_loop_at_once(ready: str) -> None:
    asked = []

    def call(symbol: str) -> None:
        asked.append(symbol)
        raise BannedError("banned", desk.now())

    with pytest.raises(BannedError):
        steps.each(["BTCUSDT", "ETHUSDT"], call)
    assert asked == ["BTCUSDT"]


def test_history_waits_for_request_weight_and_goes_on(ready: str, simulator: RunningSimulator) -> None:
    stretch = next(s for s in backfill.plan(("BTCUSDT",), desk.now()) if s.series == "1h")
    simulator.control("fault", {"kind": "limit", "path": "/fapi/v1/klines", "retry_after": 1})
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        simulator.control("fault", method="DELETE")
        time.sleep(seconds)

    try:
        fetched = backfill.fetch(stretch, sleep)
    finally:
        simulator.control("fault", method="DELETE")
    assert len(waits) == 1
    assert 1.0 <= waits[0] <= 2.0  # Retry-After
    assert fetched >= 4_000
    assert count(ready, "kline", "interval = '1h'") == fetched


def test_history_gives_up_a_stretch_after_ten_minutes(ready: str, simulator: RunningSimulator) -> None:
    stretch = next(s for s in backfill.plan(("BTCUSDT",), desk.now()) if s.series == "1h")
    simulator.control("fault", {"kind": "limit", "path": "/fapi/v1/klines", "retry_after": 400})
    waits: list[float] = []
    try:
        with pytest.raises(RateLimitError):
            backfill.fetch(stretch, waits.append)
    finally:
        simulator.control("fault", method="DELETE")
    assert len(waits) == 1  # 400 s; another 400 s would be more than 600


def test_a_flow_without_a_database_says_what_to_do(monkeypatch: pytest.MonkeyPatch, ready: str) -> None:
    monkeypatch.delenv("RISK_DATABASE_URL")
    forget()
    with pytest.raises(StoreError, match="risk up"):
        desk.database_url()
