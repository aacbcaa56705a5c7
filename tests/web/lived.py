"""A desk that has lived through a bad day: a market that falls for hours, judged and told every 5 minutes.

Seeded, so that pictures of it are the same each time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal as D
from typing import Any

import numpy as np

from risk.adapters import store
from risk.records import DeliveryAttempt, PositionSnapshot
from tests.adapters import rows as x
from tests.web import filled, studied
from tests.web.filled import HOUR, MINUTE, NOW, seen

SEED = 20
STEP = 5 * MINUTE
STEPS = 288  # of the day that is judged
DAYS_BEFORE = 10
PER_HOUR = 12
FALL_STEPS, FALL = 62, 0.132  # the last five hours
WALLET = 10_000.0
MAINTENANCE = 0.005
CHANNELS = (("telegram", "info"), ("mail", "warning"))


@dataclass(frozen=True, slots=True)
class Coin:
    """One contract of this day."""

    symbol: str
    base: float  # price before the fall
    beta: float
    sigma: float  # of a day
    depth_usdt: float
    coins: float  # open interest
    held: float = 0.0  # signed


COINS = (
    Coin("BTCUSDT", 64_050.0, 1.0, 0.022, 3.1e7, 8.1e4, held=1.2),
    Coin("ETHUSDT", 3_118.0, 1.25, 0.03, 1.6e7, 9.4e5, held=-4.0),
    Coin("SOLUSDT", 148.6, 1.6, 0.042, 6.2e6, 6.3e6),
)
SYMBOLS = tuple(coin.symbol for coin in COINS)


def path(coin: Coin, place: int) -> Any:
    """Prices each 5 minutes, the last of them NOW; two thirds of a move are the market's."""
    market, own = np.random.default_rng(SEED), np.random.default_rng(SEED + 1 + place)
    count = STEPS * (DAYS_BEFORE + 1) + 1
    scale = coin.sigma / math.sqrt(STEPS)
    moves = scale * (0.8 * market.standard_normal(count) + 0.6 * own.standard_normal(count))
    moves[-FALL_STEPS:] = 2.5 * moves[-FALL_STEPS:] - coin.beta * FALL / FALL_STEPS
    levels = np.cumsum(moves)
    return coin.base * np.exp(levels - levels[-FALL_STEPS - 1])


def stress(step: int) -> float:
    """0 on a quiet day, 1 at the end of the fall."""
    return max(0.0, 1 - (STEPS - step) / FALL_STEPS)


def past(coin: Coin, prices: Any) -> Iterator[Any]:
    """Rules, bars and open interest of the days before and of the day itself."""
    terms = {"symbol": coin.symbol}
    for record in (x.INSTRUMENT, *x.BRACKETS, x.TERMS):
        yield replace(record, **terms, **seen(NOW - 25 * HOUR))
    for interval, of in (("15m", 3), ("1h", PER_HOUR)):
        for begin in range(0, len(prices) - of, of):
            window = prices[begin : begin + of + 1]
            opened = NOW - (len(prices) - 1 - begin) * STEP
            noise = coin.sigma / 60
            yield replace(
                x.KLINE, **terms, interval=interval, open_at=opened, open=price(window[0]),
                close=price(window[-1]), high=price(window.max() * (1 + noise)),
                low=price(window.min() * (1 - noise)), **seen(opened + of * STEP),
            )  # fmt: skip
    for hour in range(24 * (DAYS_BEFORE + 1), 0, -1):
        if hour > 24:
            quantity = D(f"{coin.coins * (1 - 0.0003 * (hour - 24)):.1f}")
            yield replace(x.OPEN_INTEREST, **terms, quantity=quantity, **seen(NOW - hour * HOUR))
        if hour % 8 == 0:
            rate = 0.0001 * (1 + math.sin(hour / 20))
            yield replace(x.FUNDING, **terms, funding_rate=rate, **seen(NOW - hour * HOUR - MINUTE))


def price(value: float) -> D:
    """On a tick."""
    return D(f"{value:.1f}") if value > 1000 else D(f"{value:.2f}")


def newest(coin: Coin, prices: Any, step: int, at: datetime) -> Iterator[Any]:
    """What came in a step: mark, book, ticker, open interest, forecasts, forced orders of a fall."""
    chance = np.random.default_rng((SEED, step, len(coin.symbol), int(coin.base)))
    index = len(prices) - 1 - (STEPS - step)
    bid, worry = price(prices[index]), stress(step)
    terms, moment = {"symbol": coin.symbol}, seen(at - timedelta(seconds=1))
    depth = coin.depth_usdt * (1 - 0.75 * worry) * math.exp(0.12 * chance.standard_normal())
    near = {"bid": depth * 0.97, "ask": depth * 1.05}
    yield replace(
        x.DEPTH, **terms, best_bid=bid, best_ask=bid * D(f"{1.00001 + 0.0004 * worry**3:.6f}"),
        update_id=10**6 + step, **moment,
        **{f"{side}_depth_{name}_usdt": D(f"{value * share:.0f}") for side, value in near.items()
           for name, share in (("5", 0.016), ("01pct", 0.13), ("1pct", 1.0))},
    )  # fmt: skip
    rate = 0.00012 + 0.00006 * math.sin(step / 40) - 0.0002 * worry
    yield replace(x.MARK, **terms, mark_price=bid, index_price=bid, funding_rate=rate, **moment)
    change = float(prices[index] / prices[index - STEPS] - 1)
    yield replace(x.TICKER, **terms, last_price=bid, price_change=change, **moment)
    quantity = coin.coins * (1 + 0.0004 * math.sin(step / 9) - 0.05 * worry)
    yield replace(x.OPEN_INTEREST, **terms, quantity=D(f"{quantity:.1f}"), **moment)
    if chance.random() < 0.06 + 0.9 * worry:
        spent = coin.depth_usdt * 0.004 * (0.3 + 3 * worry) * chance.random()
        side = "SELL" if chance.random() < 0.55 + 0.4 * worry else "BUY"
        yield replace(x.LIQUIDATION, **terms, side=side, notional_usdt=D(f"{spent:.0f}"), **moment)
    yield replace(x.ADL, **terms, **moment)
    if step % 6 == 0:
        for venue, spread in (("okx", 0.00005), ("bybit", -0.00002)):
            usd = D(f"{coin.coins * prices[index] * 0.4:.0f}")
            yield replace(
                x.VENUE, **terms, venue=venue, funding_rate=rate + spread, funding_8h=rate + spread,
                open_interest_usd=usd, **moment,
            )  # fmt: skip
    for interval in ("15m", "1h", "1d"):
        yield replace(
            x.INDICATOR, **terms, interval=interval, close=bid, atr_ratio=0.004 * (1 + 2.4 * worry),
            vol_ratio=1.0 + 1.1 * worry, beta=coin.beta,
            sigma_24h=None if interval == "15m" else coin.sigma * (1 + 0.7 * worry), **moment,
        )  # fmt: skip


def hold(db: Any, marks: Sequence[float], at: datetime) -> None:
    """The account at these marks: one cross pool; its liquidation prices by the pool's own balance."""
    moment = seen(at - timedelta(seconds=1))
    held = [(coin, mark) for coin, mark in zip(COINS, marks, strict=True) if coin.held]
    profit = {coin.symbol: coin.held * (mark - coin.base) for coin, mark in held}
    need = {coin.symbol: abs(coin.held) * mark * MAINTENANCE for coin, mark in held}
    balance = WALLET + sum(profit.values())
    money = {"wallet_usdt": WALLET, "cross_wallet_usdt": WALLET, "unrealized_usdt": balance - WALLET,
             "cross_unrealized_usdt": balance - WALLET, "margin_balance_usdt": balance,
             "maintenance_usdt": sum(need.values()), "cross_maintenance_usdt": sum(need.values()),
             "initial_usdt": 4_100.0, "available_usdt": max(0.0, balance - 4_100)}  # fmt: skip
    account = replace(x.ACCOUNT, **moment, **{name: D(f"{value:.2f}") for name, value in money.items()})
    store.replace_positions(
        db, account, [position(coin, mark, balance - sum(need.values()), moment) for coin, mark in held]
    )


def position(coin: Coin, mark: float, room: float, moment: dict[str, Any]) -> PositionSnapshot:
    """A position that is liquidated when the pool's `room` is lost on it alone."""
    gone = mark - room / (coin.held * (1 - math.copysign(MAINTENANCE, coin.held)))
    return replace(
        x.POSITION, symbol=coin.symbol, quantity=D(str(coin.held)), entry_price=price(coin.base),
        mark_price=price(mark), notional_usdt=D(f"{coin.held * mark:.2f}"),
        unrealized_usdt=D(f"{coin.held * (mark - coin.base):.2f}"), liquidation_price=gone,
        exchange_liquidation_price=price(gone), maintenance_usdt=D(f"{abs(coin.held) * mark * 0.005:.2f}"),
        **moment,
    )  # fmt: skip


def deliver(db: Any, at: datetime, *, is_mail_slow: bool) -> None:
    """Every channel takes what waits for it; mail does not, for a while."""
    for channel, _ in CHANNELS:
        if channel == "mail" and is_mail_slow:
            continue
        for claim in store.claim_deliveries(
            db, holder="picture", channel=channel, lease_s=10.0, limit=20, now=at
        ):
            tried = DeliveryAttempt(
                message_id=claim.message.message_id, channel=claim.channel, attempt=claim.attempt,
                tried_at=at + timedelta(seconds=1), outcome="accepted", reason="", retry_after_s=None,
                duration_ms=180,
            )  # fmt: skip
            store.record_attempt(db, tried, next_try_at=None)


def live(url: str) -> None:
    """The whole day, up to NOW."""
    prices = [path(coin, place) for place, coin in enumerate(COINS)]
    with store.connect(url) as db:
        store.ensure_partitions(db, today=NOW.date() - timedelta(days=1))
        store.ensure_partitions(db, today=NOW.date())
        store.save_limits(db, filled.LIMITS.version, filled.LIMITS.body())
        for coin, line in zip(COINS, prices, strict=True):
            store.save(db, past(coin, line))
        for hour in (20, 12, 4):
            fee = D(f"{-76_000 * 0.0001 * (1 + hour / 40):.4f}")
            paid = seen(NOW - hour * HOUR)
            store.save(db, [replace(x.INCOME, amount=fee, transaction_id=str(hour), **paid)])
    for step in range(STEPS + 1):
        at = NOW - (STEPS - step) * STEP
        with store.connect(url) as db:
            marks = [float(line[len(line) - 1 - (STEPS - step)]) for line in prices]
            for coin, line in zip(COINS, prices, strict=True):
                store.save(db, newest(coin, line, step, at))
            store.save(db, [replace(x.INSURANCE, symbols=SYMBOLS, **seen(at - MINUTE))])
            hold(db, marks, at)
            judge(db, at)
        with store.connect(url) as db:
            deliver(db, at, is_mail_slow=step > STEPS - 2)
    with store.connect(url) as db:
        filled.plan(db, NOW, SYMBOLS)
        value_at_risk(db, prices)
        strategies(db)
        beats(db)


def judge(db: Any, at: datetime) -> None:
    """Scored as the flow does, for these channels."""
    state = store.latest_state(db, SYMBOLS, account="default", watches_account=True, now=at)
    store.save_decision(db, filled.decide(state, filled.LIMITS, at), channels=CHANNELS)


def value_at_risk(db: Any, prices: Sequence[Any]) -> None:
    """Hour by hour: forecasts of a volatility that is slow to see the fall."""
    hourly = [np.log(line[::PER_HOUR][1:] / line[::PER_HOUR][:-1]) for line in prices]
    held = {
        coin.symbol: coin.held * float(line[-1])
        for coin, line in zip(COINS, prices, strict=True)
        if coin.held
    }
    gross = sum(abs(weight) for weight in held.values())
    book = sum(held.get(coin.symbol, 0.0) / gross * line for coin, line in zip(COINS, hourly, strict=True))
    scopes = [("account", held, book)]
    scopes += [(coin.symbol, {coin.symbol: 1.0}, line) for coin, line in zip(COINS, hourly, strict=True)]
    for scope, weights, returns in scopes:
        told = studied.Told(
            scope=scope, weights=weights, var_99=forecast(returns), loss=(-returns).tolist(),
            method="filtered_historical" if scope == "SOLUSDT" else "gjr_garch_t",
            reason="gjr_garch_t: Kupiec p = 0.0041, 7 exceptions in 192 bars" if scope == "SOLUSDT" else "",
            worse={"normal": 0.72, "student_t": 0.9, "ewma": 0.95, "historical": 0.85},
        )  # fmt: skip
        studied.value_at_risk(db, told, NOW)
    total = forecast(book)[-1] * gross
    parts = {"BTCUSDT": (1.14, 1.02), "ETHUSDT": (-0.14, -0.11)}  # a short of one hedges the other
    whose = {name: (held[name], part * total, adds * total) for name, (part, adds) in parts.items()}
    studied.shares(db, whose, NOW)


def forecast(returns: Any) -> list[float]:
    """2.7 times an exponentially weighted sigma (decay 0.94) of the hours before each."""
    variance, found = float(np.var(returns[:48])), []
    for value in returns.tolist():
        found.append(2.7 * math.sqrt(variance))
        variance = 0.94 * variance + 0.06 * value**2
    return [*found, 2.7 * math.sqrt(variance)]


def strategies(db: Any) -> None:
    """Seven of 200 days: three ride one trend, two hedge it, one goes its own way, one is young."""
    chance = np.random.default_rng(SEED)
    days = 200
    trend, own = chance.standard_normal(days), chance.standard_normal((7, days))
    ways = {"trend-btc": 0.85, "trend-eth": 0.8, "breakout": 0.65, "grid": 0.1, "reversion": -0.5,
            "hedge": -0.7, "young": 0.4}  # fmt: skip
    returns: dict[str, Sequence[float | None]] = {}
    for (name, beta), line in zip(ways.items(), own, strict=True):
        values = (0.012 * (beta * trend + math.sqrt(1 - beta**2) * line)).tolist()
        returns[name] = [None] * 185 + values[185:] if name == "young" else values
    studied.strategies(db, returns, NOW.replace(hour=0))


def beats(db: Any) -> None:
    """Signs of life of every part."""
    store.beat(db, "streams", NOW - timedelta(seconds=1), {"symbols": 3, "live": 3, "gaps": 2})
    runs = {"scoring": 17_280, "market": 8_640, "account": 17_279, "open_interest": 2_880}
    store.beat(db, "worker/cadence", NOW, {"runs": {name: {"completed": n} for name, n in runs.items()}})
    heavy = {"refit": 1, "history": 1, "value_at_risk-hourly": 24}
    store.beat(
        db,
        "worker/heavy",
        NOW - timedelta(seconds=4),
        {"runs": {n: {"completed": k} for n, k in heavy.items()}},
    )
    store.beat(db, "watchdog", NOW - timedelta(seconds=6), {})
