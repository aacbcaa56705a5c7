"""backtesting.py, a strategy that scores the market in its `next()`, on every bar of one symbol."""

from __future__ import annotations

from typing import Any

import pandas as pd
from backtesting import Backtest, Strategy

from bench.naive_score import COMPONENTS, composite


def replay(tape: dict[str, Any]) -> list[list[float]]:
    rows, weights = tape["rows"], tape["weights"]
    curves = [tape["curves"][name] for name in COMPONENTS]
    found = [composite(rows[0], curves, weights)]  # `next` begins at the second bar

    class Scored(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            pass

        def next(self) -> None:
            found.append(composite(rows[len(self.data) - 1], curves, weights))

    names = ("at", "Open", "High", "Low", "Close", "Volume")
    bars = pd.DataFrame(dict(zip(names, tape["bars"], strict=True)))
    bars.index = pd.to_datetime(bars.pop("at"), unit="s")
    Backtest(bars, Scored, cash=1e9).run()
    return [found]
