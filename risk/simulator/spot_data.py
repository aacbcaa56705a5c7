"""Public spot endpoints under /api/v3, and the wallet's key restrictions."""

from __future__ import annotations

import json
from typing import Any

from risk.simulator.endpoints import Endpoint, Params, by_limit, limit, required
from risk.simulator.market_data import INTERVALS, oldest_or_newest, ping, time
from risk.simulator.printing import eight, fraction
from risk.simulator.rejection import bad_interval, malformed
from risk.simulator.world import World

SPOT_INTERVALS = ("1s", *INTERVALS)


def depth(world: World, params: Params) -> Any:
    """GET /api/v3/depth: any limit, cut to 5000; no E and no T."""
    symbol = world.symbol(required(params, "symbol"))
    snap = world.market.book(symbol, "spot").snapshot(limit(params, 100, 5000))
    bids, asks = ([[f"{p:.8f}", f"{q:.8f}"] for p, q in side] for side in (snap["bids"], snap["asks"]))
    return {"lastUpdateId": snap["lastUpdateId"], "bids": bids, "asks": asks}


def symbols_of(world: World, params: Params) -> list[str]:
    """Symbols of `symbol` or of the JSON array `symbols`; all when neither is sent.

    Raises:
        Rejection: -1130 for an array that is none, -1121.
    """
    if params.get("symbol"):
        return [world.symbol(params["symbol"])]
    if not params.get("symbols"):
        return world.listed()
    try:
        wanted = json.loads(params["symbols"])
    except ValueError as cause:
        raise malformed("symbols") from cause
    return [world.symbol(str(name)) for name in wanted]


def ticker(world: World, params: Params) -> Any:
    """GET /api/v3/ticker/24hr: with quotes, which the futures ticker lacks."""
    rows = [ticker_row(world, symbol) for symbol in symbols_of(world, params)]
    return rows[0] if params.get("symbol") else rows


def ticker_row(world: World, symbol: str) -> dict[str, Any]:
    """24 h statistics of a spot pair."""
    t = world.market.ticker(symbol, "spot")
    return {
        "symbol": symbol,
        "priceChange": eight(t["change"]),
        "priceChangePercent": fraction(t["change_percent"], 3),
        "weightedAvgPrice": eight(t["weighted_average"]),
        "prevClosePrice": eight(t["previous_close"]),
        "lastPrice": eight(t["last"]),
        "lastQty": eight(t["last_qty"]),
        "bidPrice": eight(t["bid"]),
        "bidQty": eight(t["bid_qty"]),
        "askPrice": eight(t["ask"]),
        "askQty": eight(t["ask_qty"]),
        "openPrice": eight(t["open"]),
        "highPrice": eight(t["high"]),
        "lowPrice": eight(t["low"]),
        "volume": eight(t["volume"]),
        "quoteVolume": eight(t["quote_volume"]),
        "openTime": t["open_ms"],
        "closeTime": t["close_ms"],
        "firstId": t["first_id"],
        "lastId": t["last_id"],
        "count": t["count"],
    }


def prices(world: World, params: Params) -> Any:
    """GET /api/v3/ticker/price."""
    rows = [{"symbol": s, "price": eight(world.market.last(s, "spot"))} for s in symbols_of(world, params)]
    return rows[0] if params.get("symbol") else rows


def quotes(world: World, params: Params) -> Any:
    """GET /api/v3/ticker/bookTicker."""
    keys = ("symbol", "bidPrice", "bidQty", "askPrice", "askQty")
    rows = [
        {key: row[key] for key in keys} for row in (ticker_row(world, s) for s in symbols_of(world, params))
    ]
    return rows[0] if params.get("symbol") else rows


def klines(world: World, params: Params) -> Any:
    """GET /api/v3/klines.

    Raises:
        Rejection: -1120 and others.
    """
    symbol, interval = world.symbol(required(params, "symbol")), required(params, "interval")
    if interval not in SPOT_INTERVALS:
        raise bad_interval()
    found = oldest_or_newest(world, params, symbol, limit(params, 500, 1000), venue="spot")
    return [
        [b[0], *map(eight, b[1:6]), b[6], eight(b[7]), b[8], eight(b[9]), eight(b[10]), "0"] for b in found
    ]


def exchange_info(world: World, params: Params) -> Any:
    """GET /api/v3/exchangeInfo."""
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
    ]
    symbols = [pair_info(world, symbol) for symbol in symbols_of(world, params)]
    return {
        "timezone": "UTC",
        "serverTime": world.server_ms(),
        "rateLimits": limits,
        "exchangeFilters": [],
        "symbols": symbols,
    }


def pair_info(world: World, symbol: str) -> dict[str, Any]:
    """One spot pair with its filters."""
    spec = world.market.symbols[symbol]
    tick, step = eight(spec.tick), eight(spec.step)
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": spec.base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000.00000000",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def restrictions(world: World, params: Params) -> Any:
    """GET /sapi/v1/account/apiRestrictions: a key that can only read."""
    return {
        "ipRestrict": False,
        "createTime": 1623840271000,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
    }


def ticker_weight(params: Params) -> int:
    """2 for up to 20 symbols, 40 up to 100, 80 for all."""
    if params.get("symbol"):
        return 2
    if not params.get("symbols"):
        return 80
    count = params["symbols"].count(",") + 1
    return 2 if count <= 20 else 40 if count <= 100 else 80


DEPTH_WEIGHT = by_limit(((100, 5), (500, 25), (1000, 50), (5000, 250)), 100)

TABLE: dict[str, Endpoint] = {
    "/api/v3/ping": Endpoint(ping, 1, "spot"),
    "/api/v3/time": Endpoint(time, 1, "spot"),
    "/api/v3/exchangeInfo": Endpoint(exchange_info, 20, "spot"),
    "/api/v3/depth": Endpoint(depth, DEPTH_WEIGHT, "spot"),
    "/api/v3/klines": Endpoint(klines, 2, "spot"),
    "/api/v3/ticker/24hr": Endpoint(ticker, ticker_weight, "spot"),
    "/api/v3/ticker/price": Endpoint(prices, 2, "spot"),
    "/api/v3/ticker/bookTicker": Endpoint(quotes, 2, "spot"),
    "/sapi/v1/account/apiRestrictions": Endpoint(restrictions, 1, "sapi", "signed"),
}
