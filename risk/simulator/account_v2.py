"""The superseded v2 account endpoints: every symbol, flat ones too, and leverage as a string."""

from __future__ import annotations

from typing import Any

from risk.simulator.account import Holding
from risk.simulator.account_data import (
    account_config,
    account_v3,
    break_even,
    entry_text,
    every_side,
    liquidation_text,
    max_notional,
    notional,
    signed,
)
from risk.simulator.endpoints import Endpoint, Params
from risk.simulator.printing import amount, eight
from risk.simulator.world import World


def account_v2(world: World, params: Params) -> Any:
    """GET /fapi/v2/account: every symbol, and the account's own switches."""
    found = account_v3(world, params)
    return {
        **account_config(world, params),
        "feeBurn": True,
        **found,
        "assets": [row | {"marginAvailable": True} for row in found["assets"]],
        "positions": [
            v2_account_position(world, held)
            for symbol in world.listed()
            for held in every_side(world, symbol)
        ],
    }


def v2_account_position(world: World, held: Holding) -> dict[str, Any]:
    """A position row of v2 account."""
    mark = world.marks[held.symbol]
    initial = amount(world.account.initial(held, mark))
    return {
        "symbol": held.symbol,
        "initialMargin": initial,
        "maintMargin": amount(world.account.maintenance(held, mark)),
        "unrealizedProfit": eight(held.profit(mark)),
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "leverage": str(held.leverage),
        "isolated": held.is_isolated,
        "entryPrice": entry_text(world, held),
        "maxNotional": max_notional(world, held),
        "bidNotional": "0",
        "askNotional": "0",
        "positionSide": held.side,
        "positionAmt": world.print_quantity(held.symbol, held.quantity),
        "updateTime": held.updated_ms,
    }


def position_risk_v2(world: World, params: Params) -> Any:
    """GET /fapi/v2/positionRisk: every symbol, flat ones too; leverage and isAutoAddMargin are strings."""
    symbols = [world.symbol(params["symbol"])] if params.get("symbol") else world.listed()
    return [v2_risk_row(world, held) for symbol in symbols for held in every_side(world, symbol)]


def v2_risk_row(world: World, held: Holding) -> dict[str, Any]:
    """One row of v2 positionRisk."""
    mark = world.marks[held.symbol]
    profit = held.profit(mark)
    return {
        "symbol": held.symbol,
        "positionAmt": world.print_quantity(held.symbol, held.quantity),
        "entryPrice": entry_text(world, held),
        "breakEvenPrice": break_even(world, held),
        "markPrice": eight(mark),
        "unRealizedProfit": eight(profit),
        "liquidationPrice": liquidation_text(world, held),
        "leverage": str(held.leverage),
        "maxNotionalValue": max_notional(world, held),
        "marginType": "isolated" if held.is_isolated else "cross",
        "isolatedMargin": eight(held.isolated_wallet + profit) if held.is_isolated else "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": held.side,
        "notional": amount(notional(world, held)),
        "isolatedWallet": amount(held.isolated_wallet),
        "updateTime": held.updated_ms,
    }


TABLE: dict[str, Endpoint] = {
    "/fapi/v2/account": signed(account_v2, 5),
    "/fapi/v2/positionRisk": signed(position_risk_v2, 5),
}
