"""ccxt.pro's binanceusdm, its own depth handler fed with frames; the lists it keeps are walked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import ccxt.pro
from ccxt.async_support.base.ws.client import json_parser

from bench.naive_book import EVERY, evaluate


def replay(snapshot: dict[str, Any], frames: list[bytes]) -> list[list[float]]:
    exchange = ccxt.pro.binanceusdm()
    parsed = {side: [[float(p), float(q)] for p, q in snapshot[side]] for side in ("bids", "asks")}
    book = exchange.order_book(parsed | {"nonce": snapshot["lastUpdateId"], "symbol": "BTCUSDT"})
    exchange.orderbooks["BTCUSDT"] = book
    client = SimpleNamespace(
        url="wss://fstream.binance.com/ws", subscriptions={}, resolve=lambda *_: None, reject=_fail
    )
    answers = []
    for count, frame in enumerate(frames, 1):
        exchange.handle_order_book(client, json_parser.loads(frame)["data"])
        if count % EVERY == 0:
            answers.append(evaluate(book["bids"], book["asks"]))
    return answers


def _fail(error: Exception, _: str) -> None:
    raise error
