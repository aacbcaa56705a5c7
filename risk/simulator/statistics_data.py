"""Statistics endpoints under /futures/data: 30 days, ends or starts of periods, their own pool."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from risk.simulator.endpoints import Endpoint, Params, integer, limit, required
from risk.simulator.market import Bar, Kind
from risk.simulator.printing import cut, eight, exact, fraction
from risk.simulator.rejection import bad_interval
from risk.simulator.world import World

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def period_of(params: Params) -> str:
    """The statistics period.

    Raises:
        Rejection: -1102 or -1120.
    """
    period = required(params, "period")
    if period not in PERIODS:
        raise bad_interval()
    return period


def open_interest_history(world: World, params: Params) -> Any:
    """GET /futures/data/openInterestHist: ends of periods; those without trades are absent."""
    symbol = world.symbol(required(params, "symbol"))
    start, end = integer(params, "startTime"), integer(params, "endTime")
    rows = world.market.open_interest_history(symbol, period_of(params), start, end, limit(params, 30, 500))
    return [
        {
            "symbol": symbol,
            "sumOpenInterest": eight(coins),
            "sumOpenInterestValue": eight(value),
            "CMCCirculatingSupply": eight(coins * 200),
            "timestamp": at,
        }
        for at, coins, value in rows
    ]


def period_bars(world: World, params: Params, symbol: str, kind: Kind = "trade") -> list[Bar]:
    """Finished bars of a statistics call."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    most = limit(params, 30, 500)
    found = world.market.klines(symbol, period_of(params), start, end, most + 1, kind=kind)
    return [bar for bar in found if bar[6] < world.now_ms()][-most:]


def account_ratio(salt: str) -> Callable[[World, Params], Any]:
    """Handler of a long/short ratio: synthetic, steady for the same period, leaning against the last move."""

    def handler(world: World, params: Params) -> Any:
        symbol = world.symbol(required(params, "symbol"))
        rows = []
        for bar in period_bars(world, params, symbol):
            noise = zlib.crc32(f"{salt}{symbol}{bar[0]}".encode()) / 2**32 - 0.5
            share = min(0.85, max(0.15, 0.58 + 0.05 * noise - 3 * (bar[4] / bar[1] - 1)))
            long, short = cut(share, exact("0.0001")), 1 - cut(share, exact("0.0001"))
            rows.append(
                {
                    "symbol": symbol,
                    "longShortRatio": fraction(long / short, 4),
                    "longAccount": f"{long:f}",
                    "shortAccount": f"{short:f}",
                    "timestamp": bar[6] + 1,
                }
            )
        return rows

    return handler


def taker_ratio(world: World, params: Params) -> Any:
    """GET /futures/data/takerlongshortRatio, from the bars' own taker volume; stamped with the start."""
    symbol = world.symbol(required(params, "symbol"))
    rows = []
    for bar in period_bars(world, params, symbol):
        sold = bar[5] - bar[9]
        ratio = fraction(bar[9] / sold, 4) if sold > 0 else "0.0000"
        bought, rest = fraction(bar[9], 4), fraction(max(sold, 0.0), 4)
        rows.append({"buySellRatio": ratio, "buyVol": bought, "sellVol": rest, "timestamp": bar[0]})
    return rows


def basis(world: World, params: Params) -> Any:
    """GET /futures/data/basis."""
    pair, kind = world.symbol(required(params, "pair")), required(params, "contractType")
    traded, indexed = period_bars(world, params, pair), period_bars(world, params, pair, "index")
    rows = []
    for bar, index in zip(traded, indexed, strict=False):
        rows.append(
            {
                "indexPrice": eight(index[4]),
                "contractType": kind,
                "basisRate": fraction((bar[4] - index[4]) / index[4], 4),
                "futuresPrice": world.print_price(pair, bar[4]),
                "annualizedBasisRate": "",
                "basis": eight(bar[4] - index[4]),
                "pair": pair,
                "timestamp": bar[0],
            }
        )
    return rows


TABLE: dict[str, Endpoint] = {
    "/futures/data/openInterestHist": Endpoint(open_interest_history, 1, "data"),
    "/futures/data/globalLongShortAccountRatio": Endpoint(account_ratio("global"), 1, "data"),
    "/futures/data/topLongShortAccountRatio": Endpoint(account_ratio("top"), 1, "data", "key"),
    "/futures/data/topLongShortPositionRatio": Endpoint(account_ratio("position"), 1, "data", "key"),
    "/futures/data/takerlongshortRatio": Endpoint(taker_ratio, 1, "data"),
    "/futures/data/basis": Endpoint(basis, 0, "data"),
}
