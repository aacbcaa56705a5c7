"""The order book as one writes it first; the oracle, and the yardstick that peers' processes share.

Standard library only: it also runs inside the peers' own environments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

EVERY = 10
"""Frames between two samples: one a second."""
NOTIONAL = 100_000.0

Pairs = Sequence[Sequence[float]]


def given(path: str) -> tuple[dict[str, Any], list[bytes]]:
    """The arguments of `replay` from a saved tape: a line for the snapshot, one per frame."""
    first, *rest = Path(path).read_bytes().splitlines()
    return json.loads(first), rest


def replay(snapshot: dict[str, Any], frames: Iterable[bytes]) -> list[list[float]]:
    """The measures at every sample: decode, check the chain, apply, evaluate."""
    bids = {float(p): float(q) for p, q in snapshot["bids"]}
    asks = {float(p): float(q) for p, q in snapshot["asks"]}
    last, answers = snapshot["lastUpdateId"], []
    for count, frame in enumerate(frames, 1):
        message = json.loads(frame)["data"]
        if message["pu"] != last:
            raise ValueError(f"gap: {message['pu']} after {last}")
        last = message["u"]
        for side, changes in ((bids, message["b"]), (asks, message["a"])):
            for price, quantity in changes:
                if float(quantity) == 0.0:
                    side.pop(float(price), None)
                else:
                    side[float(price)] = float(quantity)
        if count % EVERY == 0:
            answers.append(evaluate(sorted(bids.items(), reverse=True), sorted(asks.items())))
    return answers


def evaluate(bids: Pairs, asks: Pairs) -> list[float]:
    """Spread, value of the best 5 and within 1 % per side, slippage of a sale and a purchase of 100,000."""
    mid = (bids[0][0] + asks[0][0]) / 2.0
    answer = [(asks[0][0] - bids[0][0]) / mid]
    answer += [sum(price * quantity for price, quantity in side[:5]) for side in (bids, asks)]
    answer += [within(side, mid, 0.01) for side in (bids, asks)]
    return answer + [slippage(side, mid) for side in (bids, asks)]


def within(side: Pairs, mid: float, fraction: float) -> float:
    total = 0.0
    for price, quantity in side:
        if abs(price - mid) > fraction * mid * (1.0 + 1e-12):  # a level on the edge survives rounding
            break
        total += price * quantity
    return total


def slippage(side: Pairs, mid: float) -> float:
    left, coins = NOTIONAL, 0.0
    for price, quantity in side:
        taken = min(left, price * quantity)
        coins += taken / price
        left -= taken
        if left <= 0.0:
            break
    return abs(NOTIONAL / coins / mid - 1.0)


def differs(truth: list[list[float]], answer: list[list[float]]) -> str | None:
    """What is wrong with the answer, in words; None when every number agrees to 1e-9."""
    names = ("spread", "bid 5", "ask 5", "bid 1 %", "ask 1 %", "sell slippage", "buy slippage")
    if len(truth) != len(answer):
        return f"{len(answer)} samples, expected {len(truth)}"
    for number, (right, said) in enumerate(zip(truth, answer, strict=True)):
        for name, a, b in zip(names, right, said, strict=True):
            if not abs(a - b) <= 1e-9 * abs(a) + 1e-12:
                return f"{name} {b:.6g}, is {a:.6g} (sample {number + 1})"
    return None
