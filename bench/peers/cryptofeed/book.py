"""cryptofeed's BinanceFutures, its own message handler fed with frames; Decimals walked as floats."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from cryptofeed.defines import ASK, BID, L2_BOOK
from cryptofeed.exchanges import BinanceFutures
from cryptofeed.symbols import Symbols
from cryptofeed.types import OrderBook

from bench.naive_book import EVERY, evaluate

PAIR = "BTC-USDT-PERP"


def replay(snapshot: dict[str, Any], frames: list[bytes]) -> list[list[float]]:
    return asyncio.run(_replay(snapshot, frames))


async def _replay(snapshot: dict[str, Any], frames: list[bytes]) -> list[list[float]]:
    Symbols.set(BinanceFutures.id, {PAIR: "BTCUSDT"}, {"instrument_type": {PAIR: "perpetual"}})

    async def ignore(book: OrderBook, at: float) -> None:
        return None

    feed = BinanceFutures(symbols=[PAIR], channels=[L2_BOOK], callbacks={L2_BOOK: ignore})
    sides = {side: {Decimal(p): Decimal(q) for p, q in snapshot[side]} for side in ("bids", "asks")}
    feed._l2_book[PAIR] = OrderBook(feed.id, PAIR, max_depth=0, **sides)
    feed.last_update_id[PAIR] = snapshot["lastUpdateId"]
    answers = []
    for count, frame in enumerate(frames, 1):
        await feed.message_handler(frame, None, 0.0)
        if count % EVERY == 0:
            book = feed._l2_book[PAIR].book
            answers.append(evaluate(_pairs(book[BID]), _pairs(book[ASK])))
    return answers


def _pairs(side: Any) -> list[tuple[float, float]]:
    return [(float(price), float(quantity)) for price, quantity in side.to_dict().items()]
