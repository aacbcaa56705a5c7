"""A database as a desk leaves it: inputs of two contracts, an account, a judged state, told alerts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal as D
from typing import Any

from risk import advice, positions
from risk.adapters import store
from risk.decision import decide
from risk.limits import default
from risk.records import DeliveryAttempt
from risk.state import Decision
from tests.adapters import rows as x
from tests.web import studied

NOW = x.NOW
LIMITS = default()
SYMBOLS = ("BTCUSDT", "ETHUSDT")
HOSTILE = "<img src=x onerror=document.title='hacked'>"
CHANNELS = (("console", "info"), ("mail", "info"))
STEP, MINUTE, HOUR = timedelta(seconds=20), timedelta(minutes=1), timedelta(hours=1)
FALLEN = D("47800")  # mark at which a long liquidated at 47,000 has 1.7 % left: extreme


def seen(at: datetime) -> dict[str, Any]:
    """When a record happened and reached us."""
    return {"event_at": at, "received_at": at + timedelta(milliseconds=80)}


def market(symbol: str, base: float) -> Iterator[Any]:
    """Everything about one contract, the last ten minutes densely."""
    terms = {"symbol": symbol}
    for record in (x.INSTRUMENT, *x.BRACKETS, x.TERMS, x.TICKER, x.ADL):
        yield replace(record, **terms, **seen(NOW - 2 * STEP))
    for i in range(96):
        close = base * (1 + 0.01 * math.sin(i / 7))
        yield replace(
            x.KLINE, symbol=symbol, open_at=NOW - (96 - i) * 15 * MINUTE,
            open=D(f"{close * 0.999:.2f}"), high=D(f"{close * 1.004:.2f}"), low=D(f"{close * 0.995:.2f}"),
            close=D(f"{close:.2f}"), **seen(NOW - (95 - i) * 15 * MINUTE),
        )  # fmt: skip
    for i in range(30):
        at, price = NOW - (30 - i) * STEP, base * (1 + 0.002 * math.sin(i / 4))
        bid, ask = D(f"{price:.2f}"), D(f"{price * 1.00002:.2f}") + D("0.01")
        yield replace(x.MARK, symbol=symbol, mark_price=bid, index_price=bid, **seen(at))
        yield replace(x.DEPTH, symbol=symbol, best_bid=bid, best_ask=ask, update_id=i + 1, **seen(at))
        yield replace(x.OPEN_INTEREST, symbol=symbol, quantity=D(80000 + 20 * i), **seen(at))
    for i in range(1, 4):
        yield replace(x.FUNDING, symbol=symbol, **seen(NOW - i * 8 * HOUR))
        yield replace(x.LIQUIDATION, symbol=symbol, **seen(NOW - i * 4 * MINUTE))
    for interval, age in (("15m", MINUTE), ("1h", HOUR / 2), ("1d", 12 * HOUR)):
        sigma = None if interval == "15m" else 0.035
        yield replace(x.INDICATOR, symbol=symbol, interval=interval, sigma_24h=sigma, **seen(NOW - age))
    for days in (1, 3):
        yield replace(
            x.OPEN_INTEREST, symbol=symbol, quantity=D(80000), **seen(NOW - 24 * days * HOUR - MINUTE)
        )
    for venue in ("okx", "bybit"):
        yield replace(x.VENUE, symbol=symbol, venue=venue, **seen(NOW - HOUR / 2))
    yield from newest(symbol, base, NOW)


def newest(symbol: str, price: float, at: datetime) -> Sequence[Any]:
    """What has just come: book, mark, open interest, ticker."""
    bid = D(f"{price:.2f}")
    moment = seen(at - timedelta(seconds=1))
    return (
        replace(x.DEPTH, symbol=symbol, best_bid=bid, best_ask=bid + D("0.1"), update_id=10**6, **moment),
        replace(x.MARK, symbol=symbol, mark_price=bid, index_price=bid, **moment),
        replace(x.OPEN_INTEREST, symbol=symbol, **moment),
        replace(x.TICKER, symbol=symbol, last_price=bid, **moment),
    )


def hold(db: Any, at: datetime, mark: D = D("64051.2")) -> None:
    """The account with a long of BTC that is liquidated at 47,000."""
    moment = seen(at - timedelta(seconds=1))
    long = replace(
        x.POSITION,
        quantity=D("0.25"),
        entry_price=D("64000"),
        mark_price=mark,
        notional_usdt=D("0.25") * mark,
        unrealized_usdt=(mark - D("64000")) * D("0.25"),
        liquidation_price=47000.0,
        exchange_liquidation_price=D("47000"),
        **moment,
    )
    store.replace_positions(db, replace(x.ACCOUNT, **moment), [long])


def judge(db: Any, at: datetime, symbols: Sequence[str] = SYMBOLS) -> Decision:
    """Score what is there as the flow does."""
    state = store.latest_state(db, symbols, account="default", watches_account=True, now=at)
    decision = decide(state, LIMITS, at)
    store.save_decision(db, decision, channels=CHANNELS)
    return decision


def plan(db: Any, at: datetime, symbols: Sequence[str] = SYMBOLS) -> None:
    """Sizes and past crashes, as the flow of exits stores them each minute."""
    state = store.latest_state(db, symbols, account="default", watches_account=True, now=at)
    state = replace(state, instruments=store.instruments(db))
    ladders = store.ladders(db, symbols)
    bars = store.extremes(db, symbols, "1h", 22)
    store.save_size_advice(db, advice.sizes(state, LIMITS, ladders, bars, at, account="default"))
    ways = store.ways_out(db, symbols, at, LIMITS.ages_s)
    found = positions.stressed(
        state.account, state.positions, ladders, store.scenarios(db), advice.betas(state), ways
    )
    store.save_stress(db, "default", found, at)


def study(db: Any, at: datetime, symbols: Sequence[str] = SYMBOLS) -> None:
    """120 hours of which two lost 3 % against a VaR of 2 %, and three strategies of 60 days."""
    losses = [0.03 if i in (40, 90) else -0.001 for i in range(120)]
    numbers = {"var_99": [0.02] * 121, "loss": losses, "worse": {"normal": 0.01}}
    for scope, weights in (("account", {symbols[0]: 16012.8}), *((name, {name: 1.0}) for name in symbols)):
        studied.value_at_risk(db, studied.Told(scope=scope, weights=weights, **numbers), at)
    studied.shares(db, {symbols[0]: (16012.8, 320.256, 320.256)}, at)
    wave = [math.sin(i) / 100 for i in range(60)]
    returns = {"grid": wave, "mirror": [-value for value in wave], "young": [None] * 50 + wave[:10]}
    studied.strategies(db, returns, at)


def fill(url: str, symbols: Sequence[str] = SYMBOLS) -> None:
    """A desk at NOW that has judged for some minutes; the mail channel took what it was told."""
    with store.connect(url) as db:
        store.save_limits(db, LIMITS.version, LIMITS.body())
        for symbol, base in zip(symbols, (64050.0, 3100.0), strict=False):
            store.save(db, market(symbol, base))
        store.save(db, [x.INSURANCE, replace(x.INCOME, **seen(NOW - HOUR))])
        hold(db, NOW)
        store.beat(db, "streams", NOW - timedelta(seconds=2), {"live": 2, "gaps": 0})
        store.beat(db, "worker/cadence", NOW, {"runs": {"scoring": {"completed": 12}}})
    for i in range(12, -1, -1):
        with store.connect(url) as db:
            judge(db, NOW - i * timedelta(seconds=5), symbols)
    with store.connect(url) as db:
        plan(db, NOW, symbols)
        study(db, NOW, symbols)


def fall(url: str, at: datetime) -> Decision:
    """The market falls until the long is nearly liquidated; judged once, told, and taken by a channel."""
    with store.connect(url) as db:
        for symbol in SYMBOLS:
            store.save(db, newest(symbol, float(FALLEN) if symbol == "BTCUSDT" else 3100.0, at))
        hold(db, at, FALLEN)
        decision = judge(db, at)
    with store.connect(url) as db:
        for claim in store.claim_deliveries(
            db, holder="test", channel="mail", lease_s=10.0, limit=10, now=at
        ):
            tried = DeliveryAttempt(
                message_id=claim.message.message_id, channel=claim.channel, attempt=claim.attempt,
                tried_at=at + timedelta(seconds=1), outcome="accepted", reason="", retry_after_s=None,
                duration_ms=120,
            )  # fmt: skip
            store.record_attempt(db, tried, next_try_at=None)
    return decision
