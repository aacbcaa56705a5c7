"""Facts into their tables: rows that are there already stay as they are, newest-row tables follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from risk import archived
from risk import records as r
from risk.adapters.store_codec import decode
from risk.adapters.store_copy import by_type, stage
from risk.adapters.store_engine import count, run
from risk.errors import StoreError

TABLES: dict[type, str] = {
    r.Instrument: "instrument",
    r.LeverageBracket: "leverage_bracket",
    r.Kline: "kline",
    r.DepthSnapshot: "depth",
    r.Ticker: "ticker",
    r.Mark: "mark",
    r.FundingSettlement: "funding",
    r.FundingTerms: "funding_terms",
    r.OpenInterest: "open_interest",
    r.AccountSnapshot: "account",
    r.PositionSnapshot: "position",
    r.InsuranceBalance: "insurance",
    r.AdlRisk: "adl_risk",
    r.ForcedLiquidation: "liquidation",
    r.VenueFunding: "venue_funding",
    r.Income: "income",
    r.StrategyReturn: "strategy_return",
    r.Indicator: "indicator",
    r.VolatilityFit: "volatility_fit",
    r.Divergence: "divergence",
    archived.ArchivedDepth: "archived_depth",
}
"""Table of each record."""

NEWEST: dict[str, tuple[str, ...]] = {
    "depth": ("newest_depth",),
    "ticker": ("newest_ticker",),
    "mark": ("newest_mark",),
    "funding": ("newest_funding",),
    "funding_terms": ("newest_funding_terms",),
    "open_interest": ("newest_open_interest",),
    "account": ("newest_account", "newest_equity_hour"),
    "position": ("newest_position",),
    "insurance": ("newest_insurance", "newest_insurance_group"),
    "adl_risk": ("newest_adl_risk",),
    "venue_funding": ("newest_venue_funding",),
    "indicator": ("newest_indicator",),
    "volatility_fit": ("newest_volatility_fit",),
    "divergence": ("newest_divergence",),
}
"""Statements that follow a table's save and bring the newest rows up."""


def save(db: Connection, records: Iterable[object]) -> int:
    """How many of the records were new. Saving the same again changes nothing; order does not matter.

    Any mixture of the records of `risk.records` that have `event_at`. Ladders, terms and rules equal to
    those in force are not stored again, their last check is.

    Raises:
        StoreError: a class without a table, or a value that the database refuses (NaN, crossed quotes, …);
            the transaction is lost then.
    """
    return sum(_save_table(db, kind, found) for kind, found in by_type(records).items())


def replace_positions(
    db: Connection, account: r.AccountSnapshot, positions: Sequence[r.PositionSnapshot]
) -> tuple[r.PositionSnapshot, ...]:
    """Save one account poll whole; returns the positions that it no longer shows, as last seen.

    They leave the open positions and are noted in position_gone, as does one that turned to the other side.
    A poll older than the newest one goes
    into the history only.

    Raises:
        StoreError: a position of another account, or a value that the database refuses.
    """
    if strangers := [p.symbol for p in positions if p.account != account.account]:
        raise StoreError(f"positions of another account in the poll of {account.account}: {strangers}")
    stage(db, "account", [account])
    count(db, "save_account")
    run(db, "newest_equity_hour")
    is_newest = run(db, "newest_account").rowcount == 1
    stage(db, "position", positions)
    count(db, "save_position")
    if not is_newest:
        return ()
    gone = run(db, "vanish_positions", account=account.account, event_at=account.event_at).fetchall()
    run(db, "newest_position")
    return tuple(decode(r.PositionSnapshot, row.body) for row in gone)


def _save_table(db: Connection, kind: type, found: list[Any]) -> int:
    try:
        table = TABLES[kind]
    except KeyError:
        raise StoreError(f"{kind.__name__} has no table to be saved in") from None
    stage(db, table, found)
    stored = count(db, f"save_{table}")
    for follower in NEWEST.get(table, ()):
        if follower == "newest_open_interest":
            times = [record.event_at for record in found]
            run(db, follower, oldest=min(times), newest=max(times))
        else:
            run(db, follower)
    return stored
