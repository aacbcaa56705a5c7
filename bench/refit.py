"""Path E': the daily refit of many symbols from the database, shared out, beside arch alone."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.memory import peak_mb
from bench.race import Contestant, Options, Report, judge, race
from bench.storage import server

SUBJECT = "E' refit of 300 symbols, 1d and 1h, from the database and back, beside a plain arch loop"

END = datetime(2026, 3, 10, tzinfo=UTC)
LENGTHS = {"1d": 1_500, "1h": 4_000}
QUICK_LENGTHS = {"1d": 300, "1h": 1_100}
STEPS = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
DIFFERENT = 20
"""Simulated series of a length; symbols take them in turn."""
PROCESSES = 2
MOST_MB = 350
LOG_LIKELIHOOD = 1e-5


NO_SERVER = {
    "PREFECT_API_URL": "http://127.0.0.1:9/api",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
}
"""Nobody listens there: what is timed is the work, and that it needs no server is shown by the way."""


def run(options: Options) -> Iterable[Report]:
    count, lengths = (12, QUICK_LENGTHS) if options.quick else (300, LENGTHS)
    symbols = [f"S{n:03d}USDT" for n in range(count)]
    series = {interval: [_returns(n, seed) for seed in range(DIFFERENT)] for interval, n in lengths.items()}
    with server() as url:
        _seed(url, symbols, series)
        os.environ["RISK_DATABASE_URL"] = url
        os.environ |= NO_SERVER
        yield from _races(symbols, series, options)


def _races(symbols: Sequence[str], series: Any, options: Options) -> Iterable[Report]:
    peaks: list[int] = []
    once = replace(options, rounds=1, repeats=1)  # each takes many seconds
    report = race(
        f"E'  {len(symbols)} symbols, {PROCESSES} processes, wall time",
        [
            Contestant("arch alone", lambda: _arch(symbols, series)),
            Contestant("ours, one process", lambda: _here(symbols)),
            Contestant("ours, shared out", lambda: _ours(symbols, peaks)),
        ],
        [],
        options=once,
        oracle="arch alone",
        differs=_differs,
        unit="symbol",
        units=len(symbols),
        clock="wall",
    )
    alone, _, shared = (row.minimum or math.nan for row in report.rows)
    report.facts["shared out beside arch alone"] = (
        f"{shared / alone:.2f} times its time; no goal: it does less"
    )
    report.facts["what ours adds"] = "reads bars, stores fits, measures indicators; its processes start anew"
    report.facts["processes"] = f"{PROCESSES} on {os.cpu_count()} cores; arch alone in one"
    strict = Options(quick=options.quick)
    report.verdicts.append(judge("most memory of a fitting process, MB", max(peaks), MOST_MB, strict))
    yield report


def _ours(symbols: Sequence[str], peaks: list[int]) -> dict[tuple[str, str], float]:
    from flows import fan_out
    from risk.adapters.settings import FanOutSettings

    config = FanOutSettings(from_symbols=1, processes=PROCESSES)

    def lost(symbol: str, problem: str) -> None:
        raise RuntimeError(f"{symbol}: {problem}")

    found = fan_out.spread(fit_and_weigh, symbols, config, lost)
    peaks += [peak for *_, peak in found]
    return {(symbol, interval): value for symbol, interval, value, _ in found}


def _here(symbols: Sequence[str]) -> dict[tuple[str, str], float]:
    return {(symbol, interval): value for symbol, interval, value, _ in fit_and_weigh(symbols)}


def fit_and_weigh(part: Sequence[str]) -> list[tuple[str, str, float, int]]:
    """(symbol, interval, log-likelihood, the most memory of this process in MB); runs in another process."""
    from flows import fitting

    fits = fitting.fit_part(part)
    most = peak_mb()
    return [(fit.symbol, fit.interval, fit.log_likelihood or math.nan, most) for fit in fits]


def _arch(symbols: Sequence[str], series: Any) -> dict[tuple[str, str], float]:
    import numpy as np
    from arch import arch_model

    found = {}
    for interval, samples in series.items():
        for number, symbol in enumerate(symbols):
            percent = 100.0 * samples[number % DIFFERENT]
            model = arch_model(percent, mean="Constant", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)
            start = float(np.mean((percent - percent.mean()) ** 2))
            result = model.fit(disp="off", show_warning=False, backcast=start)
            found[symbol, interval] = float(result.loglikelihood)
    return found


def _differs(truth: dict[Any, float], answer: dict[Any, float]) -> str | None:
    if missing := set(truth) - set(answer):
        return f"{len(missing)} fits are not there, e.g. {min(missing)}"
    for key, right in truth.items():
        if math.isfinite(answer[key]) and not abs(answer[key] - right) <= max(
            LOG_LIKELIHOOD * abs(right), 0.05
        ):
            return f"{key}: log-likelihood {answer[key]:.6g} instead of {right:.6g}"
    return None


def _returns(count: int, seed: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(seed)
    errors = rng.standard_t(6.0, count + 500) * math.sqrt(4.0 / 6.0)
    variance, moves = 1.0, []
    for error in errors.tolist():
        move = error * math.sqrt(variance)
        moves.append(move)
        variance = 0.05 + (0.04 + 0.08 * (move < 0.0)) * move**2 + 0.88 * variance
    return np.array(moves[500:]) / 100.0


def _seed(url: str, symbols: Sequence[str], series: Any) -> None:
    """Bars whose closes have these returns, to ten digits."""
    import numpy as np

    from risk.adapters import store
    from risk.records import Kline

    for number, symbol in enumerate(symbols):
        rows = []
        for interval, samples in series.items():
            step = STEPS[interval]
            closes = 100.0 * np.exp(np.concatenate(([0.0], np.cumsum(samples[number % DIFFERENT]))))
            for back, close in enumerate(closes[::-1].tolist()):
                price = Decimal(f"{close:.10g}")
                rows.append(
                    Kline(
                        symbol=symbol, venue="usdm", interval=interval, open_at=END - (back + 1) * step,
                        open=price, high=price, low=price, close=price, volume=Decimal(1), quote_volume=price,
                        trades=1, taker_buy_volume=None, event_at=END - back * step, received_at=END,
                        source="archive",
                    )
                )  # fmt: skip
        with store.connect(url) as db:
            store.save(db, rows)
