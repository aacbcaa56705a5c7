"""What flows read besides the state: series, newest times, reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from risk import lineage
from risk import records as r
from risk.adapters.store_codec import decode
from risk.adapters.store_engine import rows, run

Record = TypeVar("Record")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class KlineArrays:
    """Closed bars in time order; float64 of equal length. `open_at` is seconds since 1970."""

    open_at: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # coins


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best prices of one book, USDT per coin."""

    event_at: datetime
    best_bid: Decimal
    best_ask: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GonePosition:
    """A position that disappeared and of which nobody has said why."""

    position: r.PositionSnapshot
    vanished_at: datetime


def klines(
    db: Connection,
    symbol: str,
    interval: str,
    limit: int,
    *,
    venue: str = "usdm",
    before: datetime | None = None,
) -> KlineArrays:
    """The newest `limit` closed bars (opened before `before`), oldest first; fewer where history is short.

    They are of one coin: bars before a place where the symbol became another one's are left out.
    """
    found = run(
        db, "klines", symbol=symbol, interval=interval, venue=venue, before=before, most=limit
    ).fetchall()
    plain = [tuple(row) for row in found]  # of a driver's row numpy asks for each cell, half of the read
    columns = np.array(plain, dtype=np.float64).reshape(-1, 6).T.copy()
    if columns.shape[1] > 1:
        at, opened, _, _, closed, _ = columns
        begin = lineage.newest(at, opened, closed, float(np.diff(at).min()))
        columns = columns[:, begin:].copy() if begin else columns
    return KlineArrays(
        **dict(zip(("open_at", "open", "high", "low", "close", "volume"), columns, strict=True))
    )


def newest_bar(
    db: Connection, symbols: Sequence[str], interval: str, *, venue: str = "usdm"
) -> dict[str, datetime]:
    """Open time of each symbol's newest stored bar; symbols without one are absent."""
    found = rows(db, "newest_bars", symbols=list(symbols), interval=interval, venue=venue)
    return {row["symbol"]: row["open_at"] for row in found}


def funding_history(db: Connection, symbol: str, since: datetime) -> tuple[r.FundingSettlement, ...]:
    """Settlements of one symbol since a time, oldest first."""
    return _decoded(r.FundingSettlement, run(db, "funding_history", symbol=symbol, since=since))


def newest_funding_at(db: Connection, symbols: Sequence[str]) -> dict[str, datetime]:
    """Each symbol's newest stored settlement; symbols without one are absent."""
    return {row["symbol"]: row["event_at"] for row in rows(db, "newest_funding_at", symbols=list(symbols))}


def newest_open_interest_at(db: Connection, symbols: Sequence[str]) -> dict[str, datetime]:
    """Each symbol's newest stored open interest; symbols without one are absent."""
    found = rows(db, "newest_open_interest_at", symbols=list(symbols))
    return {row["symbol"]: row["event_at"] for row in found}


def newest_income_at(db: Connection, account: str) -> datetime | None:
    """Time of the newest line of the account's ledger."""
    return run(db, "newest_income_at", account=account).scalar_one()  # type: ignore[no-any-return]


def latest_fit(db: Connection, symbol: str, interval: str) -> r.VolatilityFit | None:
    """The newest volatility fit."""
    found = _decoded(r.VolatilityFit, run(db, "latest_fit", symbol=symbol, interval=interval))
    return found[0] if found else None


def latest_terms(db: Connection, symbols: Sequence[str]) -> dict[str, r.FundingTerms]:
    """Settlement interval and caps in force; symbols without any are absent."""
    found = _decoded(r.FundingTerms, run(db, "latest_terms", symbols=list(symbols)))
    return {terms.symbol: terms for terms in found}


def instruments(db: Connection) -> dict[str, r.Instrument]:
    """Trading rules of every known contract."""
    return {rules.symbol: rules for rules in _decoded(r.Instrument, run(db, "instruments"))}


def ladders(db: Connection, symbols: Sequence[str]) -> dict[str, tuple[r.LeverageBracket, ...]]:
    """Maintenance ladders in force, by tier; symbols without one are absent."""
    found: dict[str, list[r.LeverageBracket]] = {}
    for tier in _decoded(r.LeverageBracket, run(db, "ladders", symbols=list(symbols))):
        found.setdefault(tier.symbol, []).append(tier)
    return {symbol: tuple(tiers) for symbol, tiers in found.items()}


def latest_quotes(db: Connection, symbols: Sequence[str], *, venue: str = "usdm") -> dict[str, Quote]:
    """Best prices of each symbol's newest book; symbols without one are absent."""
    found = rows(db, "latest_quotes", symbols=list(symbols), venue=venue)
    return {
        row["symbol"]: Quote(
            event_at=row["event_at"],
            best_bid=Decimal(str(row["best_bid"])),
            best_ask=Decimal(str(row["best_ask"])),
        )
        for row in found
    }


def latest_depth_price(db: Connection, symbol: str, *, venue: str = "usdm") -> Decimal | None:
    """Mid of the newest book, USDT per coin."""
    quote = latest_quotes(db, [symbol], venue=venue).get(symbol)
    return (quote.best_bid + quote.best_ask) / 2 if quote else None


def open_positions(db: Connection, account: str) -> tuple[r.PositionSnapshot, ...]:
    """What the account holds by its newest poll."""
    return _decoded(r.PositionSnapshot, run(db, "open_positions", account=account))


def unclassified_positions(
    db: Connection, account: str, since: datetime, now: datetime, sure_after: timedelta
) -> tuple[GonePosition, ...]:
    """Positions that disappeared since a time and whose cause is not settled, oldest first.

    One that looked closed within `sure_after` of its disappearance comes once more after that.
    """
    found = rows(
        db, "unclassified_positions", account=account, since=since, now=now,
        sure_after_s=sure_after.total_seconds(),
    )  # fmt: skip
    return tuple(
        GonePosition(position=decode(r.PositionSnapshot, row["body"]), vanished_at=row["vanished_at"])
        for row in found
    )


def classify_position(db: Connection, gone: GonePosition, cause: str, now: datetime) -> None:
    """Say why a position disappeared: "closed", "liquidated", "deleveraged" or "settled"."""
    position = gone.position
    run(
        db, "classify_position", account=position.account, symbol=position.symbol, side=position.side,
        vanished_at=gone.vanished_at, cause=cause, now=now,
    )  # fmt: skip


def _decoded(kind: type[Record], found: Iterable[Any]) -> tuple[Record, ...]:
    return tuple(decode(kind, row.body) for row in found)
