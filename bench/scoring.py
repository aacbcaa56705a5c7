"""C: one scoring cycle, read → decide → write, whole against one symbol after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import Connection, text

from bench.race import Contestant, Goal, Options, Report, judge, race
from bench.storage import server
from risk import limits as limits_
from risk import records as r
from risk.adapters import store
from risk.decision import decide
from risk.records import SLIPPAGE_LADDER_USDT
from risk.state import COMPONENTS

SUBJECT = "C  scoring cycle: read, decide, write"

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
LIMITS = limits_.default()
JUDGED = ("atr_15m", "spread", "depth_1pct", "funding_8h")
"""Components that the plain loop scores too, so that both answers can be compared."""
READS = (
    "SELECT atr_ratio FROM risk.indicator WHERE symbol = :symbol AND interval = '15m' "
    "ORDER BY event_at DESC LIMIT 1",
    "SELECT best_bid, best_ask, bid_depth_1pct_usdt, ask_depth_1pct_usdt FROM risk.depth "
    "WHERE symbol = :symbol AND venue = 'usdm' ORDER BY event_at DESC LIMIT 1",
    "SELECT funding_rate FROM risk.mark WHERE symbol = :symbol ORDER BY event_at DESC LIMIT 1",
    "SELECT interval_hours FROM risk.funding_terms WHERE symbol = :symbol ORDER BY event_at DESC LIMIT 1",
    "SELECT level FROM risk.score_memory WHERE scope = :symbol",
)
WRITE = """
    INSERT INTO risk.score (
        scope, scored_at, level, raw_level, floors, missing, composite, weighted, market, liquidity, leverage,
        sentiment, limits_version, component_values, component_scores, input_ages_s
    ) VALUES (
        :scope, :at, 0, 0, 0, 0, :worst, :worst, NULL, NULL, NULL, NULL, :version, CAST(:values AS real[]),
        CAST(:scores AS smallint[]), '{0, 0, 0, 0}'
    )
"""


def run(options: Options) -> Iterable[Report]:
    symbols = [f"S{n:03d}USDT" for n in range(500)]
    with server() as url:
        _seed(url, symbols)
        yield _race(url, symbols, options)
        yield _cycle(url, symbols, options, goals_ms=(30, 100, 10))
        yield _cycle(url, symbols[:20], options, goals_ms=(5, 100, None))


def _race(url: str, symbols: Sequence[str], options: Options) -> Report:
    ticks = count()
    return race(
        f"C  {len(symbols)} symbols, wall time of a whole cycle",
        [
            Contestant("one symbol after the other", lambda: _loop(url, symbols, _at(ticks))),
            Contestant("ours", lambda: _ours(url, symbols, _at(ticks))),
        ],
        [Goal("ours", "one symbol after the other", at_most=1 / 15)],
        options=options,
        oracle="one symbol after the other",
        differs=_differs,
        unit="symbol",
        units=len(symbols),
        clock="wall",
    )


def _cycle(
    url: str, symbols: Sequence[str], options: Options, *, goals_ms: tuple[float, float, float | None]
) -> Report:
    """Percentiles of whole cycles, and the client's own CPU."""
    rounds = 40 if options.quick else 200
    walls = []
    began = time.process_time()
    for number in range(rounds):
        started = time.perf_counter()
        _ours(url, symbols, START + timedelta(milliseconds=500 + number))
        walls.append((time.perf_counter() - started) * 1e3)
    cpu = (time.process_time() - began) / rounds * 1e3
    p50, p99 = np.percentile(walls, [50, 99])
    n = len(symbols)
    facts = {"p50": f"{p50:.1f} ms", "p99": f"{p99:.1f} ms", "client CPU": f"{cpu:.2f} ms"}
    verdicts = []
    if not options.quick:  # absolute times: judged at leisure, only shown in the short subset
        verdicts = [
            judge(f"{n} symbols, p50 in ms", float(p50), goals_ms[0], options),
            judge(f"{n} symbols, p99 in ms", float(p99), goals_ms[1], options),
        ]
        if goals_ms[2] is not None:
            verdicts.append(judge(f"{n} symbols, client CPU in ms", cpu, goals_ms[2], options))
    return Report(f"C  cycles of {n} symbols", verdicts=verdicts, facts=facts, clock="wall")


def _ours(url: str, symbols: Sequence[str], now: datetime) -> dict[str, list[float]]:
    with store.connect(url) as db:
        state = store.latest_state(db, symbols, account="default", watches_account=False, now=now)
        decision = decide(state, LIMITS, now)
        store.save_decision(db, decision, channels=[("console", "info")])
    places = [COMPONENTS.index(name) for name in JUDGED]
    found = decision.scores.component_scores[: len(symbols)][:, places]
    return dict(zip(decision.scores.scopes, found.tolist(), strict=False))


def _loop(url: str, symbols: Sequence[str], now: datetime) -> dict[str, list[float]]:
    """The first version that one writes: five reads, some arithmetic and one row per symbol."""
    with store.connect(url) as db:
        return {symbol: _one(db, symbol, now) for symbol in symbols}


def _one(db: Connection, symbol: str, now: datetime) -> list[float]:
    indicator, depth, mark, terms, _ = (db.execute(text(read), {"symbol": symbol}).first() for read in READS)
    assert indicator and depth and mark and terms
    bid, ask, bids, asks = map(float, depth)
    values = [indicator[0], (ask - bid) / ((ask + bid) / 2), min(bids, asks), abs(mark[0] * 8 / terms[0])]
    pairs = zip(JUDGED, values, strict=True)
    scores = [_interpolated(LIMITS.curves[name], value) for name, value in pairs]
    row = {
        "scope": symbol, "at": now, "worst": max(scores), "version": LIMITS.version, "values": values,
        "scores": [round(score * 100) for score in scores],
    }  # fmt: skip
    db.execute(text(WRITE), row)
    return scores


def _interpolated(points: Sequence[tuple[float, float]], value: float) -> float:
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]


def _differs(truth: dict[str, list[float]], answer: dict[str, list[float]]) -> str | None:
    for symbol, expected in truth.items():
        if not np.allclose(answer[symbol], expected, rtol=0, atol=1e-6):
            return f"{symbol}: {answer[symbol]} instead of {expected}"
    return None


def _at(ticks: count[int]) -> datetime:
    """Each run writes rows of its own, all within the inputs' age."""
    return START + timedelta(microseconds=next(ticks))


def _seed(url: str, symbols: Sequence[str]) -> None:
    """Newest inputs of every symbol, varied by a seeded generator, and an hour of history before them."""
    generator = np.random.default_rng(11)
    records: list[object] = []
    for symbol in symbols:
        price = Decimal(str(round(float(generator.uniform(1, 60_000)), 4)))
        records += _inputs(symbol, price, float(generator.uniform(0.2, 3)))
    with store.connect(url) as db:
        store.ensure_partitions(db, today=START.date())
        store.save(db, records)
        for minutes in range(10, 60, 10):
            at = START - timedelta(minutes=minutes)
            store.save(
                db, [replace(m, event_at=at) for m in records if isinstance(m, r.Mark | r.DepthSnapshot)]
            )
        store.save_limits(db, LIMITS.version, LIMITS.body())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _inputs(symbol: str, price: Decimal, heat: float) -> list[object]:
    seen: dict[str, Any] = {"event_at": START, "received_at": START, "source": "rest", "symbol": symbol}
    step = Decimal(str(round(0.0002 * heat, 8)))
    deep = Decimal(round(2_000_000 / heat))
    cost = tuple(heat * 1e-4 * (n + 1) for n in range(len(SLIPPAGE_LADDER_USDT)))
    measures: dict[str, Any] = {
        "close": price, "atr_ratio": 0.01 * heat, "rsi": 50.0, "macd": 0.0, "macd_signal": 0.0,
        "macd_histogram": 0.0, "realised": 0.03, "vol_ratio": heat, "kline_spread": 0.004,
        "volume_ratio": 1.0,
        "kline_risk": 0.004, "beta": 1.0, "sigma_24h": 0.03 * heat, "sigma_method": "ewma",
    }  # fmt: skip
    return [
        *(r.Indicator(**seen, interval=interval, **measures) for interval in ("15m", "1h", "1d")),
        r.DepthSnapshot(
            **seen, venue="usdm", update_id=1, best_bid=price, best_ask=price * (1 + step),
            bid_depth_5_usdt=deep, ask_depth_5_usdt=deep, bid_depth_01pct_usdt=deep,
            ask_depth_01pct_usdt=deep, bid_depth_1pct_usdt=deep * 4, ask_depth_1pct_usdt=deep * 5,
            bid_reach=0.02, ask_reach=0.02, sell_slippage=cost, buy_slippage=cost,
        ),
        r.Ticker(
            **seen, venue="usdm", last_price=price, price_change=0.01, high=price, low=price,
            volume=Decimal(10), quote_volume=Decimal(10_000_000),
        ),
        r.Mark(
            **seen, mark_price=price, index_price=price, funding_rate=0.0002 * heat, next_funding_at=START
        ),
        r.FundingTerms(**seen, interval_hours=8, rate_cap=0.02, rate_floor=-0.02),
        r.FundingSettlement(
            **seen, funding_rate=0.0001, interval_hours=8, mark_price=price, rate_type="Regular"
        ),
        r.OpenInterest(**seen, quantity=Decimal(1000), value_usdt=None),
        r.OpenInterest(
            **(seen | {"event_at": START - timedelta(hours=72)}), quantity=Decimal(900), value_usdt=None
        ),
        r.VenueFunding(
            **seen, venue="okx", funding_rate=0.0001, interval_hours=8.0, funding_8h=0.0001,
            open_interest_usd=None,
        ),
    ]  # fmt: skip
