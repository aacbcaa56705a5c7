"""Path D: ATR, RSI and MACD of one symbol over five years of 15-minute bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bench.race import Contestant, Goal, Options, Report, missing, race

SUBJECT = "D  indicators: ATR(14), RSI(14) and MACD(12, 26, 9) of one symbol"

NAMES = ("ATR", "RSI", "MACD", "signal", "histogram")


def run(options: Options) -> Iterator[Report]:
    bars = _bars(175_200)
    lists = [column.tolist() for column in bars]
    yield race(
        f"ATR + RSI + MACD, {len(bars[2]):,} bars",
        [
            Contestant("python loop", lambda: _loop(*lists)),
            Contestant("ours", lambda: _ours(*bars)),
            Contestant("ta-lib", lambda: _talib(*bars), missing=missing("talib")),
            Contestant("pandas ewm (other seed)", lambda: _pandas(*bars), missing=missing("pandas")),
            Contestant("pandas-ta-classic", lambda: _pandas_ta(*bars), missing=missing("pandas_ta_classic")),
        ],
        [
            Goal("ours", "ta-lib", at_most=4.0),
            Goal("ours", "pandas ewm (other seed)", at_most=1 / 1.4),
            Goal("ours", "pandas-ta-classic", at_most=1 / 10),
            Goal("ours", "python loop", at_most=1 / 10),
        ],
        options=options,
        oracle="python loop",
        differs=_differs,
    )


def _bars(n: int) -> tuple[Any, Any, Any]:
    import numpy as np

    rng = np.random.default_rng(5)
    close = 60_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, n)))
    return close * (1.0 + rng.exponential(0.001, n)), close * (1.0 - rng.exponential(0.001, n)), close


def _differs(truth: Sequence[Any], answer: Sequence[Any]) -> str | None:
    """Compared where warm-up and another seed have faded: the last nine tenths of the bars."""
    import numpy as np

    start = len(truth[0]) // 10
    for name, right, said in zip(NAMES, truth, answer, strict=True):
        right, said = np.asarray(right)[start:], np.asarray(said)[start:]
        scale = 100.0 if name == "RSI" else 60_000.0
        worst = float(np.max(np.abs(right - said)))
        if not worst <= 1e-9 * scale:
            return f"{name} is {worst:.3g} off"
    return None


def _ours(high: Any, low: Any, close: Any) -> tuple[Any, ...]:
    from risk.technical import macd, rsi
    from risk.volatility import atr

    return atr(high, low, close), rsi(close), *macd(close)


def _talib(high: Any, low: Any, close: Any) -> tuple[Any, ...]:
    import talib

    return talib.ATR(high, low, close), talib.RSI(close), *talib.MACD(close)


def _pandas(high: Any, low: Any, close: Any) -> tuple[Any, ...]:
    import pandas as pd

    frame = pd.DataFrame({"high": high, "low": low, "close": close})
    before, change = frame.close.shift(), frame.close.diff()
    ranges = pd.concat(
        [frame.high - frame.low, (frame.high - before).abs(), (frame.low - before).abs()], axis=1
    )
    gain = change.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-change).clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean()
    line = frame.close.ewm(span=12, adjust=False).mean() - frame.close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    atr = ranges.max(axis=1).ewm(alpha=1 / 14, adjust=False).mean()
    return atr, 100.0 * gain / (gain + loss), line, signal, line - signal


def _pandas_ta(high: Any, low: Any, close: Any) -> tuple[Any, ...]:
    import pandas as pd
    import pandas_ta_classic as ta

    columns = [pd.Series(x) for x in (high, low, close)]
    lines = ta.macd(columns[2], talib=False)
    return (
        ta.atr(*columns, talib=False),
        ta.rsi(columns[2], talib=False),
        lines.iloc[:, 0],
        lines.iloc[:, 2],
        lines.iloc[:, 1],
    )


def _loop(high: list[float], low: list[float], close: list[float]) -> tuple[list[float], ...]:
    """The definitions, bar by bar."""
    nan = float("nan")
    atr, rsi, line, smooth, histogram = ([nan] * len(close) for _ in NAMES)
    ranges, gains, losses = [0.0], [0.0], [0.0]
    for t in range(1, len(close)):
        before, change = close[t - 1], close[t] - close[t - 1]
        ranges.append(max(high[t] - low[t], abs(high[t] - before), abs(low[t] - before)))
        gains.append(max(change, 0.0))
        losses.append(max(-change, 0.0))
    true_range, gain, loss = (sum(x[1:15]) / 14 for x in (ranges, gains, losses))
    fast, slow, signal = sum(close[14:26]) / 12, sum(close[:26]) / 26, 0.0
    first_lines = []
    for t in range(14, len(close)):
        if t > 14:
            true_range = (13 * true_range + ranges[t]) / 14
            gain, loss = (13 * gain + gains[t]) / 14, (13 * loss + losses[t]) / 14
        atr[t] = true_range
        rsi[t] = 100 * gain / (gain + loss) if gain + loss > 1e-14 else 0.0
        if t > 25:
            fast, slow = fast + (close[t] - fast) * 2 / 13, slow + (close[t] - slow) * 2 / 27
        if 25 <= t <= 33:
            first_lines.append(fast - slow)
            signal = sum(first_lines) / len(first_lines)
        elif t > 33:
            signal += (fast - slow - signal) / 5
        if t >= 33:
            line[t], smooth[t], histogram[t] = fast - slow, signal, fast - slow - signal
    return atr, rsi, line, smooth, histogram
