"""Which files of the exchange's public archive hold a stretch of a series: whole months, then single days.

    data/futures/um/monthly/klines/BTCUSDT/15m/BTCUSDT-15m-2024-08.zip      (and …zip.CHECKSUM)
    data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-08-05.zip

A month's file appears some days after the month, a day's the next day. Settled funding comes by month only,
open interest (metrics) and depth (bookDepth) by day only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from risk.adapters import archive
from risk.errors import SettingsError

FUNDING, OPEN_INTEREST, DEPTH = "funding", "open_interest", "depth"
KINDS = {FUNDING: "fundingRate", OPEN_INTEREST: "metrics", DEPTH: "bookDepth"}
ROOTS = {"usdm": "data/futures/um", "spot": "data/spot"}
BY_MONTH_ONLY = frozenset({FUNDING})
BY_DAY_ONLY = frozenset({OPEN_INTEREST, DEPTH})
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file: what it holds, from `begin` to before `end` (UTC dates), and where it lies."""

    symbol: str
    venue: str  # "usdm" or "spot"
    series: str  # "15m", "funding", "open_interest", "depth"
    begin: date
    end: date
    path: str

    @property
    def begins_at(self) -> datetime:
        """The first instant that it covers."""
        return datetime(self.begin.year, self.begin.month, self.begin.day, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """The first instant that it covers no more."""
        return datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rsplit("/", 1)[-1]


def pieces(symbol: str, venue: str, series: str, since: date, until: date, today: date) -> tuple[Piece, ...]:
    """The files that cover [since, until): months that are over as months, days of the running month.

    A month that is only partly wanted is taken whole where it comes whole. Today's day is not there yet.

    >>> july, third = date(2024, 7, 1), date(2024, 8, 3)
    >>> [piece.name for piece in pieces("BTCUSDT", "usdm", "1h", july, third, today=third)]
    ['BTCUSDT-1h-2024-07.zip', 'BTCUSDT-1h-2024-08-01.zip', 'BTCUSDT-1h-2024-08-02.zip']

    Raises:
        SettingsError: a series or venue that the archive does not have.
    """
    _check(venue, series)
    found: list[Piece] = []
    month = since.replace(day=1)
    last = min(until, today)
    while month < last:
        following = (month + 32 * DAY).replace(day=1)
        if series not in BY_DAY_ONLY and following <= today:
            found.append(_piece(symbol, venue, series, month, following))
        elif series not in BY_MONTH_ONLY:
            found += _days(symbol, venue, series, max(month, since), min(following, last))
        month = following
    return tuple(found)


def days_of(piece: Piece, since: date, until: date) -> tuple[Piece, ...]:
    """A month's days, for a month that is not there as a whole; none where the archive has no days."""
    if piece.end - piece.begin <= DAY or piece.series in BY_MONTH_ONLY:
        return ()
    begin, end = max(piece.begin, since), min(piece.end, until)
    return tuple(_days(piece.symbol, piece.venue, piece.series, begin, end))


def _check(venue: str, series: str) -> None:
    if venue not in ROOTS or (venue == "spot" and series in KINDS):
        raise SettingsError(f"{series} of {venue}: the archive has klines of usdm and spot, the rest of usdm")
    if series not in KINDS:
        try:
            archive.step(series)
        except ValueError as cause:
            raise SettingsError(f"series {series!r}: write 15m, 1h, 1d, {', '.join(KINDS)}") from cause


def _days(symbol: str, venue: str, series: str, begin: date, end: date) -> list[Piece]:
    return [
        _piece(symbol, venue, series, begin + i * DAY, begin + (i + 1) * DAY)
        for i in range(max(0, (end - begin).days))
    ]


def _piece(symbol: str, venue: str, series: str, begin: date, end: date) -> Piece:
    is_day = end - begin == DAY
    kind = KINDS.get(series, "klines")
    folder = f"{ROOTS[venue]}/{'daily' if is_day else 'monthly'}/{kind}/{symbol}"
    if kind == "klines":
        folder = f"{folder}/{series}"
    stamp = f"{begin:%Y-%m-%d}" if is_day else f"{begin:%Y-%m}"
    name = f"{symbol}-{series if kind == 'klines' else kind}-{stamp}.zip"
    return Piece(
        symbol=symbol, venue=venue, series=series, begin=begin, end=end, path=f"{folder}/{name}"
    )  # fmt: skip
