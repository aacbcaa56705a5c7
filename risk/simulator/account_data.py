"""Signed endpoints that read the account. Keys and types as the exchange prints them (BINANCE.md 2.3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from risk.simulator.account import DEFAULT_LEVERAGE, Holding
from risk.simulator.clearing import adl_rank
from risk.simulator.contracts import brackets
from risk.simulator.endpoints import Endpoint, Params
from risk.simulator.printing import EIGHT, ZERO, amount, cut, eight
from risk.simulator.world import World

NONE_OPEN = {"openOrderInitialMargin": "0", "bidNotional": "0", "askNotional": "0"}


# ---- figures shared by the rows


def notional(world: World, held: Holding) -> Decimal:
    """Signed notional in USDT, cut off as printed; everything else is computed from the same mark."""
    return cut(held.quantity * world.marks[held.symbol])


def entry_text(world: World, held: Holding) -> str:
    """Entry price without idle zeros, "0.0" where flat."""
    return f"{held.entry.normalize():f}" if held.entry else "0.0"


def break_even(world: World, held: Holding) -> str:
    """Entry price shifted by the fee of the way out."""
    if not held.quantity:
        return "0.0"
    side = 1 if held.quantity > 0 else -1
    return f"{cut(held.entry * (1 + side * world.account.taker_fee), EIGHT).normalize():f}"


def liquidation_text(world: World, held: Holding) -> str:
    """Liquidation price, "0" where there is none."""
    found = world.account.liquidation_price(held, world.marks)
    return eight(found) if found is not None else "0"


def asset_totals(world: World, asset: str) -> dict[str, Decimal]:
    """Money of one asset: wallet, profit, margins. Positions are margined in USDT."""
    account, marks = world.account, world.marks
    is_usdt = asset == "USDT"
    held = account.open_holdings() if is_usdt else []
    initial = sum((account.initial(h, marks[h.symbol]) for h in held), ZERO)
    wallet, profit = account.total_wallet(asset), sum((h.profit(marks[h.symbol]) for h in held), ZERO)
    cross_profit = account.cross_profit(marks) if is_usdt else ZERO
    cross_initial = sum((account.initial(h, marks[h.symbol]) for h in account.cross()), ZERO)
    free = account.wallet.get(asset, ZERO) + cross_profit - (cross_initial if is_usdt else ZERO)
    if account.is_multi_assets:
        free = account.cross_wallet() * account.rate("USDT") + account.cross_profit(marks) - cross_initial
    return {
        "walletBalance": wallet,
        "unrealizedProfit": profit,
        "marginBalance": wallet + profit,
        "maintMargin": sum((account.maintenance(h, marks[h.symbol]) for h in held), ZERO),
        "initialMargin": initial,
        "positionInitialMargin": initial,
        "openOrderInitialMargin": ZERO,
        "crossWalletBalance": account.wallet.get(asset, ZERO),
        "crossUnPnl": cross_profit,
        "availableBalance": max(free, ZERO),
        "maxWithdrawAmount": max(min(free, account.wallet.get(asset, ZERO)), ZERO),
    }


def totals(world: World) -> dict[str, str]:
    """The `total…` fields: USDT alone, or every asset at its USD rate in multi-assets mode."""
    account = world.account
    assets = list(account.wallet) if account.is_multi_assets else ["USDT"]
    sums: dict[str, Decimal] = {}
    for asset in assets:
        rate = account.rate(asset) if account.is_multi_assets else Decimal(1)
        for name, value in asset_totals(world, asset).items():
            sums[name] = sums.get(name, ZERO) + value * rate
    free = asset_totals(world, "USDT")["availableBalance"]
    total = {f"total{name[0].upper()}{name[1:]}": eight(value) for name, value in sums.items()}
    for name in ("totalAvailableBalance", "totalMaxWithdrawAmount"):
        total.pop(name)
    return total | {"availableBalance": eight(free), "maxWithdrawAmount": eight(free)}


def v3_position(world: World, held: Holding) -> dict[str, Any]:
    """A position row of v3 account: no entry price, no mark, no liquidation price."""
    mark = world.marks[held.symbol]
    profit = held.profit(mark)
    return {
        "symbol": held.symbol,
        "positionSide": held.side,
        "positionAmt": world.print_quantity(held.symbol, held.quantity),
        "unrealizedProfit": eight(profit),
        "isolatedMargin": eight(held.isolated_wallet + profit) if held.is_isolated else "0",
        "notional": amount(notional(world, held)),
        "isolatedWallet": amount(held.isolated_wallet),
        "initialMargin": amount(world.account.initial(held, mark)),
        "maintMargin": amount(world.account.maintenance(held, mark)),
        "updateTime": held.updated_ms,
    }


def every_side(world: World, symbol: str) -> list[Holding]:
    """The positions of a symbol as v2 lists them, flat ones too."""
    account = world.account
    leverage, is_isolated = account.leverages.get(symbol, DEFAULT_LEVERAGE), symbol in account.isolated
    return [
        account.holdings.get((symbol, side))
        or Holding(symbol=symbol, side=side, leverage=leverage, is_isolated=is_isolated)
        for side in (("LONG", "SHORT") if account.is_hedge else ("BOTH",))
    ]


# ---- endpoints


def account_v3(world: World, params: Params) -> Any:
    """GET /fapi/v3/account: positions with an amount only."""
    rows = [
        {name: eight(value) for name, value in asset_totals(world, asset).items()}
        | {"asset": asset, "updateTime": world.account.updated_ms}
        for asset in world.account.wallet
    ]
    positions = [v3_position(world, held) for held in world.account.open_holdings()]
    return totals(world) | {"assets": rows, "positions": positions}


def max_notional(world: World, held: Holding) -> str:
    """Largest notional that the chosen leverage allows."""
    ladder = world.account.ladder(held.symbol)
    caps = [bracket.cap for bracket in ladder if bracket.leverage >= held.leverage]
    return f"{int(max(caps, default=ladder[0].cap))}"


def balance(world: World, params: Params) -> Any:
    """GET /fapi/v3/balance and v2."""
    rows = []
    for asset in world.account.wallet:
        t = asset_totals(world, asset)
        rows.append(
            {
                "accountAlias": "SgsR",
                "asset": asset,
                "balance": eight(t["walletBalance"]),
                "crossWalletBalance": eight(t["crossWalletBalance"]),
                "crossUnPnl": eight(t["crossUnPnl"]),
                "availableBalance": eight(t["availableBalance"]),
                "maxWithdrawAmount": eight(t["maxWithdrawAmount"]),
                "marginAvailable": True,
                "updateTime": world.account.updated_ms,
            }
        )
    return rows


def risk_rows(world: World, params: Params) -> list[Holding]:
    """Open positions, of one symbol if it is sent."""
    held = world.account.open_holdings()
    symbol = params.get("symbol")
    return [h for h in held if h.symbol == world.symbol(symbol)] if symbol else held


def position_risk_v3(world: World, params: Params) -> Any:
    """GET /fapi/v3/positionRisk: symbols with a position only."""
    rows = []
    for held in risk_rows(world, params):
        mark, account = world.marks[held.symbol], world.account
        initial, profit = amount(account.initial(held, mark)), held.profit(mark)
        equity = account.cross_wallet() + account.cross_profit(world.marks)
        rows.append(
            {
                "symbol": held.symbol,
                "positionSide": held.side,
                "positionAmt": world.print_quantity(held.symbol, held.quantity),
                "entryPrice": entry_text(world, held),
                "breakEvenPrice": break_even(world, held),
                "markPrice": eight(mark),
                "unRealizedProfit": eight(profit),
                "liquidationPrice": liquidation_text(world, held),
                "isolatedMargin": eight(held.isolated_wallet + profit) if held.is_isolated else "0",
                "notional": amount(notional(world, held)),
                "marginAsset": "USDT",
                "isolatedWallet": amount(held.isolated_wallet),
                "initialMargin": initial,
                "maintMargin": amount(account.maintenance(held, mark)),
                "positionInitialMargin": initial,
                **NONE_OPEN,
                "adl": adl_rank(held, mark, held.isolated_wallet + profit if held.is_isolated else equity),
                "updateTime": held.updated_ms,
            }
        )
    return rows


def symbol_config(world: World, params: Params) -> Any:
    """GET /fapi/v1/symbolConfig."""
    symbols = [world.symbol(params["symbol"])] if params.get("symbol") else world.listed()
    first = {symbol: every_side(world, symbol)[0] for symbol in symbols}
    return [
        {
            "symbol": symbol,
            "marginType": "ISOLATED" if held.is_isolated else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": held.leverage,
            "maxNotionalValue": max_notional(world, held),
        }
        for symbol, held in first.items()
    ]


def account_config(world: World, params: Params) -> Any:
    """GET /fapi/v1/accountConfig."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": world.account.is_hedge,
        "updateTime": 0,
        "multiAssetsMargin": world.account.is_multi_assets,
        "tradeGroupId": -1,
    }


def leverage_bracket(world: World, params: Params) -> Any:
    """GET /fapi/v1/leverageBracket: an array, an object with a symbol."""
    if params.get("symbol"):
        return brackets(world.market.symbols[world.symbol(params["symbol"])])
    return [brackets(world.market.symbols[symbol]) for symbol in world.listed()]


def switch(name: str, read: Callable[[World], bool]) -> Callable[[World, Params], Any]:
    """Handler that tells one switch of the account."""
    return lambda world, params: {name: read(world)}


def adl_quantile(world: World, params: Params) -> Any:
    """GET /fapi/v1/adlQuantile."""
    rows: dict[str, dict[str, int]] = {}
    for row, held in zip(position_risk_v3(world, params), risk_rows(world, params), strict=True):
        blank = {
            "LONG": 0,
            "SHORT": 0,
            "HEDGE" if world.account.is_hedge and not held.is_isolated else "BOTH": 0,
        }
        rows.setdefault(held.symbol, blank)[held.side] = row["adl"]
    return [{"symbol": symbol, "adlQuantile": ranks} for symbol, ranks in rows.items()]


def signed(handler: Callable[[World, Params], Any], weight: int | Callable[[Params], int]) -> Endpoint:
    """A USER_DATA endpoint."""
    return Endpoint(handler, weight, "fapi", "signed")


TABLE: dict[str, Endpoint] = {
    "/fapi/v3/account": signed(account_v3, 5),
    "/fapi/v2/balance": signed(balance, 5),
    "/fapi/v3/balance": signed(balance, 5),
    "/fapi/v3/positionRisk": signed(position_risk_v3, 5),
    "/fapi/v1/symbolConfig": signed(symbol_config, 5),
    "/fapi/v1/accountConfig": signed(account_config, 5),
    "/fapi/v1/leverageBracket": signed(leverage_bracket, 1),
    "/fapi/v2/leverageBracket": signed(leverage_bracket, 1),
    "/fapi/v1/multiAssetsMargin": signed(
        switch("multiAssetsMargin", lambda w: w.account.is_multi_assets), 30
    ),
    "/fapi/v1/positionSide/dual": signed(switch("dualSidePosition", lambda w: w.account.is_hedge), 30),
    "/fapi/v1/adlQuantile": signed(adl_quantile, 5),
}
