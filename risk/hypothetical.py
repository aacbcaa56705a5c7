"""A position that nobody held: what an archive lacks of an account, declared and not invented.

It is isolated: `notional / leverage` is set aside for it at the entry, no other position shares it, no fee
or funding is charged, and the mark is taken to be the last price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from risk.exposure import NO_LIQUIDATION, UNDERWATER, Exposure
from risk.margin import Account, Bracket, Liquidation, Position, liquidation
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot
from risk.recurrence import Series

ACCOUNT = "hypothetical"


@dataclass(frozen=True, kw_only=True)
class Hypothetical:
    """One isolated position.

    Attributes:
        side: +1 long, -1 short.
        notional_usdt: at the entry.
        ladder: maintenance brackets, ascending; whatever their date, the output says which.
    """

    symbol: str
    side: int
    leverage: float
    entry_price: float
    notional_usdt: float
    ladder: tuple[LeverageBracket, ...]

    def __post_init__(self) -> None:
        numbers = (self.leverage, self.entry_price, self.notional_usdt)
        if (
            self.side not in (-1, 1)
            or not all(math.isfinite(x) and x > 0 for x in numbers)
            or not self.ladder
        ):
            raise ValueError(
                f"side {self.side}, leverage, entry and notional {numbers}: side is 1 or -1, the others are "
                "above 0, and the ladder has a bracket"
            )

    @cached_property
    def quantity(self) -> Decimal:
        """Coins, signed."""
        return Decimal(repr(round(self.side * self.notional_usdt / self.entry_price, 8)))

    @cached_property
    def wallet(self) -> Decimal:
        """USDT set aside."""
        return Decimal(repr(round(self.notional_usdt / self.leverage, 8)))

    @cached_property
    def liquidation(self) -> Liquidation:
        """The price at which it is liquidated, which no later price moves."""
        brackets = [
            Bracket(float(b.floor_usdt), float(b.cap_usdt), float(b.maintenance_rate), float(b.cum_usdt))
            for b in self.ladder
        ]
        entry = self.entry_price
        held = Position(self.symbol, float(self.quantity), entry, entry, brackets, "BOTH", float(self.wallet))
        return liquidation(Account(0.0, [held]), self.symbol)

    def gone_at(self, high: Series, low: Series) -> int:
        """First bar whose range reaches the liquidation price; the number of bars when none does."""
        price = self.liquidation.price
        if price is None:
            return len(low)
        reached = low <= price if self.side > 0 else high >= price
        return int(np.argmax(reached)) if reached.any() else len(low)

    def exposure(self, at: Series, mark: Series, is_open: NDArray[np.bool_]) -> Exposure:
        """Columns over time (n,) at these marks, USDT per coin; flat where it is not open."""
        coins, wallet = float(self.quantity), float(self.wallet)
        size = np.abs(coins * mark)
        balance = wallet + coins * (mark - self.entry_price)
        needed = _maintenance(size, self.ladder)
        price = self.liquidation.price
        safe = np.where(needed > 0, needed, 1.0)
        cover = np.where(balance <= 0, 0.0, np.where(needed > 0, balance / safe, np.inf))
        distance = np.full(len(mark), np.inf) if price is None else self.side * (mark - price) / mark
        if price is None and self.liquidation.reason == UNDERWATER:
            distance = np.zeros(len(mark))
        sold = np.where(is_open, size, 0.0)
        return Exposure(
            is_watched=True,
            at=at,
            has_position=is_open,
            sell_usdt=sold if self.side > 0 else np.zeros(len(mark)),
            buy_usdt=sold if self.side < 0 else np.zeros(len(mark)),
            cover=np.where(is_open, cover, np.nan),
            distance=np.where(is_open, distance, np.nan),
            is_over=np.zeros(len(mark), dtype=bool),
        )

    def account(
        self, now: datetime, mark: float, *, is_open: bool
    ) -> tuple[AccountSnapshot, tuple[PositionSnapshot, ...]]:
        """What the exchange would have answered at this mark: the account, and the position if it is open."""
        positions = (self._position(now, mark),) if is_open else ()
        unrealized = sum((p.unrealized_usdt for p in positions), Decimal(0))
        needed = sum((p.maintenance_usdt for p in positions), Decimal(0))
        wallet = self.wallet if is_open else Decimal(0)
        nothing = Decimal(0)
        account = AccountSnapshot(
            event_at=now, received_at=now, source="archive", account=ACCOUNT, is_multi_assets=False,
            is_hedge_mode=False, wallet_usdt=wallet, cross_wallet_usdt=nothing,
            cross_unrealized_usdt=nothing, unrealized_usdt=unrealized,
            margin_balance_usdt=wallet + unrealized, maintenance_usdt=needed,
            cross_maintenance_usdt=nothing, initial_usdt=wallet, available_usdt=nothing,
        )  # fmt: skip
        return account, positions

    def _position(self, now: datetime, mark: float) -> PositionSnapshot:
        price, entry = Decimal(repr(mark)), Decimal(repr(self.entry_price))
        notional = self.quantity * price
        needed = float(_maintenance(np.array([abs(float(notional))]), self.ladder)[0])
        found = self.liquidation
        reason = found.reason or ("" if found.price is not None else NO_LIQUIDATION)
        return PositionSnapshot(
            event_at=now, received_at=now, source="archive", account=ACCOUNT, symbol=self.symbol,
            side="BOTH", quantity=self.quantity, entry_price=entry, break_even_price=None,
            mark_price=price, notional_usdt=notional, unrealized_usdt=self.quantity * (price - entry),
            is_isolated=True, isolated_wallet_usdt=self.wallet, leverage=round(self.leverage),
            initial_usdt=self.wallet, maintenance_usdt=Decimal(repr(needed)), adl_rank=None,
            exchange_liquidation_price=None, liquidation_price=found.price, liquidation_reason=reason,
        )  # fmt: skip


def _maintenance(size: Series, ladder: Sequence[LeverageBracket]) -> Series:
    """Maintenance of notionals in USDT: the largest line of the ladder, as it is convex."""
    needed = np.zeros(len(size))
    for tier in ladder:
        np.maximum(needed, size * float(tier.maintenance_rate) - float(tier.cum_usdt), out=needed)
    return needed
