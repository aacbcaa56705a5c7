"""Returns of a strategy from its closed trades: what they earned in a day over the capital they needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from risk.errors import DataError

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One closed trade; times in seconds since 1970."""

    strategy: str
    opened_s: float
    closed_s: float
    notional_usdt: float  # at the entry, above 0
    pnl_usdt: float  # after fees and funding


def peak_notional(trades: Sequence[Trade]) -> float:
    """The most that was open at once, USDT: the capital that the trades needed without leverage.

    A trade that ends when another begins makes room for it.

    >>> one = Trade(strategy="a", opened_s=0, closed_s=2, notional_usdt=100, pnl_usdt=1)
    >>> two = Trade(strategy="a", opened_s=1, closed_s=3, notional_usdt=50, pnl_usdt=1)
    >>> peak_notional([one, two])
    150.0
    """
    changes = [(t.closed_s, 0, -t.notional_usdt) for t in trades]
    changes += [(t.opened_s, 1, t.notional_usdt) for t in trades]
    held = most = 0.0
    for _, _, change in sorted(changes):
        held += change
        most = max(most, held)
    return max(most, max((t.notional_usdt for t in trades), default=0.0))


def returns(
    trades: Sequence[Trade], *, capital_usdt: float | None = None, period_s: int = DAY_S
) -> Mapping[tuple[str, float], float]:
    """(strategy, end of the period in seconds since 1970) to its return, a fraction of the capital.

    A trade counts where it was closed, at the very end of a period in that one. A period in which a strategy
    closed nothing is not there: nobody knows its return, and 0 would make it look calm and unlike all others.

    Args:
        capital_usdt: of each strategy; None takes the most that each had open at once.

    Raises:
        DataError: a trade that ends before it begins, or a notional or capital that is not above 0.
    """
    own: dict[str, list[Trade]] = {}
    for trade in trades:
        if not (math.isfinite(trade.pnl_usdt) and 0.0 < trade.notional_usdt < math.inf):
            raise DataError(
                f"{trade.strategy}: notional {trade.notional_usdt:g}, profit {trade.pnl_usdt:g}: "
                "a notional above 0 and a finite profit are needed"
            )
        if not trade.opened_s <= trade.closed_s:
            raise DataError(f"{trade.strategy}: a trade is closed {trade.closed_s:.0f} before it is opened")
        own.setdefault(trade.strategy, []).append(trade)
    if capital_usdt is not None and not 0.0 < capital_usdt < math.inf:
        raise DataError(f"capital {capital_usdt:g}: must be above 0")
    found: dict[tuple[str, float], float] = {}
    for strategy, mine in own.items():
        capital = capital_usdt or peak_notional(mine)
        for trade in mine:
            key = strategy, math.ceil(trade.closed_s / period_s) * float(period_s)
            found[key] = found.get(key, 0.0) + trade.pnl_usdt / capital
    return dict(sorted(found.items()))
