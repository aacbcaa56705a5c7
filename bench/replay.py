"""Path G: the scorecard over ten symbols and five years of 15-minute bars, inputs to statistics."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bench.race import Contestant, Goal, Options, Report, judge, race

SUBJECT = "G  replay of the scorecard: 10 symbols x 5 years of 15-minute bars"

SYMBOLS, BARS = 10, 175_200
PEER = "needs an environment of its own, which is not prepared"
COMPONENTS = ("atr_15m", "vol_ratio", "sigma_24h", "kline_liquidity", "funding_8h")


def run(options: Options) -> Iterator[Report]:
    symbols, bars = (1, 20_000) if options.quick else (SYMBOLS, BARS)
    yield _rows(min(bars, 20_000), options)
    yield _whole(symbols, bars, options)


def _rows(bars: int, options: Options) -> Report:
    """The same composites row by row and at once; the peer calls the row-by-row score in its `next()`."""
    from risk import limits
    from risk.replay import replay

    track = _track(_bars(bars, 7))
    return race(
        f"G  {bars:,} evaluations of one symbol, score and hysteresis",
        [
            Contestant("a loop over the rows", lambda: _loop(track, limits.default())),
            Contestant("backtesting 0.6.6, same score", lambda: None, missing=PEER),
            Contestant("ours", lambda: replay(track, limits.default()).composite),
        ],
        [
            Goal("ours", "a loop over the rows", at_most=1 / 5),
            Goal("ours", "backtesting 0.6.6, same score", 1 / 10),
        ],
        options=options,
        oracle="a loop over the rows",
        differs=_differs,
        unit="evaluation",
        units=bars,
    )


def _whole(symbols: int, bars: int, options: Options) -> Report:
    """From bars to the area under the curve, one symbol after the other."""
    import numpy as np

    from risk import limits
    from risk.ranking import auc
    from risk.score_study import judged

    rounds = []
    for _ in range(options.repeats):
        spent, scores, falls = 0.0, [], []
        for number in range(symbols):
            made = _bars(bars, number)
            start = time.process_time()
            one = judged(_track(made), limits.default())
            scores.append(one.said.composite.astype(np.float32))
            falls.append(one.fall_24h.astype(np.float32))
            spent += time.process_time() - start
        start = time.process_time()
        fall, score = np.concatenate(falls), np.concatenate(scores)
        auc(score[np.isfinite(fall)], fall[np.isfinite(fall)] < -0.05)
        rounds.append(spent + time.process_time() - start)
    each_us = max(rounds) / (symbols * bars) * 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts = {"per evaluation": f"{each_us:.2f} µs, worst of {options.repeats}", "peak": f"{peak_mb:.0f} MB"}
    verdicts = [judge("peak memory in MB", peak_mb, 400 / options.slack, options)]
    if not options.quick:
        verdicts.append(judge("inputs to statistics, µs per evaluation", each_us, 1.0, options))
    return Report(f"G  {symbols * bars:,} evaluations, inputs to statistics", verdicts=verdicts, facts=facts)


def _bars(count: int, seed: int) -> Any:
    import numpy as np

    from risk.indicators import Bars

    chance = np.random.default_rng(seed)
    move = chance.standard_t(4, count) * 0.002
    close = 20_000 * np.exp(np.cumsum(move - move.mean()))
    width = close * np.abs(chance.normal(0.002, 0.001, count))
    return Bars(
        open_at=1_577_836_800.0 + 900.0 * np.arange(count),
        open=np.concatenate(([20_000.0], close[:-1])),
        high=close + width,
        low=close - width,
        close=close,
        volume=chance.lognormal(5, 0.5, count),
    )


def _track(bars: Any) -> Any:
    """The inputs of one symbol; the forecast filtered by parameters that are given."""
    import numpy as np

    from risk.garch import GarchFit, filter_sigma, forecast_sigma
    from risk.sigma_track import hourly_returns
    from risk.tracks import Past, Readings, resampled, track_of

    hours = resampled(bars, 900, 3600)
    fit = GarchFit(
        method="gjr-garch-t", observations=4000, mu=0.0, omega=0.01, alpha=0.05, gamma=0.04, beta=0.9, nu=5.0,
        backcast=0.16, sigma_next=0.004,
    )  # fmt: skip
    sigma = forecast_sigma(fit, filter_sigma(fit, hourly_returns(hours.open_at, hours.close)), 24)
    settled = np.arange(bars.open_at[0], bars.open_at[-1], 8 * 3600.0)
    rate = 0.0001 + 0.0004 * np.sin(settled / 1e6)
    past = Past(
        symbol="X", bar_s=900, bars=bars, hours=hours,
        funding=Readings(settled, rate, np.full(len(settled), 8 * 3600.0)),
    )  # fmt: skip
    return track_of(past, bars, {"garch": sigma, "ewma": sigma, "is_garch": np.ones(len(sigma))})


def _loop(track: Any, by: Any) -> Any:
    """What one writes first: every row on its own, in plain Python."""
    import numpy as np

    rows = _inputs(track)
    return np.array([_one(row, by.curves, by.weights) for row in rows])


def _inputs(track: Any) -> list[list[float]]:
    names = ("atr_ratio_15m", "vol_ratio", "sigma_24h", "kline_risk")
    import numpy as np

    funding = np.abs(track.columns["funding_rate"] * 8 / track.columns["interval_hours"])
    rows: list[list[float]] = np.column_stack([*(track.columns[n] for n in names), funding]).tolist()
    return rows


def _one(row: list[float], curves: Any, weights: Any) -> float:
    scores = [_interpolated(curves[name], value) for name, value in zip(COMPONENTS, row, strict=True)]
    market = [s for s in scores[:3] if s == s]
    pairs = [(max(market), weights["market"])] if market else []
    if scores[3] == scores[3]:
        pairs.append((scores[3], weights["liquidity"]))
    if scores[4] == scores[4]:
        pairs.append((scores[4], weights["sentiment"]))
    weighted = sum(s * w for s, w in pairs) / sum(w for _, w in pairs)
    floor = 61.0 if max(s for s, _ in pairs) >= 86 else 0.0
    if any(s != s for s in scores):
        floor = max(floor, 31.0)
    return max(weighted, floor)


def _interpolated(points: Any, value: float) -> float:
    if value != value:
        return value
    if value <= points[0][0]:
        return float(points[0][1])
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return float(y0 + (y1 - y0) * (value - x0) / (x1 - x0))
    return float(points[-1][1])


def _differs(truth: Any, answer: Any) -> str | None:
    import numpy as np

    worst = float(np.max(np.abs(truth - answer)))
    return None if worst < 1e-9 else f"{worst:.3g} points off"
