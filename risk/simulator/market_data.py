"""Public futures endpoints under /fapi."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from risk.simulator.contracts import exchange_info
from risk.simulator.endpoints import Endpoint, Params, by_limit, by_symbol, integer, limit, required
from risk.simulator.market import Bar, Kind, Venue
from risk.simulator.presets import HAIRCUTS, index_of
from risk.simulator.printing import eight, fraction
from risk.simulator.rejection import Rejection, bad_depth_limit, bad_interval, missing
from risk.simulator.world import World

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
KLINE_WEIGHT = by_limit(((99, 1), (499, 2), (1000, 5), (1500, 10)), 500)
ALL_BARS = 100_000  # more than any interval has
DEFAULT_CAP, DEFAULT_INTERVAL_H = 0.02, 8  # contracts that have these are missing in fundingInfo
MARKLESS_AFTER_MS = 300 * 86_400_000  # older settlements have no mark price (really: before 2023-10-31)
HALF_HOUR_MS = 1_800_000


def ping(world: World, params: Params) -> Any:
    """GET /fapi/v1/ping."""
    return {}


def time(world: World, params: Params) -> Any:
    """GET /fapi/v1/time."""
    return {"serverTime": world.server_ms()}


def info(world: World, params: Params) -> Any:
    """GET /fapi/v1/exchangeInfo."""
    return exchange_info(world)


def depth(world: World, params: Params) -> Any:
    """GET /fapi/v1/depth: no other limits than the seven documented ones."""
    symbol = world.symbol(required(params, "symbol"))
    wanted = params.get("limit", "500")
    if wanted not in map(str, DEPTH_LIMITS):
        raise bad_depth_limit(wanted)
    snap = world.snapshot(symbol, int(wanted))
    return {
        "lastUpdateId": snap["lastUpdateId"],
        "E": world.now_ms(),
        "T": snap["T"],
        "bids": levels(world, symbol, snap["bids"]),
        "asks": levels(world, symbol, snap["asks"]),
    }


def levels(world: World, symbol: str, rows: list[tuple[float, float]]) -> list[list[str]]:
    """Book levels as [price, quantity] strings."""
    spec = world.market.symbols[symbol]
    price, quantity = spec.price_precision, spec.qty_precision
    return [[f"{p:.{price}f}", f"{q:.{quantity}f}"] for p, q in rows]


def one_or_all(world: World, params: Params, row: Callable[[World, str], dict[str, Any]]) -> Any:
    """An object with a symbol, an array of all without."""
    if params.get("symbol"):
        return row(world, world.symbol(params["symbol"]))
    return [row(world, symbol) for symbol in world.listed()]


def ticker_row(world: World, symbol: str) -> dict[str, Any]:
    """24 h statistics of a contract."""
    t = world.market.ticker(symbol)
    return {
        "symbol": symbol,
        "priceChange": world.print_price(symbol, t["change"]),
        "priceChangePercent": fraction(t["change_percent"], 3),
        "weightedAvgPrice": world.print_price(symbol, t["weighted_average"]),
        "lastPrice": world.print_price(symbol, t["last"]),
        "lastQty": world.print_quantity(symbol, t["last_qty"]),
        "openPrice": world.print_price(symbol, t["open"]),
        "highPrice": world.print_price(symbol, t["high"]),
        "lowPrice": world.print_price(symbol, t["low"]),
        "volume": world.print_quantity(symbol, t["volume"]),
        "quoteVolume": fraction(t["quote_volume"], 2),
        "openTime": t["open_ms"],
        "closeTime": t["close_ms"],
        "firstId": t["first_id"],
        "lastId": t["last_id"],
        "count": t["count"],
    }


def price_row(world: World, symbol: str) -> dict[str, Any]:
    """Last price of a contract."""
    price = world.print_price(symbol, world.market.last(symbol))
    return {"symbol": symbol, "price": price, "time": world.now_ms()}


def book_ticker_row(world: World, symbol: str) -> dict[str, Any]:
    """Best quotes of a contract."""
    book = world.market.book(symbol)
    best = book.snapshot(1)
    (bid,), (ask,) = levels(world, symbol, best["bids"]), levels(world, symbol, best["asks"])
    return {
        "symbol": symbol,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
        "time": world.now_ms(),
        "lastUpdateId": best["lastUpdateId"],
    }


def premium_row(world: World, symbol: str) -> dict[str, Any]:
    """Mark, index, running funding rate and the next settlement."""
    market = world.market
    return {
        "symbol": symbol,
        "markPrice": eight(world.marks[symbol]),
        "indexPrice": eight(market.index(symbol)),
        "estimatedSettlePrice": eight(market.estimated_settle(symbol)),
        "lastFundingRate": eight(market.running_funding(symbol)),
        "interestRate": "0.00010000",
        "nextFundingTime": market.next_funding_ms(symbol),
        "time": world.now_ms(),
    }


def bars(world: World, params: Params, symbol: str, kind: Kind) -> list[Bar]:
    """Bars that a kline call asks for.

    Raises:
        Rejection: -1102 or -1120.
    """
    interval = required(params, "interval")
    if interval not in INTERVALS:
        raise bad_interval()
    return oldest_or_newest(world, params, symbol, limit(params, 500, 1500), kind=kind)


def oldest_or_newest(
    world: World, params: Params, symbol: str, most: int, *, kind: Kind = "trade", venue: Venue = "usdm"
) -> list[Bar]:
    """With startTime the oldest bars from there, be it before the first bar of all; else the newest.

    Raises:
        Rejection: -1120.
    """
    interval, read = params["interval"], world.market.klines
    start, end = integer(params, "startTime"), integer(params, "endTime")
    try:
        found = read(symbol, interval, start, end, most, kind=kind, venue=venue)
        if found or start is None:
            return found
        every = read(symbol, interval, None, end, ALL_BARS, kind=kind, venue=venue)
    except ValueError as cause:
        raise bad_interval() from cause
    return [bar for bar in every if bar[0] >= start][:most]


def kline_row(world: World, symbol: str, bar: Bar) -> list[Any]:
    """A trade bar as the exchange prints it."""
    price, coins = world.print_price, world.print_quantity
    return [
        bar[0],
        *(price(symbol, value) for value in bar[1:5]),
        coins(symbol, bar[5]),
        bar[6],
        fraction(bar[7], 5),
        bar[8],
        coins(symbol, bar[9]),
        fraction(bar[10], 5),
        "0",
    ]


def klines(world: World, params: Params) -> Any:
    """GET /fapi/v1/klines: the last row is normally unfinished."""
    symbol = world.symbol(required(params, "symbol"))
    return [kline_row(world, symbol, bar) for bar in bars(world, params, symbol, "trade")]


def continuous_klines(world: World, params: Params) -> Any:
    """GET /fapi/v1/continuousKlines: perpetual contracts only."""
    pair, kind = required(params, "pair"), required(params, "contractType")
    if kind != "PERPETUAL":
        raise Rejection(400, -1128, "Combination of optional parameters invalid.")
    return klines(world, {**params, "symbol": pair})


def priced_klines(kind: Kind, name: str) -> Callable[[World, Params], Any]:
    """Handler of mark, index and premium klines: eight decimals, columns of volume are "0"."""

    def handler(world: World, params: Params) -> Any:
        symbol = world.symbol(required(params, name))
        return [
            [bar[0], *(eight(v) for v in bar[1:5]), "0", bar[6], "0", bar[8], "0", "0", "0"]
            for bar in bars(world, params, symbol, kind)
        ]

    return handler


def funding_rate(world: World, params: Params) -> Any:
    """GET /fapi/v1/fundingRate: settled rates, ascending, the oldest `limit` from startTime."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    most = limit(params, 200 if start is None and end is None else 100, 1000)
    symbols = [world.symbol(params["symbol"])] if params.get("symbol") else world.listed()
    rows: list[dict[str, Any]] = [
        {
            "symbol": symbol,
            "fundingRate": eight(rate),
            "fundingTime": at,
            "markPrice": eight(mark) if mark > 0 and world.now_ms() - at < MARKLESS_AFTER_MS else "",
            "rateType": "Regular",
        }
        for symbol in symbols
        for at, rate, mark in world.market.funding_history(symbol, start, end, most)
    ]
    rows.sort(key=lambda row: row["fundingTime"])
    return rows[:most] if start is not None else rows[-most:]


def funding_info(world: World, params: Params) -> Any:
    """GET /fapi/v1/fundingInfo: only contracts whose cap or interval differs from the default."""
    rows = []
    for symbol in world.listed():
        spec = world.market.symbols[symbol]
        if spec.interval_hours == DEFAULT_INTERVAL_H and spec.rate_cap == DEFAULT_CAP:
            continue
        rows.append(
            {
                "symbol": symbol,
                "adjustedFundingRateCap": eight(spec.rate_cap),
                "adjustedFundingRateFloor": eight(-spec.rate_cap),
                "fundingIntervalHours": spec.interval_hours,
                "disclaimer": False,
                "updateTime": world.started_ms,
            }
        )
    return rows


def open_interest(world: World, params: Params) -> Any:
    """GET /fapi/v1/openInterest, in coins."""
    symbol = world.symbol(required(params, "symbol"))
    coins = world.print_quantity(symbol, world.market.open_interest(symbol))
    return {"openInterest": coins, "symbol": symbol, "time": world.now_ms()}


def insurance(world: World, params: Params) -> Any:
    """GET /fapi/v1/insuranceBalance: the group of a symbol, or every group."""
    used = float(world.account.insurance_used)
    groups: list[dict[str, Any]] = [
        {
            "symbols": list(fund.symbols),
            "assets": [
                {
                    "asset": asset,
                    "marginBalance": eight(value - used if asset == "USDT" and not number else value),
                    "updateTime": fund.updated_ms,
                }
                for asset, value in fund.balances.items()
            ],
        }
        for number, fund in enumerate(world.market.insurance())
    ]
    if not params.get("symbol"):
        return groups
    symbol = world.symbol(params["symbol"])
    return next((group for group in groups if symbol in group["symbols"]), groups[0])


def adl_row(world: World, symbol: str) -> dict[str, Any]:
    """ADL risk of a contract, refreshed every half hour."""
    refreshed = world.now_ms() // HALF_HOUR_MS * HALF_HOUR_MS
    return {"symbol": symbol, "adlRisk": world.market.adl_level(symbol), "updateTime": refreshed}


def asset_index(world: World, params: Params) -> Any:
    """GET /fapi/v1/assetIndex: collateral assets of multi-assets mode in USD."""
    rows = [asset_row(world, asset) for asset in HAIRCUTS]
    if not params.get("symbol"):
        return rows
    found = [row for row in rows if row["symbol"] == params["symbol"]]
    if not found:
        raise missing("symbol")
    return found[0]


def asset_row(world: World, asset: str) -> dict[str, Any]:
    """Index of one asset with its buffers and the rates they give."""
    index, buffer = index_of(asset, world.marks), HAIRCUTS[asset]
    half = buffer / 2
    return {
        "symbol": f"{asset}USD",
        "time": world.now_ms(),
        "index": eight(index),
        "bidBuffer": eight(buffer),
        "askBuffer": eight(buffer),
        "bidRate": eight(index * (1 - buffer)),
        "askRate": eight(index * (1 + buffer)),
        "autoExchangeBidBuffer": eight(half),
        "autoExchangeAskBuffer": eight(half),
        "autoExchangeBidRate": eight(index * (1 - half)),
        "autoExchangeAskRate": eight(index * (1 + half)),
    }


def rows_of(row: Callable[[World, str], dict[str, Any]]) -> Callable[[World, Params], Any]:
    """Handler that answers with one row, or with all."""
    return lambda world, params: one_or_all(world, params, row)


DEPTH_WEIGHT = by_limit(((50, 2), (100, 5), (500, 10), (1000, 20)), 500)

TABLE: dict[str, Endpoint] = {
    "/fapi/v1/ping": Endpoint(ping),
    "/fapi/v1/time": Endpoint(time),
    "/fapi/v1/exchangeInfo": Endpoint(info),
    "/fapi/v1/depth": Endpoint(depth, DEPTH_WEIGHT),
    "/fapi/v1/ticker/24hr": Endpoint(rows_of(ticker_row), by_symbol(1, 40)),
    "/fapi/v1/ticker/price": Endpoint(rows_of(price_row), by_symbol(1, 2)),
    "/fapi/v2/ticker/price": Endpoint(rows_of(price_row), by_symbol(1, 2)),
    "/fapi/v1/ticker/bookTicker": Endpoint(rows_of(book_ticker_row), by_symbol(2, 5)),
    "/fapi/v1/klines": Endpoint(klines, KLINE_WEIGHT),
    "/fapi/v1/continuousKlines": Endpoint(continuous_klines, KLINE_WEIGHT),
    "/fapi/v1/markPriceKlines": Endpoint(priced_klines("mark", "symbol"), KLINE_WEIGHT),
    "/fapi/v1/indexPriceKlines": Endpoint(priced_klines("index", "pair"), KLINE_WEIGHT),
    "/fapi/v1/premiumIndexKlines": Endpoint(priced_klines("premium", "symbol"), KLINE_WEIGHT),
    "/fapi/v1/premiumIndex": Endpoint(rows_of(premium_row), by_symbol(1, 10)),
    "/fapi/v1/fundingRate": Endpoint(funding_rate, 1, "funding"),
    "/fapi/v1/fundingInfo": Endpoint(funding_info, 1, "funding"),
    "/fapi/v1/openInterest": Endpoint(open_interest),
    "/fapi/v1/insuranceBalance": Endpoint(insurance),
    "/fapi/v1/symbolAdlRisk": Endpoint(rows_of(adl_row)),
    "/fapi/v1/assetIndex": Endpoint(asset_index, by_symbol(1, 10)),
}
