"""A symbol's past as the inputs of one evaluation per bar: what an archive tells, and nothing else.

Every evaluation stands at the close of a 15-minute bar, or of an hour where the archive has no shorter
bars. Bars come from shorter ones only whole. A gap stays a gap: within it nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.indicators import Bars
from risk.liquidity import kline_proxy
from risk.recurrence import Series
from risk.scorecard import MEMBERS
from risk.sigma_track import BREAK_S, HOUR_S, ewma_track, sigma_track
from risk.state import Column
from risk.volatility import atr, vol_ratio

QUARTER_S, DAY_S = 900, 86_400
CLOSE_S = 0.001  # the exchange stamps a close one millisecond before the next bar opens
TOLERANCE = (
    1.5  # steps: no longer does a settled rate stand in for the running one, or old open interest for new
)

BOOK = frozenset(MEMBERS["liquidity"])
FINE = frozenset({"atr_15m", "vol_ratio", "kline_liquidity"})  # need bars of 15 minutes


@dataclass(frozen=True, slots=True)
class Readings:
    """Values known from a time on: `at` seconds since 1970, ascending; `step_s` until the next one is due."""

    at: Series
    value: Series
    step_s: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the archives hold of one symbol.

    Attributes:
        bars: the shortest bars that are evaluated, `bar_s` seconds each (900 or 3,600).
        hours: hourly bars for the forecast; may begin earlier than `bars`, and be another market's.
        funding: settled rates, fractions per interval; the step of each is its interval.
        open_interest: coins; None where no archive has it.
        sources: file names.
    """

    symbol: str
    bar_s: int
    bars: Bars
    hours: Bars
    funding: Readings | None = None
    open_interest: Readings | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One symbol's evaluations, n of them.

    Attributes:
        at: seconds since 1970 of each, the close of its bar.
        columns: the names of `risk.state.INPUT_COLUMNS` that are known, each (n,).
        absent: components that the archive cannot give.
        high, low, close: of the bar that closed, USDT per coin.
        baselines: other forecasts at the same instants: "atr", "ewma", "garch".
        is_garch: share of evaluations whose forecast came from GARCH and not from EWMA.
    """

    symbol: str
    bar_s: int
    at: Series
    columns: Mapping[str, Column]
    absent: frozenset[str]
    high: Series
    low: Series
    close: Series
    baselines: Mapping[str, Column]
    is_garch: float
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.at)


def resampled(bars: Bars, bar_s: int, length_s: int) -> Bars:
    """Bars of `length_s` seconds from those of `bar_s`; one that lacks a part is left out.

    Raises:
        ValueError: the length is no multiple.
    """
    if length_s % bar_s:
        raise ValueError(f"bars of {bar_s} s do not make bars of {length_s} s")
    count = length_s // bar_s
    if count == 1 or not len(bars):
        return bars
    slot = np.floor(bars.open_at / length_s)
    first = np.flatnonzero(np.diff(slot, prepend=-1.0))
    whole = np.diff(np.append(first, len(bars))) == count
    starts = first[whole]
    parts = starts[:, None] + np.arange(count)
    return Bars(
        open_at=slot[starts] * length_s,
        open=bars.open[starts],
        high=bars.high[parts].max(axis=1),
        low=bars.low[parts].min(axis=1),
        close=bars.close[parts[:, -1]],
        volume=bars.volume[parts].sum(axis=1),
    )


def part_of(bars: Bars, rows: slice | NDArray[Any]) -> Bars:
    """The bars of some rows."""
    return Bars(**{name: getattr(bars, name)[rows] for name in Bars.__dataclass_fields__})


def tracks(past: Past, *, on_day: Callable[[], None] | None = None) -> tuple[Track, ...]:
    """A track for each stretch without a gap of more than a day; measures start anew in each."""
    breaks = np.flatnonzero(np.diff(past.bars.open_at) > BREAK_S) + 1
    edges = [0, *breaks.tolist(), len(past.bars)]
    hours = past.hours
    sigma, is_garch = sigma_track(
        hours.open_at, hours.close, since=float(past.bars.open_at[0]), on_day=on_day
    )
    forecasts = {"garch": sigma, "ewma": ewma_track(hours.open_at, hours.close), "is_garch": is_garch}
    found = []
    for first, end in pairwise(edges):
        found.append(track_of(past, part_of(past.bars, slice(first, end)), forecasts))
    return tuple(track for track in found if len(track))


def track_of(past: Past, bars: Bars, forecasts: Mapping[str, Series]) -> Track:
    """The evaluations of one stretch of bars.

    Args:
        forecasts: "garch", "ewma" and "is_garch", one value per bar of `past.hours`.
    """
    at = bars.open_at + past.bar_s
    hour_at = past.hours.open_at + HOUR_S
    place = np.searchsorted(hour_at, at, side="right") - 1
    place_known = place >= 0
    forecast = {name: np.where(place_known, values[place], np.nan) for name, values in forecasts.items()}
    columns = _market(past, bars, at)
    sigma_at = np.where(place_known, hour_at[place] - CLOSE_S, np.nan)
    columns |= {"sigma_24h": forecast["garch"], "sigma_at": sigma_at, **_sentiment(past, at)}
    absent = BOOK | (frozenset() if past.bar_s == QUARTER_S else FINE)
    absent |= frozenset() if "funding_rate" in columns else frozenset({"funding_8h"})
    absent |= frozenset() if "open_interest" in columns else frozenset({"oi_change_3d"})
    own_atr = "atr_ratio_15m" if past.bar_s == QUARTER_S else "atr_ratio_1h"
    kept = np.flatnonzero(np.isfinite(columns[own_atr]) & np.isfinite(forecast["garch"]))
    return Track(
        symbol=past.symbol,
        bar_s=past.bar_s,
        at=at[kept],
        columns={name: column[kept] for name, column in columns.items()},
        absent=absent,
        high=bars.high[kept],
        low=bars.low[kept],
        close=bars.close[kept],
        baselines={
            "atr": columns[own_atr][kept], "ewma": forecast["ewma"][kept], "garch": forecast["garch"][kept],
        },
        is_garch=float(forecast["is_garch"][kept].mean()) if len(kept) else 0.0,
        sources=past.sources,
    )  # fmt: skip


def _market(past: Past, bars: Bars, at: Series) -> dict[str, Column]:
    """Columns of the bars themselves; volumes of the last 24 hours in USDT."""
    stamp = at - CLOSE_S
    ratio = atr(bars.high, bars.low, bars.close) / bars.close
    per_day = DAY_S // past.bar_s
    traded, turnover = np.cumsum(bars.close * bars.volume), np.full(len(at), np.nan)
    turnover[per_day:] = traded[per_day:] - traded[:-per_day]
    columns = {
        "quote_volume_24h": turnover, "last_price": bars.close, "ticker_at": stamp,
        "mark_price": bars.close, "mark_at": at,
    }  # fmt: skip
    if past.bar_s != QUARTER_S:
        return columns | {"atr_ratio_1h": ratio, "bar_1h_at": stamp, "atr_1h": ratio * bars.close}
    proxy = kline_proxy(bars.high, bars.low, bars.close, bars.volume)
    return columns | {
        "atr_ratio_15m": ratio, "bar_15m_at": stamp, "vol_ratio": vol_ratio(bars.close),
        "kline_spread": proxy.spread, "volume_ratio": proxy.volume_ratio, "kline_risk": proxy.risk,
    }  # fmt: skip


def _sentiment(past: Past, at: Series) -> dict[str, Column]:
    """Funding and open interest as far as the archives reach into these times; nothing where they do not."""
    columns: dict[str, Column] = {}
    if past.funding is not None and len(past.funding.at):
        rate, step_s = _newest(past.funding, at)
        if np.isfinite(rate).any():
            columns |= {"funding_rate": rate, "interval_hours": step_s / HOUR_S, "terms_at": at}
    if past.open_interest is not None and len(past.open_interest.at):
        for name, back in (("open_interest", 0.0), ("open_interest_24h", 24.0), ("open_interest_72h", 72.0)):
            columns[name], _ = _newest(past.open_interest, at - HOUR_S * back)
        if not np.isfinite(columns["open_interest"] * columns["open_interest_72h"]).any():
            return {name: column for name, column in columns.items() if not name.startswith("open_")}
        columns["open_interest_at"] = np.where(np.isfinite(columns["open_interest"]), at, np.nan)
    return columns


def _newest(readings: Readings, at: Series) -> tuple[Series, Series]:
    """(value, its step) of the newest reading at each time; NaN before the first and where it is too old."""
    place = np.searchsorted(readings.at, at, side="right") - 1
    step_s = readings.step_s[place]
    known = (place >= 0) & (at - readings.at[place] <= TOLERANCE * step_s)
    return np.where(known, readings.value[place], np.nan), np.where(known, step_s, np.nan)
