"""What the simulated exchange knows of each contract: filters, brackets and the scale of its market.

Filters and maintenance brackets of the built-in contracts are the exchange's own (state of October 2024).
Price, volatility, depth and open interest are round reference values for the generator: synthetic, but of
the right size, so that a score of a calm market reads calm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Bracket = tuple[float, float, float, float, int]  # floor, cap, maintenance rate, cum, highest leverage


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSpec:
    """One perpetual contract; floats throughout, the edge prints them by `tick` and `step`."""

    symbol: str
    base: str  # asset that the quantity counts
    tick: float  # smallest price step, USDT per coin
    step: float  # smallest quantity step, coins
    min_qty: float  # coins
    min_notional: float  # USDT
    price_precision: int  # decimals of a printed price
    qty_precision: int  # decimals of a printed quantity
    brackets: tuple[Bracket, ...]  # ascending notional, USDT
    liquidation_fee: float = 0.0125  # fraction of notional
    interval_hours: int = 8  # hours between funding settlements
    rate_cap: float = 0.02  # |funding rate| per interval at most, fraction
    # Scale of the synthetic market.
    reference_price: float = 1.0  # USDT per coin when a generated history ends
    daily_sigma: float = 0.05  # ordinary standard deviation of a day's log return
    beta: float = 1.2  # share of BTC's log return that this contract follows
    depth_10bps_usdt: float = 150_000.0  # one side's notional within 0.1 % of mid in a calm market
    stress_spread_bps: float = 1.0  # spread added per unit of stress, see orderbook.py
    open_interest: float = 50_000_000.0  # coins
    daily_volume_usdt: float = 100_000_000.0  # traded notional of an ordinary day


def ladder(rows: Sequence[tuple[float, float, int]]) -> tuple[Bracket, ...]:
    """Brackets with floor and cum from rows of (cap, maintenance rate, highest leverage).

    cum_i = cum_(i-1) + floor_i * (rate_i - rate_(i-1)), so that maintenance has no step at an edge.

    >>> ladder([(50_000, 0.004, 125), (600_000, 0.005, 100)])
    ((0.0, 50000.0, 0.004, 0.0, 125), (50000.0, 600000.0, 0.005, 50.0, 100))
    """
    brackets: list[Bracket] = []
    floor = cum = last_rate = 0.0
    for cap, rate, leverage in rows:
        cum = round(cum + floor * (rate - last_rate), 6) if brackets else 0.0
        brackets.append((floor, float(cap), rate, cum, leverage))
        floor, last_rate = float(cap), rate
    return tuple(brackets)


_RATES_125 = (0.004, 0.005, 0.0065, 0.01, 0.02, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25, 0.5)
_LEVERAGES_125 = (125, 100, 75, 50, 25, 20, 10, 5, 4, 3, 2, 1)
_LEVERAGES_75 = (75, 50, 40, 25, 20, 10, 5, 4, 2, 1)
_TAIL = (0.025, 0.05, 0.1, 0.125, 0.25, 0.5)
_THOUSAND = 1_000.0
# symbol: caps in thousand USDT, maintenance rates, highest leverages
_LADDERS: dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]] = {
    "BTCUSDT": (
        (50, 600, 3e3, 12e3, 70e3, 100e3, 230e3, 480e3, 600e3, 800e3, 1200e3, 1800e3),
        _RATES_125,
        _LEVERAGES_125,
    ),
    "ETHUSDT": (
        (50, 600, 3e3, 12e3, 50e3, 65e3, 150e3, 320e3, 400e3, 530e3, 800e3, 1200e3),
        _RATES_125,
        _LEVERAGES_125,
    ),
    "SOLUSDT": (
        (20, 100, 800, 4e3, 8e3, 40e3, 80e3, 100e3, 200e3, 400e3),
        (0.005, 0.0065, 0.01, 0.02, *_TAIL),
        (100, 75, 50, 25, 20, 10, 5, 4, 2, 1),
    ),
    "BNBUSDT": (
        (10, 50, 200, 1.5e3, 3e3, 15e3, 30e3, 37.5e3, 75e3, 150e3),
        (0.005, 0.006, 0.01, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "XRPUSDT": (
        (10, 20, 160, 800, 1.6e3, 8e3, 16e3, 20e3, 40e3, 80e3),
        (0.005, 0.0065, 0.01, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "DOGEUSDT": (
        (10, 50, 750, 800, 1.6e3, 8e3, 16e3, 20e3, 40e3, 80e3),
        (0.005, 0.007, 0.01, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "ADAUSDT": (
        (10, 50, 100, 500, 1e3, 5e3, 10e3, 20e3, 30e3, 50e3),
        (0.005, 0.01, 0.015, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "AVAXUSDT": (
        (5, 25, 80, 400, 800, 4e3, 8e3, 10e3, 20e3, 50e3),
        (0.005, 0.0065, 0.01, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "LINKUSDT": (
        (10, 50, 80, 400, 800, 4e3, 8e3, 20e3, 30e3, 50e3),
        (0.005, 0.01, 0.015, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "LTCUSDT": (
        (10, 50, 100, 750, 1e3, 5e3, 10e3, 20e3, 30e3, 50e3),
        (0.005, 0.01, 0.015, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "DOTUSDT": (
        (10, 50, 100, 500, 800, 4e3, 8e3, 10e3, 30e3, 50e3),
        (0.0065, 0.01, 0.015, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
    "1000PEPEUSDT": (
        (20, 200, 300, 1.5e3, 3e3, 15e3, 30e3, 37.5e3, 75e3, 150e3),
        (0.0065, 0.01, 0.015, 0.02, *_TAIL),
        _LEVERAGES_75,
    ),
}
_GENERIC_LADDER = (
    (5, 25, 100, 250, 500, 1e3, 2e3, 3e3),
    (0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.125, 0.25),
    (50, 40, 25, 20, 10, 5, 4, 2),
)

# symbol: decimals of price, decimals of quantity, price, minimum notional, daily sigma, beta, depth within
# 0.1 %, spread added per unit of stress (bps), open interest in coins, daily volume in million USDT
_SCALES: dict[str, tuple[int, int, float, float, float, float, float, float, float, float]] = {
    "BTCUSDT": (1, 3, 64_000.0, 100.0, 0.026, 1.0, 8.8e6, 0.15, 82_000.0, 14_000.0),
    "ETHUSDT": (2, 3, 3_100.0, 20.0, 0.034, 1.15, 5.0e6, 0.25, 1_500_000.0, 9_000.0),
    "SOLUSDT": (3, 0, 150.0, 5.0, 0.046, 1.35, 1.5e6, 0.6, 9_000_000.0, 3_000.0),
    "BNBUSDT": (2, 2, 570.0, 5.0, 0.030, 0.9, 9.0e5, 0.5, 700_000.0, 600.0),
    "XRPUSDT": (4, 1, 0.58, 5.0, 0.040, 1.0, 1.0e6, 0.6, 900_000_000.0, 1_000.0),
    "DOGEUSDT": (5, 0, 0.12, 5.0, 0.048, 1.3, 9.0e5, 0.8, 5_000_000_000.0, 1_100.0),
    "ADAUSDT": (4, 0, 0.36, 5.0, 0.044, 1.2, 4.0e5, 0.9, 500_000_000.0, 300.0),
    "AVAXUSDT": (3, 0, 27.0, 5.0, 0.050, 1.35, 3.0e5, 1.0, 9_000_000.0, 300.0),
    "LINKUSDT": (3, 2, 11.5, 20.0, 0.046, 1.25, 3.0e5, 1.0, 15_000_000.0, 250.0),
    "LTCUSDT": (2, 3, 66.0, 20.0, 0.038, 1.0, 3.0e5, 0.9, 3_000_000.0, 300.0),
    "DOTUSDT": (3, 1, 4.4, 5.0, 0.044, 1.2, 2.5e5, 1.0, 40_000_000.0, 150.0),
    "1000PEPEUSDT": (7, 0, 0.0095, 5.0, 0.065, 1.5, 6.0e5, 1.2, 12_000_000_000.0, 900.0),
}
_FEES = {"BTCUSDT": 0.0125, "ETHUSDT": 0.0125, "SOLUSDT": 0.015}
_CAPS = {"BTCUSDT": 0.003, "ETHUSDT": 0.003}  # others 0.02
BUILT_IN = tuple(_SCALES)


def _brackets(symbol: str) -> tuple[Bracket, ...]:
    caps, rates, leverages = _LADDERS.get(symbol, _GENERIC_LADDER)
    return ladder([(c * _THOUSAND, r, x) for c, r, x in zip(caps, rates, leverages, strict=True)])


def spec_of(symbol: str, *, interval_hours: int = 8) -> SymbolSpec:
    """The built-in contract of this name, or a generic thin altcoin for an unknown one.

    Raises:
        ValueError: the name is not a linear USDT contract, or the interval is not 1, 2, 4 or 8 hours.
    """
    if not symbol.endswith("USDT") or len(symbol) < 6 or not symbol.isalnum() or symbol != symbol.upper():
        raise ValueError(f"{symbol!r} is not a USDT contract such as BTCUSDT")
    if interval_hours not in (1, 2, 4, 8):
        raise ValueError(f"funding interval of {symbol} is {interval_hours} h, expected 1, 2, 4 or 8")
    generic = (4, 0, 2.0, 5.0, 0.06, 1.4, 1.2e5, 1.5, 20_000_000.0, 60.0)
    price_digits, qty_digits, price, notional, sigma, beta, depth, spread, interest, volume = _SCALES.get(
        symbol, generic
    )
    step = round(10.0**-qty_digits, qty_digits)
    return SymbolSpec(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick=round(10.0**-price_digits, price_digits),
        step=step,
        min_qty=step,
        min_notional=notional,
        price_precision=price_digits,
        qty_precision=qty_digits,
        brackets=_brackets(symbol),
        liquidation_fee=_FEES.get(symbol, 0.015),
        interval_hours=interval_hours,
        rate_cap=_CAPS.get(symbol, 0.02),
        reference_price=price,
        daily_sigma=sigma,
        beta=beta,
        depth_10bps_usdt=depth,
        stress_spread_bps=spread,
        open_interest=interest,
        daily_volume_usdt=volume * 1e6,
    )
