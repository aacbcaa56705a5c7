"""Exchange information and leverage brackets: what the exchange says of its contracts."""

from __future__ import annotations

from typing import Any

from risk.simulator.market import SymbolSpec
from risk.simulator.presets import HAIRCUTS
from risk.simulator.printing import decimals, exact
from risk.simulator.world import World

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
ORDER_TYPES = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)


def exchange_info(world: World) -> dict[str, Any]:
    """GET /fapi/v1/exchangeInfo, with the fields that live answers carry beyond the documented ones."""
    limits = [
        {
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": world.config.request_limit,
            "rateLimitType": "REQUEST_WEIGHT",
        },
        {"interval": "MINUTE", "intervalNum": 1, "limit": 1200, "rateLimitType": "ORDERS"},
        {"interval": "SECOND", "intervalNum": 10, "limit": 300, "rateLimitType": "ORDERS"},
    ]
    assets = [
        {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0" if asset == "USDT" else "-0.10"}
        for asset in HAIRCUTS
    ]
    return {
        "exchangeFilters": [],
        "rateLimits": limits,
        "serverTime": world.server_ms(),
        "assets": [*assets, {"asset": "BNB", "marginAvailable": False, "autoAssetExchange": None}],
        "symbols": [symbol_info(world.market.symbols[symbol]) for symbol in world.listed()],
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
    }


def symbol_info(spec: SymbolSpec) -> dict[str, Any]:
    """One contract with its filters."""
    first = spec.brackets[0]
    return {
        "symbol": spec.symbol,
        "pair": spec.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": spec.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": spec.price_precision,
        "quantityPrecision": spec.qty_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW" if spec.symbol == "BTCUSDT" else "Layer-1"],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "filters": filters(spec),
        "orderTypes": list(ORDER_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "liquidationFee": f"{spec.liquidation_fee:.6f}",
        "marketTakeBound": "0.05" if first[4] >= 100 else "0.30",
        "permissionSets": ["GRID", "COPY"],
        "maxMoveOrderLimit": 10000,
    }


def filters(spec: SymbolSpec) -> list[dict[str, Any]]:
    """Price, lot and notional filters."""
    tick, step = plain(spec.tick), plain(spec.step)
    return [
        {
            "filterType": "PRICE_FILTER",
            "maxPrice": plain(spec.reference_price * 1000),
            "minPrice": tick,
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "maxQty": "10000000", "minQty": plain(spec.min_qty), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "maxQty": "590119",
            "minQty": plain(spec.min_qty),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": plain(spec.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def plain(value: float) -> str:
    """A number without exponent and without idle zeros."""
    return f"{exact(value):.{decimals(value)}f}"


def brackets(spec: SymbolSpec) -> dict[str, Any]:
    """The maintenance ladder; numbers, not strings, as the exchange prints them here."""
    rows = [
        {
            "bracket": number,
            "initialLeverage": int(leverage),
            "notionalCap": int(cap),
            "notionalFloor": int(floor),
            "maintMarginRatio": rate,
            "cum": float(cum),
        }
        for number, (floor, cap, rate, cum, leverage) in enumerate(spec.brackets, 1)
    ]
    return {"symbol": spec.symbol, "brackets": rows}
