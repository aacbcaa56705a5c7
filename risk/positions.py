"""Stored positions with a liquidation price of our own beside the exchange's, and their way out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from risk.components import exit_cost
from risk.exposure import distance
from risk.margin import Account, Bracket, Liquidation, Position, liquidation, maintenance, surface
from risk.records import SLIPPAGE_LADDER_USDT, AccountSnapshot, LeverageBracket, PositionSnapshot
from risk.stress import Pool, Scenario, Stressed, stress_table

Ladders = Mapping[str, Sequence[LeverageBracket]]

SETTLED_IN = "USDT"
"""In single-asset mode the account's totals are those of this asset alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """What leaving one symbol meets; NaN where it is missing or too old to be believed.

    Attributes:
        sigma_24h: forecast sigma of the next 24 h, fraction.
        quote_volume_24h: USDT.
        sell_slippage, buy_slippage: cost per rung of SLIPPAGE_LADDER_USDT, fraction of mid.
    """

    sigma_24h: float = math.nan
    quote_volume_24h: float = math.nan
    sell_slippage: Sequence[float] = (math.nan,) * len(SLIPPAGE_LADDER_USDT)
    buy_slippage: Sequence[float] = (math.nan,) * len(SLIPPAGE_LADDER_USDT)

    def cost(self, notional_usdt: float, depth_left: float = 1.0) -> float:
        """Fraction of mid that closing a signed notional (USDT) pays, long above zero; NaN unknown.

        With a share of the depth left the book takes for each order what it takes for a larger one now.
        """
        ladder = np.array([self.sell_slippage if notional_usdt > 0 else self.buy_slippage], dtype=np.float64)
        if not np.isfinite(ladder).any():
            return math.nan  # the square-root law prices what a book lacks, not a book that nobody sees
        size = np.array([abs(notional_usdt) / depth_left])
        sigma, volume = np.array([self.sigma_24h]), np.array([self.quote_volume_24h])
        return float(exit_cost(ladder, size, sigma, volume)[0])


def judged(
    account: AccountSnapshot,
    positions: Sequence[PositionSnapshot],
    ways_out: Mapping[str, WayOut],
    distance_share: float = 0.5,
) -> tuple[PositionSnapshot, ...]:
    """The positions with their distance, also in forecast daily moves, and whether the book lets them out.

    Args:
        positions: with their liquidation prices (`priced`).
        distance_share: a way out that costs more than this share of the distance is none.
    """
    return tuple(_judged(account, p, ways_out.get(p.symbol, WayOut()), distance_share) for p in positions)


def priced(
    account: AccountSnapshot, positions: Sequence[PositionSnapshot], ladders: Ladders
) -> tuple[PositionSnapshot, ...]:
    """The positions with `liquidation_price` (USDT per coin) and `liquidation_reason` filled in.

    The reason is empty when there is a price, "no_price_above_zero" or "below_maintenance_at_every_price"
    when the account has none, and "no_brackets: SYMBOL" when a ladder is missing: for a cross position that
    is also the case when another cross position's ladder is missing, because its maintenance is in the sum.
    "other_margin_asset": a cross position on a wallet that the account's totals do not tell.
    In multi-assets mode the collateral's worth is held, as every other price is (`collateral_wallet`).
    """
    held = [position for position in positions if position.quantity != 0]
    known = carried(account, held)
    book = Account(
        collateral_wallet(account, held),
        [margin_position(position, ladders) for position in known if position.symbol in ladders],
    )
    unknown_cross = sorted({p.symbol for p in known if not p.is_isolated and p.symbol not in ladders})
    return tuple(
        _priced(position, book, ladders, unknown_cross)
        if position in known
        else replace(position, liquidation_price=None, liquidation_reason="other_margin_asset")
        for position in held
    )


def pools(
    account: AccountSnapshot, positions: Sequence[PositionSnapshot], ladders: Ladders
) -> tuple[Pool, ...]:
    """The cross positions together and every isolated one by itself, as the stress table takes them.

    Raises:
        KeyError: a position's symbol has no ladder.
    """
    held = [p for p in carried(account, positions) if p.quantity != 0]
    cross = [p for p in held if not p.is_isolated]
    wallet = collateral_wallet(account, cross)
    found = [_pool("cross", wallet, cross, ladders, has_collateral=account.is_multi_assets)]
    alone = [p for p in held if p.is_isolated]
    return (*found, *(_pool(_scope(p), float(p.isolated_wallet_usdt), [p], ladders) for p in alone))


def stressed(
    account: AccountSnapshot | None,
    positions: Sequence[PositionSnapshot],
    ladders: Ladders,
    scenarios: Sequence[Scenario],
    betas: Mapping[str, float],
    ways_out: Mapping[str, WayOut],
) -> tuple[Stressed, ...]:
    """What each scenario leaves of an account as it stands; the way out is priced in each symbol's own book.

    Nothing is known before the account's first answer, nor while the ladder of a held symbol is missing.
    """
    if account is None or any(p.symbol not in ladders for p in carried(account, positions)):
        return ()

    def cost(symbol: str, notional_usdt: float, depth_left: float) -> float:
        return ways_out.get(symbol, WayOut()).cost(notional_usdt, depth_left)

    return stress_table(pools(account, positions, ladders), scenarios, betas, cost)


def _pool(
    name: str,
    wallet: float,
    held: Sequence[PositionSnapshot],
    ladders: Ladders,
    *,
    has_collateral: bool = False,
) -> Pool:
    together = [replace(margin_position(p, ladders), isolated_wallet=None) for p in held]
    return Pool(
        name,
        surface(Account(wallet, together)),
        tuple(p.symbol for p in held),
        tuple(_scope(p) for p in held),
        has_collateral,
    )


def _scope(position: PositionSnapshot) -> str:
    return f"{position.symbol}/{'LONG' if position.quantity > 0 else 'SHORT'}"


def carried(account: AccountSnapshot, positions: Sequence[PositionSnapshot]) -> tuple[PositionSnapshot, ...]:
    """The positions that the account's totals stand behind, and the isolated ones."""
    return tuple(p for p in positions if p.is_isolated or is_in_totals(account, p.symbol))


def is_in_totals(account: AccountSnapshot, symbol: str) -> bool:
    """Whether a contract settles in the asset that the account's totals count."""
    return account.is_multi_assets or symbol.split("_")[0].endswith(SETTLED_IN)


def collateral_wallet(account: AccountSnapshot, positions: Sequence[PositionSnapshot]) -> float:
    """The wallet of the cross positions in their own money, USDT.

    In multi-assets mode the account's totals are USD and the positions' figures USDT. What the exchange
    takes a USDT for is the quotient of the account's maintenance and that of its positions.
    """
    wallet = float(account.cross_wallet_usdt)
    if not account.is_multi_assets:
        return wallet
    in_usdt = math.fsum(float(position.maintenance_usdt) for position in positions)
    in_usd = float(account.cross_maintenance_usdt)
    return wallet * in_usdt / in_usd if in_usdt > 0.0 and in_usd > 0.0 else wallet


def margin_position(position: PositionSnapshot, ladders: Ladders) -> Position:
    """A stored position as `risk.margin` takes it, float64.

    Raises:
        KeyError: its symbol has no ladder.
    """
    return Position(
        symbol=position.symbol,
        quantity=float(position.quantity),
        entry_price=float(position.entry_price),
        mark_price=float(position.mark_price),
        brackets=brackets_of(ladders[position.symbol]),
        side=position.side,
        isolated_wallet=float(position.isolated_wallet_usdt) if position.is_isolated else None,
    )


def brackets_of(ladder: Sequence[LeverageBracket]) -> list[Bracket]:
    """A stored ladder as `risk.margin` takes it, float64."""
    return [
        Bracket(
            float(row.floor_usdt),
            float(row.cap_usdt),
            float(row.maintenance_rate),
            float(row.cum_usdt),
            row.max_leverage,
        )
        for row in ladder
    ]


def is_nowhere_milder(ladder: Sequence[LeverageBracket], other: Sequence[LeverageBracket]) -> bool:
    """Whether a ladder asks at every notional for at least the maintenance that another one does.

    False for an empty ladder, which asks for nothing. Both are straight between their floors.
    """
    if not ladder or not other:
        return not other
    ours, theirs = brackets_of(ladder), brackets_of(other)
    floors = {float(row.floor) for row in (*ours, *theirs)}
    asked = [(maintenance(n, ours), maintenance(n, theirs)) for n in floors]
    is_steeper = max(row.rate for row in ours) >= max(row.rate for row in theirs)
    return is_steeper and all(one >= another - 1e-9 * another for one, another in asked)


def _priced(
    position: PositionSnapshot, book: Account, ladders: Ladders, unknown_cross: list[str]
) -> PositionSnapshot:
    missing = unknown_cross if not position.is_isolated else []
    if position.symbol not in ladders:
        missing = [position.symbol]
    if missing:
        return replace(position, liquidation_price=None, liquidation_reason=f"no_brackets: {missing[0]}")
    return _with_facts(position, liquidation(book, position.symbol, position.side))


def _with_facts(position: PositionSnapshot, answer: Liquidation) -> PositionSnapshot:
    exchange = position.exchange_liquidation_price
    has_both = answer.price is not None and exchange is not None and exchange > 0
    return replace(
        position,
        liquidation_price=answer.price,
        liquidation_reason=answer.reason,
        pool_wallet_usdt=answer.wallet,
        other_maintenance_usdt=answer.other_maintenance,
        other_unrealized_usdt=answer.other_unrealized,
        liquidation_tier=answer.tier,
        liquidation_rate=answer.rate,
        liquidation_cum_usdt=answer.cum,
        liquidation_difference=float(answer.price or 0) / float(exchange or 1) - 1.0 if has_both else None,
    )


def _judged(
    account: AccountSnapshot, position: PositionSnapshot, way: WayOut, distance_share: float
) -> PositionSnapshot:
    far = distance(account, position)
    is_near = math.isfinite(far)
    cost = way.cost(float(position.notional_usdt))
    is_priced = math.isfinite(cost) and not math.isnan(far)
    return replace(
        position,
        distance=max(far, 0.0) if is_near else None,
        distance_sigmas=max(far, 0.0) / way.sigma_24h if is_near and way.sigma_24h > 0.0 else None,
        exit_slippage=cost if math.isfinite(cost) else None,
        can_exit=cost <= distance_share * far if is_priced else None,
    )
