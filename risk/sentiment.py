"""How one-sided the market is: funding, open interest, and other venues' funding.

Numbers or float64 arrays over symbols; NaN means missing. Rates are fractions: 0.001 is 0.1 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

HOURS = 8.0
SETTLEMENTS_PER_YEAR = 365.0 * 24.0 / HOURS

CROWDED_FUNDING_8H = 0.001
CROWDED_OI_RISE = 0.2
FLAT_PRICE_CHANGE = 0.01
FLAT_PRICE_OI_RISE = 0.10


def funding_8h(rate: ArrayLike, interval_hours: ArrayLike) -> Any:
    """Funding rate brought to 8 hours; positive: longs pay.

    Args:
        rate: fraction per interval of the symbol.
        interval_hours: 1, 2, 4 or 8; NaN in the answer where it is not above zero.

    >>> round(funding_8h(0.0005, 4), 6)
    0.001
    """
    rates, hours = np.broadcast_arrays(_floats(rate), _floats(interval_hours))
    answer = np.full(rates.shape, np.nan)
    np.divide(rates * HOURS, hours, out=answer, where=(hours > 0.0) & np.isfinite(hours))
    return _plain(answer)


def annualised(rate_8h: ArrayLike) -> Any:
    """An 8 h rate over a year, as a fraction, without compounding: × 1,095.

    >>> round(annualised(0.0001), 4)
    0.1095
    """
    return _plain(_floats(rate_8h) * SETTLEMENTS_PER_YEAR)


def oi_change(now: ArrayLike, before: ArrayLike) -> Any:
    """now / before − 1 in contracts; NaN where one is missing or not above zero (0 cannot be true)."""
    present, past = np.broadcast_arrays(_floats(now), _floats(before))
    is_known = (present > 0.0) & (past > 0.0) & np.isfinite(present) & np.isfinite(past)
    answer = np.full(present.shape, np.nan)
    np.divide(present, past, out=answer, where=is_known)
    return _plain(answer - 1.0)


class Crowding(NamedTuple):
    """The two inputs of the sentiment score, and the seed's plain yes or no.

    Attributes:
        funding: |funding_8h|, what the funding curve reads.
        oi_rise: rise of open interest over 3 days, 0 when it fell, what the other curve reads.
        side: +1 longs pay and are the crowd, −1 shorts, 0 neither; NaN unknown.
        is_crowded: both at or above the high thresholds (0.1 % and 20 %); false when one is missing.
    """

    funding: Any
    oi_rise: Any
    side: Any
    is_crowded: Any


def crowding(
    funding_8h: ArrayLike,
    oi_change_3d: ArrayLike,
    *,
    high_funding: float = CROWDED_FUNDING_8H,
    high_rise: float = CROWDED_OI_RISE,
) -> Crowding:
    """Extreme funding together with a rise of open interest: a crowd that pays to stay.

    One alone is no crowd; how much it counts is the scorecard's curve. Floats for two numbers, else
    arrays.

    >>> crowding(-0.0012, 0.25)
    Crowding(funding=0.0012, oi_rise=0.25, side=-1.0, is_crowded=True)
    """
    funding, change = np.broadcast_arrays(_floats(funding_8h), _floats(oi_change_3d))
    size, rise = np.abs(funding), np.where(np.isnan(change), np.nan, np.maximum(change, 0.0))
    both = (size >= high_funding) & (rise >= high_rise)
    return Crowding(*(_plain(x) for x in (size, rise, np.sign(funding), both)))


def oi_flat_price(oi_change_24h: ArrayLike, price_change_24h: ArrayLike) -> Any:
    """Whether open interest rose by 10 % or more in 24 h while the price moved by 1 % or less.

    False when one is missing: the claim needs both.

    >>> oi_flat_price(0.10, -0.01)
    True
    """
    oi, price = np.broadcast_arrays(_floats(oi_change_24h), _floats(price_change_24h))
    return _plain((oi >= FLAT_PRICE_OI_RISE) & (np.abs(price) <= FLAT_PRICE_CHANGE))


class VenueGap(NamedTuple):
    """Funding of one symbol across venues, 8 h rates; NaN when no venue is known."""

    median: float
    highest: float
    lowest: float
    gap: float  # highest − lowest
    gap_annual: float  # the same over a year
    own_distance: float  # own rate − median; NaN without an own rate
    venues: int  # how many counted


def venue_gap(rates: Mapping[str, float] | ArrayLike, own: float | None = None) -> VenueGap:
    """Median and range of 8 h funding rates over venues; missing ones do not count.

    Args:
        rates: 8 h rates by venue, or in any order (`funding_8h` first: intervals differ).
        own: this venue's 8 h rate; it takes part in the range only if it stands in `rates` too.
    """
    values = _floats(list(rates.values()) if isinstance(rates, Mapping) else rates).ravel()
    values = values[np.isfinite(values)]
    if not len(values):
        unknown = float("nan")
        return VenueGap(unknown, unknown, unknown, unknown, unknown, unknown, 0)
    median, highest, lowest = float(np.median(values)), float(values.max()), float(values.min())
    distance = float("nan") if own is None else own - median
    gap = highest - lowest
    return VenueGap(median, highest, lowest, gap, gap * SETTLEMENTS_PER_YEAR, distance, len(values))


def liquidation_surge(sum_5m_usdt: ArrayLike, mean_5m_usdt: ArrayLike) -> Any:
    """Forced liquidations of 5 minutes over the mean of such sums in 24 h; both are lower bounds.

    NaN where one is missing; infinite when the day had none and now there are some, 0 when neither.
    """
    now, mean = np.broadcast_arrays(_floats(sum_5m_usdt), _floats(mean_5m_usdt))
    answer = np.where((mean == 0.0) & (now > 0.0), np.inf, 0.0)
    answer[np.isnan(now) | np.isnan(mean)] = np.nan
    np.divide(now, mean, out=answer, where=mean > 0.0)
    return _plain(answer)


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _plain(values: NDArray[Any]) -> Any:
    """A Python number for a single value, the array otherwise."""
    return values.item() if np.ndim(values) == 0 else values
