"""Public endpoints of six other venues under /venue/NAME, for funding and open interest.

Synthetic: each venue's 8-hour rate is a fixed factor of ours plus a fixed offset, its open interest a
fixed share of ours. Shapes, units and intervals are the venues' own (BINANCE.md 6).
"""

from __future__ import annotations

from typing import Any

from risk.simulator.endpoints import Endpoint, Params, required
from risk.simulator.printing import eight, fraction
from risk.simulator.rejection import bad_symbol
from risk.simulator.world import World

HOUR_MS = 3_600_000
# venue -> (offset of the 8 h rate, its factor against ours, open interest as a share of ours)
AGAINST_US = {
    "okx": (0.00002, 0.9, 0.35),
    "bybit": (0.00001, 1.1, 0.55),
    "bitget": (-0.00001, 0.95, 0.30),
    "gate": (0.00003, 1.0, 0.20),
    "hyperliquid": (-0.00004, 1.2, 0.25),
    "deribit": (0.0, 0.7, 0.10),
}


def rate_8h(world: World, venue: str, symbol: str) -> float:
    """A venue's running rate per eight hours, fraction."""
    offset, factor, _ = AGAINST_US[venue]
    hours = world.market.symbols[symbol].interval_hours
    return offset + factor * world.market.running_funding(symbol) * 8 / hours


def interest(world: World, venue: str, symbol: str) -> float:
    """A venue's open interest in coins."""
    return world.market.open_interest(symbol) * AGAINST_US[venue][2]


def settles_at(world: World, hours: int) -> int:
    """The next settlement on a grid of `hours`, ms."""
    return (world.now_ms() // (hours * HOUR_MS) + 1) * hours * HOUR_MS


def base(world: World, symbol: str) -> str:
    """Asset that a contract counts."""
    return world.market.symbols[symbol].base


def find(world: World, name: str, shape: str) -> list[str]:
    """Our symbols for a venue's instrument name, all without one. `shape` holds {base}.

    Raises:
        Rejection: there is none.
    """
    listed = world.listed()
    if not name or name == "ANY":
        return listed
    found = [symbol for symbol in listed if shape.format(base=base(world, symbol)) == name]
    if not found:
        raise bad_symbol()
    return found


def okx_funding(world: World, params: Params) -> Any:
    """OKX: the current period's rate, its settlement and the next one, as strings."""
    shape, now = "{base}-USDT-SWAP", world.now_ms()
    rows = [
        {
            "formulaType": "noRate",
            "fundingRate": fraction(rate_8h(world, "okx", symbol), 16),
            "fundingTime": str(settles_at(world, 8)),
            "impactValue": "",
            "instId": shape.format(base=base(world, symbol)),
            "instType": "SWAP",
            "interestRate": "",
            "maxFundingRate": "0.00375",
            "method": "current_period",
            "minFundingRate": "-0.00375",
            "nextFundingRate": "",
            "nextFundingTime": str(settles_at(world, 8) + 8 * HOUR_MS),
            "premium": fraction(rate_8h(world, "okx", symbol), 16),
            "settFundingRate": fraction(rate_8h(world, "okx", symbol), 16),
            "settState": "settled",
            "ts": str(now),
        }
        for symbol in find(world, required(params, "instId"), shape)
    ]
    return {"code": "0", "data": rows, "msg": ""}


def okx_interest(world: World, params: Params) -> Any:
    """OKX: contracts, coins and USD; a contract is a hundredth of a coin here."""
    shape = "{base}-USDT-SWAP"
    rows = []
    for symbol in find(world, params.get("instId", ""), shape):
        coins = interest(world, "okx", symbol)
        rows.append(
            {
                "instType": "SWAP",
                "instId": shape.format(base=base(world, symbol)),
                "oi": fraction(coins * 100, 2),
                "oiCcy": fraction(coins, 4),
                "oiUsd": fraction(coins * float(world.marks[symbol]), 4),
                "ts": str(world.now_ms()),
            }
        )
    return {"code": "0", "msg": "", "data": rows}


BYBIT_EMPTY = (
    "predictedDeliveryPrice",
    "basisRate",
    "deliveryFeeRate",
    "basis",
    "preOpenPrice",
    "preQty",
    "curPreListingPhase",
    "basisRateYear",
)


def bybit_tickers(world: World, params: Params) -> Any:
    """Bybit: everything of a contract in one row; interval in hours, as a string."""
    rows = [bybit_row(world, symbol) for symbol in find(world, params.get("symbol", ""), "{base}USDT")]
    category = required(params, "category")
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"category": category, "list": rows},
        "retExtInfo": {},
        "time": world.now_ms(),
    }


def bybit_row(world: World, symbol: str) -> dict[str, Any]:
    """One contract of Bybit."""
    t, price = world.market.ticker(symbol), world.print_price
    coins = interest(world, "bybit", symbol)
    return {
        "symbol": symbol,
        "lastPrice": price(symbol, t["last"]),
        "indexPrice": price(symbol, world.market.index(symbol)),
        "markPrice": price(symbol, world.marks[symbol]),
        "prevPrice24h": price(symbol, t["open"]),
        "price24hPcnt": fraction(t["change_percent"] / 100, 6),
        "highPrice24h": price(symbol, t["high"]),
        "lowPrice24h": price(symbol, t["low"]),
        "prevPrice1h": price(symbol, t["open"]),
        "openInterest": fraction(coins, 3),
        "openInterestValue": fraction(coins * float(world.marks[symbol]), 2),
        "turnover24h": fraction(t["quote_volume"], 4),
        "volume24h": fraction(t["volume"], 4),
        "fundingRate": eight(rate_8h(world, "bybit", symbol)),
        "nextFundingTime": str(settles_at(world, 8)),
        "deliveryTime": "0",
        "ask1Size": fraction(t["ask_qty"], 3),
        "bid1Price": price(symbol, t["bid"]),
        "ask1Price": price(symbol, t["ask"]),
        "bid1Size": fraction(t["bid_qty"], 3),
        "fundingIntervalHour": "8",
        "fundingCap": "0.005",
    } | dict.fromkeys(BYBIT_EMPTY, "")


def bitget_answer(world: World, data: Any) -> dict[str, Any]:
    """Bitget's envelope."""
    return {"code": "00000", "msg": "success", "requestTime": world.now_ms(), "data": data}


def bitget_funding(world: World, params: Params) -> Any:
    """Bitget: rate, interval in hours, next settlement."""
    rows = [
        {
            "symbol": symbol,
            "fundingRate": fraction(rate_8h(world, "bitget", symbol), 6),
            "fundingRateInterval": "8",
            "nextUpdate": str(settles_at(world, 8)),
            "minFundingRate": "-0.003",
            "maxFundingRate": "0.003",
        }
        for symbol in find(world, params.get("symbol", ""), "{base}USDT")
    ]
    return bitget_answer(world, rows)


def bitget_interest(world: World, params: Params) -> Any:
    """Bitget: coins."""
    rows = [
        {"symbol": symbol, "size": fraction(interest(world, "bitget", symbol), 3)}
        for symbol in find(world, required(params, "symbol"), "{base}USDT")
    ]
    return bitget_answer(world, {"openInterestList": rows, "ts": str(world.now_ms())})


def bitget_tickers(world: World, params: Params) -> Any:
    """Bitget: open interest of all contracts as holdingAmount."""
    rows = [
        {
            "symbol": symbol,
            "lastPr": world.print_price(symbol, world.market.last(symbol)),
            "markPrice": world.print_price(symbol, world.marks[symbol]),
            "fundingRate": fraction(rate_8h(world, "bitget", symbol), 6),
            "holdingAmount": fraction(interest(world, "bitget", symbol), 3),
            "ts": str(world.now_ms()),
        }
        for symbol in world.listed()
    ]
    return bitget_answer(world, rows)


def gate_contracts(world: World, params: Params) -> Any:
    """Gate: times in seconds, open interest in contracts of a ten-thousandth coin."""
    return [gate_row(world, symbol) for symbol in world.listed()]


GATE_TERMS: dict[str, Any] = {
    "quanto_multiplier": "0.0001",
    "ref_discount_rate": "0",
    "order_price_deviate": "0.5",
    "maintenance_rate": "0.005",
    "mark_type": "index",
    "risk_limit_base": "1000000",
    "interest_rate": "0.0003",
    "order_price_round": "0.1",
    "order_size_min": 1,
    "ref_rebate_rate": "0.2",
    "risk_limit_step": "1000000",
    "leverage_min": "1",
    "leverage_max": "100",
    "risk_limit_max": "8000000",
    "maker_fee_rate": "-0.00025",
    "taker_fee_rate": "0.00075",
    "order_size_max": 1000000,
    "funding_impact_value": "60000",
    "orders_limit": 50,
}


def gate_row(world: World, symbol: str) -> dict[str, Any]:
    """One contract of Gate."""
    rate = fraction(rate_8h(world, "gate", symbol), 6)
    return {
        "name": f"{base(world, symbol)}_USDT",
        "type": "direct",
        **GATE_TERMS,
        "last_price": world.print_price(symbol, world.market.last(symbol)),
        "mark_price": world.print_price(symbol, world.marks[symbol]),
        "index_price": world.print_price(symbol, world.market.index(symbol)),
        "funding_rate_indicative": rate,
        "mark_price_round": "0.01",
        "funding_offset": 0,
        "in_delisting": False,
        "funding_interval": 28800,
        "funding_rate": rate,
        "funding_next_apply": settles_at(world, 8) // 1000,
        "short_users": 977,
        "config_change_time": world.started_ms // 1000,
        "trade_size": 28530850594,
        "position_size": int(interest(world, "gate", symbol) * 10_000),
        "long_users": 455,
        "trade_id": 10851092,
        "orderbook_id": 2129638396,
    }


def hyperliquid_info(world: World, params: Params) -> Any:
    """Hyperliquid: two parallel lists; funding per hour, open interest in coins."""
    symbols = world.listed()
    names = [
        {"maxLeverage": 50, "name": base(world, s), "onlyIsolated": False, "szDecimals": 2} for s in symbols
    ]
    return [{"universe": names}, [hyperliquid_row(world, symbol) for symbol in symbols]]


def hyperliquid_row(world: World, symbol: str) -> dict[str, Any]:
    """One asset context of Hyperliquid."""
    t, price = world.market.ticker(symbol), world.print_price
    return {
        "dayNtlVlm": fraction(t["quote_volume"], 4),
        "funding": fraction(rate_8h(world, "hyperliquid", symbol) / 8, 10),
        "impactPxs": [price(symbol, t["bid"]), price(symbol, t["ask"])],
        "markPx": price(symbol, world.marks[symbol]),
        "midPx": price(symbol, (t["bid"] + t["ask"]) / 2),
        "openInterest": fraction(interest(world, "hyperliquid", symbol), 2),
        "oraclePx": price(symbol, world.market.index(symbol)),
        "premium": eight(world.market.last(symbol) / world.market.index(symbol) - 1),
        "prevDayPx": price(symbol, t["open"]),
    }


def deribit_summary(world: World, params: Params) -> Any:
    """Deribit: numbers, not strings; open interest in USD, continuous funding quoted per eight hours."""
    name = params.get("instrument_name", "")
    wanted = params.get("currency", "")
    symbols = find(world, name, "{base}-PERPETUAL")
    rows = [deribit_row(world, s) for s in symbols if wanted in ("", base(world, s))]
    now = world.now_ms() * 1000
    return {
        "jsonrpc": "2.0",
        "result": rows,
        "usIn": now,
        "usOut": now + 151,
        "usDiff": 151,
        "testnet": True,
    }


def deribit_row(world: World, symbol: str) -> dict[str, Any]:
    """One perpetual of Deribit."""
    t, mark = world.market.ticker(symbol), float(world.marks[symbol])
    rate = round(rate_8h(world, "deribit", symbol), 8)
    return {
        "high": float(t["high"]),
        "low": float(t["low"]),
        "last": float(t["last"]),
        "instrument_name": f"{base(world, symbol)}-PERPETUAL",
        "bid_price": float(t["bid"]),
        "ask_price": float(t["ask"]),
        "open_interest": round(interest(world, "deribit", symbol) * mark),
        "mark_price": round(mark, 2),
        "creation_timestamp": world.now_ms(),
        "price_change": round(float(t["change_percent"]), 4),
        "volume": round(float(t["volume"]) * 0.01, 8),
        "estimated_delivery_price": round(world.market.index(symbol), 2),
        "base_currency": base(world, symbol),
        "quote_currency": "USD",
        "volume_usd": round(float(t["quote_volume"]) * 0.01, 2),
        "volume_notional": round(float(t["quote_volume"]) * 0.01, 2),
        "current_funding": rate,
        "funding_8h": rate,
        "mid_price": (float(t["bid"]) + float(t["ask"])) / 2,
    }


def venue(handler: Any) -> Endpoint:
    """An endpoint without weight: these venues count for themselves."""
    return Endpoint(handler, 0, "venue")


TABLE: dict[tuple[str, str], Endpoint] = {
    ("GET", "/venue/okx/api/v5/public/funding-rate"): venue(okx_funding),
    ("GET", "/venue/okx/api/v5/public/open-interest"): venue(okx_interest),
    ("GET", "/venue/bybit/v5/market/tickers"): venue(bybit_tickers),
    ("GET", "/venue/bitget/api/v2/mix/market/current-fund-rate"): venue(bitget_funding),
    ("GET", "/venue/bitget/api/v2/mix/market/open-interest"): venue(bitget_interest),
    ("GET", "/venue/bitget/api/v2/mix/market/tickers"): venue(bitget_tickers),
    # Two bases: with and without the version, as one's setting has it.
    ("GET", "/venue/gate/futures/usdt/contracts"): venue(gate_contracts),
    ("GET", "/venue/gate/api/v4/futures/usdt/contracts"): venue(gate_contracts),
    ("POST", "/venue/hyperliquid/info"): venue(hyperliquid_info),
    ("GET", "/venue/deribit/public/get_book_summary_by_instrument"): venue(deribit_summary),
    ("GET", "/venue/deribit/public/get_book_summary_by_currency"): venue(deribit_summary),
    ("GET", "/venue/deribit/api/v2/public/get_book_summary_by_instrument"): venue(deribit_summary),
    ("GET", "/venue/deribit/api/v2/public/get_book_summary_by_currency"): venue(deribit_summary),
}
