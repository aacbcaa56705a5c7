"""Signed endpoints that change how the account works: leverage, margin type, position and asset mode."""

from __future__ import annotations

from typing import Any

from risk.simulator.account_data import every_side, max_notional
from risk.simulator.endpoints import Endpoint, Params, integer, required
from risk.simulator.ledger import ConfigEvent
from risk.simulator.liquidation import bracket_of
from risk.simulator.rejection import Rejection, malformed
from risk.simulator.world import World

DONE = {"code": 200, "msg": "success"}


def leverage(world: World, params: Params) -> Any:
    """POST /fapi/v1/leverage.

    Raises:
        Rejection: -4028 when the brackets do not allow it, -2027 when the position does not.
    """
    account, symbol = world.account, world.symbol(required(params, "symbol"))
    wanted = integer(params, "leverage") or 0
    ladder = account.ladder(symbol)
    if not 1 <= wanted <= ladder[0].leverage:
        raise Rejection(400, -4028, f"Leverage {wanted} is not valid")
    held = every_side(world, symbol)
    for each in held:
        if wanted > bracket_of(ladder, abs(each.quantity * world.marks[symbol])).leverage:
            raise Rejection(400, -2027, "Exceeded the maximum allowable position at current leverage.")
        each.leverage = wanted
    account.leverages[symbol] = wanted
    world.notices.append(ConfigEvent(at_ms=world.now_ms(), symbol=symbol, leverage=wanted))
    return {"leverage": wanted, "maxNotionalValue": max_notional(world, held[0]), "symbol": symbol}


def margin_type(world: World, params: Params) -> Any:
    """POST /fapi/v1/marginType.

    Raises:
        Rejection: -4046 when nothing would change, -4048 with an open position, -4168 in multi-assets mode.
    """
    account, symbol = world.account, world.symbol(required(params, "symbol"))
    wanted = required(params, "marginType")
    if wanted not in ("ISOLATED", "CROSSED"):
        raise malformed("marginType")
    if (wanted == "ISOLATED") == (symbol in account.isolated):
        raise Rejection(400, -4046, "No need to change margin type.")
    if wanted == "ISOLATED" and account.is_multi_assets:
        raise Rejection(400, -4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
    if any(held.symbol == symbol for held in account.open_holdings()):
        raise Rejection(400, -4048, "Margin type cannot be changed if there exists position.")
    account.isolated ^= {symbol}
    for held in account.holdings.values():
        if held.symbol == symbol:
            held.is_isolated = symbol in account.isolated
    return DONE


def position_mode(world: World, params: Params) -> Any:
    """POST /fapi/v1/positionSide/dual.

    Raises:
        Rejection: -4059 when nothing would change, -4068 with open positions.
    """
    wanted = required(params, "dualSidePosition").lower() == "true"
    if wanted == world.account.is_hedge:
        raise Rejection(400, -4059, "No need to change position side.")
    if world.account.open_holdings():
        raise Rejection(400, -4068, "Position side cannot be changed if there exists position.")
    world.account.is_hedge = wanted
    world.account.holdings.clear()
    return DONE


def multi_assets(world: World, params: Params) -> Any:
    """POST /fapi/v1/multiAssetsMargin.

    Raises:
        Rejection: -4171 when nothing would change, -4167 with isolated symbols.
    """
    wanted = required(params, "multiAssetsMargin").lower() == "true"
    if wanted == world.account.is_multi_assets:
        raise Rejection(400, -4171, "No need to change Multi-Assets mode.")
    if wanted and world.account.isolated:
        raise Rejection(400, -4167, "Unable to adjust to Multi-Assets mode with isolated symbols.")
    world.account.is_multi_assets = wanted
    world.notices.append(ConfigEvent(at_ms=world.now_ms(), is_multi_assets=wanted))
    return DONE


TABLE: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/leverage"): Endpoint(leverage, 1, "fapi", "signed"),
    ("POST", "/fapi/v1/marginType"): Endpoint(margin_type, 1, "fapi", "signed"),
    ("POST", "/fapi/v1/positionSide/dual"): Endpoint(position_mode, 1, "fapi", "signed"),
    ("POST", "/fapi/v1/multiAssetsMargin"): Endpoint(multi_assets, 1, "fapi", "signed"),
}
