"""Path G: the scorecard over ten symbols and five years of 15-minute bars, inputs to statistics."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench import naive_score, peers
from bench.memory import peak_mb
from bench.race import Contestant, Goal, Options, Report, Row, judge, race

SUBJECT = "G  replay of the scorecard: 10 symbols x 5 years of 15-minute bars"

SYMBOLS, BARS = 10, 175_200


def run(options: Options) -> Iterator[Report]:
    symbols, bars = (1, 20_000) if options.quick else (SYMBOLS, BARS)
    yield _rows(bars, options)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:  # whose memory is its own
        yield alone.submit(_whole, symbols, bars, options).result()


def _rows(bars: int, options: Options) -> Report:
    """The same composites row by row and at once; the peer calls the row-by-row score in its `next()`."""
    from risk import limits
    from risk.replay import replay

    made = _bars(bars, 7)
    track, by = _track(made), limits.default()
    tape = _tape(made, track, by)
    report = race(
        f"G  {len(track):,} evaluations of one symbol, score and hysteresis",
        [
            Contestant("a loop over the rows", lambda: naive_score.replay(tape)),
            Contestant("ours", lambda: [replay(track, by).composite]),
        ],
        [Goal("ours", "a loop over the rows", at_most=1 / 5)],
        options=options,
        oracle="a loop over the rows",
        differs=_differs,
        unit="evaluation",
        units=len(track),
    )
    _add_peer(report, tape, options)
    return report


def _add_peer(report: Report, tape: dict[str, Any], options: Options) -> None:
    """The peer, in a process of its own, scaled by the loop that both processes time."""
    minima = {row.name: row.minimum for row in report.rows}
    loop, ours = minima["a loop over the rows"], minima["ours"]
    assert loop is not None and ours is not None
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "tape.json")
        naive_score.save(path, tape)
        found = peers.run("backtesting", "score", path, rounds=2 if options.quick else 3)
    wrong = found.missing or _differs(naive_score.replay(tape), list(found.answer))
    scaled = None if found.missing else found.ratio * loop
    note = wrong or "own process, scaled by the loop"
    report.rows.append(Row("backtesting 0.6.6, same score", scaled, None, note))
    value = ours / scaled if scaled and not wrong else None
    words = wrong or "across processes"
    report.verdicts.append(judge("ours ≤ 0.1 × backtesting 0.6.6, same score", value, 0.1, options, words))


def _whole(symbols: int, bars: int, options: Options) -> Report:
    """From bars to the area under the curve, one symbol after the other, each forgotten after it."""
    from risk import limits
    from risk.ranking import auc_of_counts
    from risk.score_study import judged
    from risk.score_tally import Tally

    rounds = []
    for _ in range(options.repeats):
        spent, tally = 0.0, Tally()
        for number in range(symbols):
            made = _bars(bars, number)
            start = time.process_time()
            tally.add(judged(_track(made), limits.default()))
            spent += time.process_time() - start
        without, fell = tally.ranked[0].astype(float)
        auc_of_counts(fell[None, :], without[None, :])
        rounds.append(spent)
    each_us = max(rounds) / (symbols * bars) * 1e6
    most = peak_mb()
    facts = {"per evaluation": f"{each_us:.2f} µs, worst of {options.repeats}", "peak": f"{most} MB"}
    verdicts = [judge("peak memory in MB", most, 400 / options.slack, options)]
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


def _tape(bars: Any, track: Any, by: Any) -> dict[str, Any]:
    """What the loop is given: the values of every evaluation, and the bars for a peer that replays them."""
    import numpy as np

    names = ("atr_ratio_15m", "vol_ratio", "sigma_24h", "kline_risk")
    funding = np.abs(track.columns["funding_rate"] * 8 / track.columns["interval_hours"])
    rows = np.column_stack([*(track.columns[n] for n in names), funding])
    kept = np.isin(bars.open_at + 900.0, track.at)
    fields = ("open_at", "open", "high", "low", "close", "volume")
    curves = {name: [list(point) for point in by.curves[name]] for name in naive_score.COMPONENTS}
    return {
        "rows": rows.tolist(),
        "curves": curves,
        "weights": dict(by.weights),
        "bars": [getattr(bars, name)[kept].tolist() for name in fields],
    }


def _differs(truth: Any, answer: Any) -> str | None:
    import numpy as np

    worst = float(np.max(np.abs(np.subtract(truth[0], answer[0]))))
    return None if worst < 1e-9 else f"{worst:.3g} points off"
