"""Saving facts: twice is once, older never beats newer, what cannot be true is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import Connection, text

from risk.adapters import store
from risk.adapters.store_codec import decode
from risk.adapters.store_save import NEWEST, TABLES
from risk.errors import StoreError
from risk.records import LeverageBracket
from tests.adapters import rows as x

SECOND = timedelta(seconds=1)


def _all(db: Connection) -> dict[str, list[Any]]:
    """Every row of every input table and of the newest-row tables."""
    tables = [*TABLES.values(), *(f"latest_{t}" for t in NEWEST), "insurance_group", "bracket_check"]
    tables += ["equity_hour", "liquidation_hour"]
    return {t: sorted(map(str, db.execute(text(f"SELECT * FROM risk.{t}")))) for t in tables}


def test_one_record_of_each_kind_is_stored_once_however_often_it_is_saved(db: Connection) -> None:
    assert store.save(db, x.ALL) == len(x.ALL)
    first = _all(db)
    assert all(first.values())
    assert store.save(db, x.ALL) == 0
    assert store.save(db, [*x.ALL, *x.ALL]) == 0
    assert _all(db) == first


@pytest.mark.parametrize("record", x.ALL, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_as_it_was_saved(db: Connection, record: Any) -> None:
    store.save(db, [record])
    body = db.execute(
        text(f"SELECT CAST(to_jsonb(t) AS text) FROM risk.{TABLES[type(record)]} AS t")
    ).scalar_one()
    assert decode(type(record), body) == record


@pytest.mark.parametrize(
    ("record", "column", "value"),
    [
        (x.DEPTH, "best_bid", D("64000")),
        (x.TICKER, "last_price", D("1")),
        (x.MARK, "mark_price", D("2")),
        (x.OPEN_INTEREST, "quantity", D("3")),
        (x.INDICATOR, "rsi", 4.0),
        (x.VENUE, "funding_8h", 5.0),
        (x.ADL, "risk", "high"),
        (x.FUNDING, "funding_rate", 0.5),
        (x.INSURANCE, "value_usd", D("7")),
        (x.FIT, "nu", 8.0),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "event_at") else "",
)
@pytest.mark.parametrize("order", ["together", "older first", "newer first"])
def test_the_newest_row_wins_in_whatever_order_rows_come(
    db: Connection, record: Any, column: str, value: Any, order: str
) -> None:
    newer = replace(record, event_at=x.NOW + SECOND, **{column: value})
    batches = {
        "together": [[newer, record]],
        "older first": [[record], [newer]],
        "newer first": [[newer], [record]],
    }
    for batch in batches[order]:
        store.save(db, batch)
    table = TABLES[type(record)]
    held = db.execute(text(f"SELECT {column}, event_at FROM risk.latest_{table}")).fetchall()
    assert [tuple(row) for row in held] == [(type(held[0][0])(value), x.NOW + SECOND)]
    assert db.execute(text(f"SELECT count(*) FROM risk.{table}")).scalar_one() == 2


@pytest.mark.parametrize(
    "record",
    [
        replace(x.MARK, funding_rate=float("nan")),
        replace(x.MARK, funding_rate=float("inf")),
        replace(x.MARK, mark_price=D("NaN")),
        replace(x.MARK, mark_price=D("Infinity")),
        replace(x.MARK, mark_price=D(0)),
        replace(x.OPEN_INTEREST, quantity=D(0)),
        replace(x.DEPTH, best_bid=x.DEPTH.best_ask),
        replace(x.DEPTH, bid_depth_1pct_usdt=D(-1)),
        replace(x.DEPTH, sell_slippage=(float("nan"),) * 10),
        replace(x.KLINE, high=D(1)),
        replace(x.POSITION, quantity=D(0)),
        replace(x.INDICATOR, rsi=100.5),
        replace(x.ADL, risk="enormous"),
        replace(x.LIQUIDATION, notional_usdt=D(-1)),
        replace(x.MARK, symbol=None),
        replace(x.MARK, funding_rate="0.1"),
        replace(x.FUNDING, interval_hours=0),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_cannot_be_true_is_refused_and_nothing_of_the_batch_stays(
    database_url: str, record: Any
) -> None:
    with pytest.raises(StoreError), store.connect(database_url) as db:
        store.save(db, [x.KLINE, x.OPEN_INTEREST, record])
    with store.connect(database_url) as db:
        assert db.execute(text("SELECT count(*) FROM risk.kline")).scalar_one() == 0
        assert db.execute(text("SELECT count(*) FROM risk.latest_open_interest")).scalar_one() == 0
        assert store.save(db, [x.KLINE, x.OPEN_INTEREST]) == 2  # the connection is fit for more


def test_money_keeps_eighteen_decimals_and_large_values(db: Connection) -> None:
    small, large = D("0.000000000000000001"), D("99999999999999999999.123456789012345678")
    store.save(db, [replace(x.TICKER, last_price=small, quote_volume=large)])
    row = db.execute(text("SELECT last_price, quote_volume FROM risk.ticker")).one()
    assert tuple(row) == (small, large)


def test_a_hostile_symbol_is_stored_as_data(db: Connection) -> None:
    hostile = "B'; DROP TABLE risk.mark; --"
    store.save(db, [replace(x.MARK, symbol=hostile)])
    assert db.execute(text("SELECT symbol FROM risk.mark")).scalar_one() == hostile


def test_a_class_without_a_table_is_refused(database_url: str) -> None:
    with pytest.raises(StoreError, match="object has no table"), store.connect(database_url) as db:
        store.save(db, [object()])


def test_rows_of_days_without_a_partition_are_caught(db: Connection) -> None:
    assert store.save(db, [x.DEPTH]) == 1
    assert db.execute(text("SELECT count(*) FROM risk.depth_default")).scalar_one() == 1


def test_an_equal_ladder_is_only_noted_as_checked_and_a_changed_one_keeps_its_predecessor(
    db: Connection,
) -> None:
    day = timedelta(days=1)
    same = [replace(b, event_at=x.NOW + day, cap_usdt=b.cap_usdt * D("1.0")) for b in x.BRACKETS]
    changed = [
        replace(b, event_at=x.NOW + 2 * day, maintenance_rate=b.maintenance_rate * 2) for b in x.BRACKETS
    ]
    assert store.save(db, x.BRACKETS) == 2
    assert store.save(db, same) == 0
    check = text("SELECT ladder_at, previous_ladder_at, checked_at FROM risk.bracket_check")
    assert tuple(db.execute(check).one()) == (x.NOW, None, x.NOW + day)
    assert store.save(db, changed) == 2
    assert tuple(db.execute(check).one()) == (x.NOW + 2 * day, x.NOW, x.NOW + 2 * day)
    assert store.save(db, same) == 0  # late, and old
    assert tuple(db.execute(check).one()) == (x.NOW + 2 * day, x.NOW, x.NOW + 2 * day)
    assert store.ladders(db, ["BTCUSDT"]) == {"BTCUSDT": tuple(changed)}


def test_an_announced_ladder_stands_for_an_hour_against_the_table_that_lags(db: Connection) -> None:
    def ladder(minutes: int, factor: int, source: str = "rest") -> list[LeverageBracket]:
        at = x.NOW + timedelta(minutes=minutes)
        return [
            replace(b, event_at=at, maintenance_rate=b.maintenance_rate * factor, source=source)
            for b in x.BRACKETS
        ]

    check = text("SELECT ladder_at, previous_ladder_at FROM risk.bracket_check")
    store.save(db, ladder(0, 1))
    announced = ladder(1, 2, "stream")
    assert store.save(db, announced) == 2
    assert store.save(db, ladder(2, 1)) == 0  # the table still shows the ladder before
    assert store.save(db, ladder(3, 2)) == 0  # it says the same now: nothing new
    assert tuple(db.execute(check).one()) == (x.NOW + timedelta(minutes=1), x.NOW)
    assert store.ladders(db, ["BTCUSDT"]) == {"BTCUSDT": tuple(announced)}
    assert store.save(db, ladder(4, 3)) == 2  # a third one is news
    assert store.save(db, ladder(5, 2)) == 2  # and so is its end, which no stream told


def test_an_announced_ladder_that_never_comes_gives_way(db: Connection) -> None:
    store.save(db, x.BRACKETS)
    announced = [
        replace(b, event_at=x.NOW + timedelta(minutes=1), cum_usdt=b.cum_usdt + 1, source="stream")
        for b in x.BRACKETS
    ]
    store.save(db, announced)
    for minutes, new in ((60, 0), (62, 2)):
        late = [replace(b, event_at=x.NOW + timedelta(minutes=minutes)) for b in x.BRACKETS]
        assert store.save(db, late) == new


def test_equal_funding_terms_are_stored_once_and_a_change_keeps_the_interval_before(db: Connection) -> None:
    later = [replace(x.TERMS, event_at=x.NOW + timedelta(hours=h)) for h in (1, 2)]
    assert store.save(db, [x.TERMS]) == 1
    assert store.save(db, [later[0]]) == 0
    assert store.save(db, [replace(later[1], interval_hours=4)]) == 1
    row = db.execute(
        text(
            "SELECT interval_hours, interval_hours_before, changed_at, event_at "
            "FROM risk.latest_funding_terms"
        )
    ).one()
    assert tuple(row) == (4, 8, x.NOW + timedelta(hours=2), x.NOW + timedelta(hours=2))


def test_liquidations_add_up_by_hour_and_a_repeated_one_counts_once(db: Connection) -> None:
    others = [
        replace(x.LIQUIDATION, event_at=x.NOW + timedelta(seconds=s), notional_usdt=D(n))
        for s, n in ((1, 10), (2, 20))
    ]
    assert store.save(db, [x.LIQUIDATION, others[0]]) == 2
    assert store.save(db, [others[0], others[1], others[1]]) == 1
    row = db.execute(text("SELECT notional_usdt, orders FROM risk.liquidation_hour")).one()
    assert tuple(row) == (D("96045"), 3)  # 96,015 + 10 + 20


def unsettled(db: Connection, after_s: int) -> tuple[store.GonePosition, ...]:
    return store.unclassified_positions(db, "default", x.NOW, x.NOW + after_s * SECOND, 10 * SECOND)


def test_what_looked_closed_at_once_is_looked_at_once_more(db: Connection) -> None:
    # the exchange may list its forced order some seconds late
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    store.replace_positions(db, replace(x.ACCOUNT, event_at=x.NOW + 5 * SECOND), [])
    (gone,) = unsettled(db, 6)
    store.classify_position(db, gone, "closed", x.NOW + 6 * SECOND)
    assert unsettled(db, 14) == ()
    assert unsettled(db, 15) == (gone,)
    store.classify_position(db, gone, "closed", x.NOW + 15 * SECOND)
    assert unsettled(db, 20) == unsettled(db, 300) == ()


def test_a_position_that_turned_is_gone_and_the_other_side_is_open(db: Connection) -> None:
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    at = x.NOW + 5 * SECOND
    turned = replace(x.POSITION, quantity=-x.POSITION.quantity, event_at=at)
    assert store.replace_positions(db, replace(x.ACCOUNT, event_at=at), [turned]) == (x.POSITION,)
    assert store.open_positions(db, "default") == (turned,)
    smaller = replace(turned, quantity=turned.quantity / 2, event_at=x.NOW + 10 * SECOND)
    later = replace(x.ACCOUNT, event_at=x.NOW + 10 * SECOND)
    assert store.replace_positions(db, later, [smaller]) == ()


def test_a_poll_without_a_position_takes_it_out_and_notes_it_as_gone(db: Connection) -> None:
    other = replace(x.POSITION, symbol="ETHUSDT")
    assert store.replace_positions(db, x.ACCOUNT, [x.POSITION, other]) == ()
    later = replace(x.ACCOUNT, event_at=x.NOW + 5 * SECOND)
    still = replace(other, event_at=x.NOW + 5 * SECOND)
    assert store.replace_positions(db, later, [still]) == (x.POSITION,)
    assert store.open_positions(db, "default") == (still,)
    (gone,) = unsettled(db, 5)
    assert (gone.position, gone.vanished_at) == (x.POSITION, x.NOW + 5 * SECOND)
    store.classify_position(db, gone, "liquidated", x.NOW + 6 * SECOND)
    assert unsettled(db, 5) == unsettled(db, 60) == ()
    assert store.replace_positions(db, later, [still]) == ()  # the same poll again
    assert db.execute(text("SELECT count(*) FROM risk.position_gone")).scalar_one() == 1


def test_a_late_poll_neither_brings_a_position_back_nor_takes_one_out(db: Connection) -> None:
    eth = replace(x.POSITION, symbol="ETHUSDT", event_at=x.NOW + 5 * SECOND)
    store.replace_positions(db, replace(x.ACCOUNT, event_at=x.NOW + 5 * SECOND), [eth])
    assert store.replace_positions(db, x.ACCOUNT, [x.POSITION]) == ()
    assert store.open_positions(db, "default") == (eth,)
    assert db.execute(text("SELECT count(*) FROM risk.position")).scalar_one() == 2


def test_positions_of_another_account_do_not_pass(database_url: str) -> None:
    with pytest.raises(StoreError, match="another account"), store.connect(database_url) as db:
        store.replace_positions(db, x.ACCOUNT, [replace(x.POSITION, account="other")])


def test_a_staging_table_lost_with_an_undone_transaction_is_made_again(database_url: str) -> None:
    with pytest.raises(ZeroDivisionError), store.connect(database_url) as db:
        store.save(db, [x.MARK])
        raise ZeroDivisionError
    with store.connect(database_url) as db:
        assert store.save(db, [x.MARK]) == 1
    with store.connect(database_url) as db:
        assert store.save(db, [replace(x.MARK, event_at=x.NOW + SECOND)]) == 1
        assert db.execute(text("SELECT count(*) FROM risk.mark")).scalar_one() == 2


def test_a_bar_measured_before_its_model_was_fitted_takes_the_forecast_later(db: Connection) -> None:
    early = replace(x.INDICATOR, sigma_24h=None, sigma_method=None)
    for row in (early, x.INDICATOR, early):
        store.save(db, [row])
    held = db.execute(text("SELECT sigma_24h FROM risk.latest_indicator")).scalars().all()
    assert held == [x.INDICATOR.sigma_24h]
