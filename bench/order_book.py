"""Path A: from the frame's bytes to the stored sample, once a second, for one BTC book."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import naive_book, peers, tape
from bench.race import Contestant, Goal, Options, Report, Row, judge, missing, race

SUBJECT = "A  order book: decode, chain check, apply; spread, depth and slippage each second"

PEER_GOALS = {"ccxt": 1 / 2.5, "cryptofeed": 1 / 10}
RECORDED_AT = datetime(2024, 8, 8, tzinfo=UTC)


def run(options: Options) -> Iterator[Report]:
    made = tape.generate(500, before=2_938) if options.quick else tape.generate(3_438)
    contestants = [
        Contestant("naive", lambda: naive_book.replay(made.snapshot, made.frames)),
        Contestant("ours", lambda: _ours(made)),
        Contestant(
            "python-binance", lambda: _python_binance(made), missing=missing("binance"), known_wrong=True
        ),
    ]
    report = race(
        f"BTC book, {len(made.frames):,} frames of {sum(map(len, made.frames)) // len(made.frames):,} bytes",
        contestants,
        [Goal("ours", "naive", at_most=0.4)],
        options=options,
        oracle="naive",
        differs=naive_book.differs,
        unit="frame",
        units=len(made.frames),
    )
    _add_peers(report, made, options)
    yield report


def _ours(made: tape.Tape) -> list[list[float]]:
    from risk.adapters.wire_stream import decode_depth
    from risk.book import OrderBook, depth_snapshot
    from risk.records import SLIPPAGE_LADDER_USDT

    rung = SLIPPAGE_LADDER_USDT.index(int(naive_book.NOTIONAL))
    book, answers = OrderBook("BTCUSDT"), []
    book.load_snapshot(made.snapshot)
    for count, frame in enumerate(made.frames, 1):
        book.apply(decode_depth(frame))
        if count % naive_book.EVERY == 0:
            sample = depth_snapshot(book, event_at=RECORDED_AT, received_at=RECORDED_AT)
            numbers = (
                (sample.best_ask - sample.best_bid) / ((sample.best_ask + sample.best_bid) / 2),
                sample.bid_depth_5_usdt,
                sample.ask_depth_5_usdt,
                sample.bid_depth_1pct_usdt,
                sample.ask_depth_1pct_usdt,
                sample.sell_slippage[rung],
                sample.buy_slippage[rung],
            )
            answers.append([float("nan") if x is None else float(x) for x in numbers])
    return answers


def _python_binance(made: tape.Tape) -> list[list[float]]:
    import json

    from binance.ws.depthcache import DepthCache

    cache: Any = DepthCache("BTCUSDT")
    answers = []
    for side, add in (("bids", cache.add_bid), ("asks", cache.add_ask)):
        for level in made.snapshot[side]:
            add(level)
    for count, frame in enumerate(made.frames, 1):
        message = json.loads(frame)["data"]
        for level in message["b"]:
            cache.add_bid(level)
        for level in message["a"]:
            cache.add_ask(level)
        if count % naive_book.EVERY == 0:
            answers.append(naive_book.evaluate(cache.get_bids(), cache.get_asks()))
    return answers


def _add_peers(report: Report, made: tape.Tape, options: Options) -> None:
    """Rows and verdicts of the peers that run in processes of their own, scaled by the plain book."""
    truth = naive_book.replay(made.snapshot, made.frames)
    minima = {row.name: row.minimum for row in report.rows}
    naive, ours = minima["naive"], minima["ours"]
    assert naive is not None and ours is not None
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "tape.jsonl")
        made.save(path)
        for name, at_most in PEER_GOALS.items():
            found = peers.run(name, "book", path, rounds=2 if options.quick else 3)
            wrong = found.missing or naive_book.differs(truth, list(found.answer))
            scaled = None if found.missing else found.ratio * naive
            report.rows.append(Row(name, scaled, None, wrong or "own process, scaled by the naive book"))
            value = ours / scaled if scaled and not wrong else None
            report.verdicts.append(
                judge(f"ours ≤ {at_most:g} × {name}", value, at_most, options, wrong or "across processes")
            )
