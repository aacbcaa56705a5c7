"""Which forced order ended a position that the account no longer shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from flows.steps import is_ended_by
from risk.adapters.store import GonePosition
from risk.adapters.wire import OwnForcedOrder
from tests.adapters import rows as x

SECOND = timedelta(seconds=1)
LONG = replace(x.POSITION, symbol="BTCUSDT", side="LONG", quantity=Decimal("0.25"))
GONE = GonePosition(position=LONG, vanished_at=x.NOW + 5 * SECOND)
ORDER = OwnForcedOrder(
    event_at=x.NOW + 3 * SECOND, received_at=x.NOW + 6 * SECOND, account="default", symbol="BTCUSDT",
    order_id=1, kind="liquidation", side="SELL", position_side="LONG", price=Decimal(60_000),
    average_price=Decimal(60_010), quantity=Decimal("0.25"), filled_quantity=Decimal("0.25"),
)  # fmt: skip


def test_an_order_that_sold_the_long_between_the_polls_ended_it() -> None:
    assert is_ended_by(GONE, ORDER)
    one_way = GonePosition(position=replace(LONG, side="BOTH"), vanished_at=GONE.vanished_at)
    assert is_ended_by(one_way, replace(ORDER, position_side="BOTH"))


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "ETHUSDT"},
        {"side": "BUY", "position_side": "SHORT"},  # the hedge was liquidated, the long was closed by hand
        {"side": "BUY"},
        {"event_at": x.NOW - timedelta(minutes=3)},  # of an earlier position
        {"event_at": x.NOW + timedelta(minutes=3)},  # of a later one
    ],
)
def test_another_position_s_order_did_not(other: dict[str, object]) -> None:
    assert not is_ended_by(GONE, replace(ORDER, **other))  # type: ignore[arg-type]
