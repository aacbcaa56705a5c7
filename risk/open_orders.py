"""The account's open orders: how sure they are known, what each does, and what protects a position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from risk.records import OpenOrder, PositionSnapshot
from risk.resting import Order

SERVICES: tuple[str, ...] = ("book", "algo")
"""The exchange's two lists of open orders."""

READ_FACTS: Mapping[str, str] = {"book": "open_orders", "algo": "open_algo_orders"}
"""Facts that tell how many orders a list had when it was last read whole, and by their time when."""

GOOD_FOR_S = 180.0
"""Orders are asked for every minute; after three missed rounds nobody knows which there are."""

Cover = Literal["whole", "part", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Protection:
    """The stops that stand behind a position.

    Attributes:
        cover: "unknown" while a list was not read, whatever the last reading showed.
        share: of the position that they close, 0 to 1; None where unknown.
        price: USDT per coin, the nearest trigger; None where there is none or it is not told.
    """

    cover: Cover
    share: float | None = None
    price: float | None = None


def are_known(facts: Mapping[str, float], now_s: float) -> bool:
    """Whether both lists were read whole within the last rounds."""
    return all(now_s - facts.get(f"{name}_at", -GOOD_FOR_S) <= GOOD_FOR_S for name in READ_FACTS.values())


def as_order(row: OpenOrder) -> Order:
    """An open order as `risk.resting` takes it, float64.

    A conditional order without a trigger price moves with the market, as one of an unknown kind may.
    """
    coins = 1.0 if row.closes_position else float(row.quantity)
    return Order(
        row.symbol,
        float(row.trigger_price or row.price or 0),
        coins if row.is_purchase else -coins,
        row.side,
        row.is_reduce_only,
        _trigger(row),
        row.closes_position,
    )


def protection(position: PositionSnapshot, orders: Iterable[OpenOrder], *, is_known: bool) -> Protection:
    """The stops of a position. A take-profit is none, and neither is a stop that only opens or adds."""
    if not is_known:
        return Protection("unknown")
    is_long = position.quantity > 0
    stops = [
        row
        for row in orders
        if (row.symbol, row.side) == (position.symbol, position.side)
        and row.is_purchase is not is_long
        and row.kind.startswith(("STOP", "TRAILING_STOP"))
    ]
    held = abs(position.quantity)
    closed = sum((held if row.closes_position else row.quantity for row in stops), start=held * 0)
    share = min(1.0, float(closed / held)) if held else 0.0
    triggers = [float(row.trigger_price) for row in stops if row.trigger_price is not None]
    nearest = (max(triggers) if is_long else min(triggers)) if triggers else None
    return Protection("whole" if share >= 1.0 else "part" if stops else "none", share, nearest)


def _trigger(row: OpenOrder) -> Literal["", "stop", "profit", "trailing"]:
    if row.kind == "LIMIT":
        return ""
    if row.trigger_price is None:
        return "trailing"
    if row.kind.startswith("STOP"):
        return "stop"
    return "profit" if row.kind.startswith("TAKE_PROFIT") else "trailing"
