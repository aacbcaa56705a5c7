"""Market streams: what each name means, how often it speaks, and what it says (BINANCE.md 4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from risk.simulator.contracts import PERPETUAL_DELIVERY_MS
from risk.simulator.market import ForcedOrder
from risk.simulator.market_data import INTERVALS, asset_row, levels
from risk.simulator.presets import HAIRCUTS
from risk.simulator.printing import eight, fraction
from risk.simulator.world import World

Route = Literal["public", "market", "private"]
Message = dict[str, Any]
Produce = Callable[[World, str], list[Any]]
"""(world, symbol or "") -> messages, each encoded as one frame."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: the route that carries it, its symbol ("" for all), its period, and its producer.

    `produce` is None for streams that the hub feeds itself: depth diffs and forced orders.
    """

    name: str
    route: Route
    symbol: str
    period_ms: int
    produce: Produce | None


def tagged(symbol: str) -> Message:
    """The fields that every message has carried since the merger with COIN-M."""
    return {"ps": symbol, "st": 1}


def mark_row(world: World, symbol: str) -> Message:
    """Mark, index, running funding rate and next settlement."""
    mark = eight(world.marks[symbol])
    return {
        "e": "markPriceUpdate",
        "E": world.now_ms(),
        "s": symbol,
        "p": mark,
        "ap": mark,
        "i": eight(world.market.index(symbol)),
        "P": eight(world.market.estimated_settle(symbol)),
        "r": eight(world.market.running_funding(symbol)),
        "T": world.market.next_funding_ms(symbol),
        "st": 1,
    }


def mark(world: World, symbol: str) -> list[Any]:
    """`<s>@markPrice`."""
    return [mark_row(world, symbol)]


def marks(world: World, symbol: str) -> list[Any]:
    """`!markPrice@arr`: one array of all."""
    return [[mark_row(world, each) for each in world.listed()]]


def book_ticker(world: World, symbol: str) -> list[Any]:
    """`<s>@bookTicker`, or all of them."""
    rows = []
    for each in [symbol] if symbol else world.listed():
        best = world.market.book(each).snapshot(1)
        (bid,), (ask,) = levels(world, each, best["bids"]), levels(world, each, best["asks"])
        row = {"e": "bookTicker", "u": best["lastUpdateId"], "E": world.now_ms(), "T": best["T"], "s": each}
        rows.append(row | {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]} | tagged(each))
    return rows


def partial_depth(count: int) -> Produce:
    """`<s>@depth5|10|20`: the complete best levels each time."""
    last: dict[str, int] = {}

    def produce(world: World, symbol: str) -> list[Any]:
        snap = world.market.book(symbol).snapshot(count)
        now_id = snap["lastUpdateId"]
        before = last.get(symbol, now_id)
        last[symbol] = now_id
        row = {"e": "depthUpdate", "E": world.now_ms(), "T": snap["T"], "s": symbol}
        row |= {"U": min(before + 1, now_id), "u": now_id, "pu": before}
        sides = {"b": levels(world, symbol, snap["bids"]), "a": levels(world, symbol, snap["asks"])}
        return [row | sides | tagged(symbol)]

    return produce


def kline_body(world: World, symbol: str, interval: str) -> Message:
    """The running bar of a contract."""
    bar = world.market.klines(symbol, interval, None, None, 1)[-1]
    price, coins = world.print_price, world.print_quantity
    return {
        "t": bar[0],
        "T": bar[6],
        "s": symbol,
        "i": interval,
        "f": 100,
        "L": 100 + bar[8],
        "o": price(symbol, bar[1]),
        "c": price(symbol, bar[4]),
        "h": price(symbol, bar[2]),
        "l": price(symbol, bar[3]),
        "v": coins(symbol, bar[5]),
        "n": bar[8],
        "x": bar[6] < world.now_ms(),
        "q": fraction(bar[7], 4),
        "V": coins(symbol, bar[9]),
        "Q": fraction(bar[10], 4),
        "B": "0",
    }


def final_bar(world: World, symbol: str, interval: str, opened_ms: int) -> Message:
    """The bar that opened at `opened_ms`, closed."""
    bars = world.market.klines(symbol, interval, opened_ms, None, 1)
    body = kline_body(world, symbol, interval)
    if not bars or bars[0][0] != opened_ms:
        return body
    bar, price, coins = bars[0], world.print_price, world.print_quantity
    names = {"o": bar[1], "h": bar[2], "l": bar[3], "c": bar[4]}
    changed = {name: price(symbol, value) for name, value in names.items()}
    volumes = {"v": coins(symbol, bar[5]), "q": fraction(bar[7], 4), "n": bar[8]}
    return body | changed | volumes | {"t": bar[0], "T": bar[6], "x": True}


def kline(interval: str, *, is_continuous: bool = False) -> Produce:
    """`<s>@kline_<i>`, or the continuous contract's: the running bar, and the closed one before a new one."""
    opened: dict[str, int] = {}

    def dress(world: World, symbol: str, body: Message) -> Message:
        head: Message = {"e": "continuous_kline" if is_continuous else "kline", "E": world.now_ms()}
        if not is_continuous:
            return head | {"s": symbol, "k": body} | tagged(symbol)
        body = {key: value for key, value in body.items() if key != "s"}
        return head | {"ps": symbol, "ct": "PERPETUAL", "k": body, "st": 1}

    def produce(world: World, symbol: str) -> list[Any]:
        body = kline_body(world, symbol, interval)
        before = opened.get(symbol)
        opened[symbol] = body["t"]
        out = [dress(world, symbol, body)]
        if before is not None and before != body["t"]:
            out.insert(0, dress(world, symbol, final_bar(world, symbol, interval, before)))
        return out

    return produce


def ticker_row(world: World, symbol: str) -> Message:
    """24 h statistics."""
    t, price = world.market.ticker(symbol), world.print_price
    return {
        "e": "24hrTicker",
        "E": world.now_ms(),
        "s": symbol,
        "p": price(symbol, t["change"]),
        "P": fraction(t["change_percent"], 2),
        "w": price(symbol, t["weighted_average"]),
        "c": price(symbol, t["last"]),
        "Q": world.print_quantity(symbol, t["last_qty"]),
        "o": price(symbol, t["open"]),
        "h": price(symbol, t["high"]),
        "l": price(symbol, t["low"]),
        "v": world.print_quantity(symbol, t["volume"]),
        "q": fraction(t["quote_volume"], 2),
        "O": t["open_ms"],
        "C": t["close_ms"],
        "F": t["first_id"],
        "L": t["last_id"],
        "n": t["count"],
    } | tagged(symbol)


def mini_row(world: World, symbol: str) -> Message:
    """The short form of the 24 h statistics."""
    row = ticker_row(world, symbol)
    keys = ("E", "s", "c", "o", "h", "l", "v", "q", "ps", "st")
    return {"e": "24hrMiniTicker"} | {key: row[key] for key in keys}


def one(row: Callable[[World, str], Message]) -> Produce:
    """A message of one symbol."""
    return lambda world, symbol: [row(world, symbol)]


def every(row: Callable[[World, str], Message]) -> Produce:
    """One array of all symbols."""
    return lambda world, symbol: [[row(world, each) for each in world.listed()]]


def aggregate_trade() -> Produce:
    """`<s>@aggTrade`: synthetic, one trade a message: what the running minute has gained in volume."""
    seen: dict[str, tuple[int, float, int]] = {}  # bar, its volume, number of the last trade

    def produce(world: World, symbol: str) -> list[Any]:
        bar = world.market.klines(symbol, "1m", None, None, 1)[-1]
        opened, volume, number = seen.get(symbol, (bar[0], bar[5], bar[8]))
        gained = bar[5] - (volume if opened == bar[0] else 0.0)
        step = world.market.symbols[symbol].step
        if gained < step:
            seen.setdefault(symbol, (bar[0], bar[5], number))
            return []
        seen[symbol] = (bar[0], bar[5], number + 1)
        now, quantity = world.now_ms(), world.print_quantity(symbol, gained)
        row = {"e": "aggTrade", "E": now, "s": symbol, "a": number, "p": world.print_price(symbol, bar[4])}
        row |= {"q": quantity, "nq": quantity, "f": number, "l": number, "T": now - 5, "m": bar[4] < bar[1]}
        return [row | tagged(symbol)]

    return produce


def asset_indices(world: World, symbol: str) -> list[Any]:
    """`!assetIndex@arr`."""
    names = {"s": "symbol", "i": "index", "b": "bidBuffer", "a": "askBuffer", "B": "bidRate", "A": "askRate"}
    names |= {"q": "autoExchangeBidBuffer", "g": "autoExchangeAskBuffer"}
    names |= {"Q": "autoExchangeBidRate", "G": "autoExchangeAskRate"}
    rows = [asset_row(world, asset) for asset in HAIRCUTS]
    head = {"e": "assetIndexUpdate", "E": world.now_ms()}
    return [[head | {short: row[long] for short, long in names.items()} for row in rows]]


def contract_changes() -> Produce:
    """`!contractInfo`: a contract whose brackets or status have changed since the last look."""
    known: dict[str, tuple[Any, bool]] = {}

    def produce(world: World, symbol: str) -> list[Any]:
        listed, out = world.listed(), []
        for each, spec in world.market.symbols.items():
            now = (spec.brackets, each in listed)
            if known.setdefault(each, now) != now:
                known[each] = now
                out.append(contract_info(world, each, is_listed=now[1]))
        return out

    return produce


def contract_info(world: World, symbol: str, *, is_listed: bool) -> Message:
    """One contract's status and brackets."""
    spec = world.market.symbols[symbol]
    ladder = [
        {"bs": n, "bnf": int(floor), "bnc": int(cap), "mmr": rate, "cf": cum, "mi": 1, "ma": leverage}
        for n, (floor, cap, rate, cum, leverage) in enumerate(spec.brackets, 1)
    ]
    return {
        "e": "contractInfo",
        "E": world.now_ms(),
        "s": symbol,
        "ps": symbol,
        "ct": "PERPETUAL",
        "dt": PERPETUAL_DELIVERY_MS,
        "ot": 1_569_398_400_000,
        "cs": "TRADING" if is_listed else "SETTLING",
        "bks": ladder,
        "st": 1,
    }


def forced(world: World, order: ForcedOrder, *, is_coin_margined: bool = False) -> Message:
    """`forceOrder`: the sample of one liquidation; `st` and `ps` stand outside and inside, as seen live."""
    symbol = order.symbol
    name = f"{world.market.symbols[symbol].base}USD_PERP" if is_coin_margined else symbol
    quantity = world.print_quantity(symbol, order.quantity)
    tags = {"ps": name.removesuffix("_PERP"), "st": 2 if is_coin_margined else 1}
    body = {
        "s": name,
        "S": order.side,
        "o": "LIMIT",
        "f": "IOC",
        "q": quantity,
        "p": world.print_price(symbol, order.price),
        "ap": world.print_price(symbol, order.average_price),
        "X": "FILLED",
        "l": quantity,
        "z": quantity,
        "T": order.time_ms,
    }
    return {"e": "forceOrder", "E": world.now_ms(), "o": body | tags} | tags


def diff(world: World, symbol: str, found: Mapping[str, Any]) -> Message:
    """`depthUpdate` of one diff of the market's book."""
    head = {"e": "depthUpdate", "E": found["E"], "T": found["T"], "s": symbol}
    chain = {"U": found["U"], "u": found["u"], "pu": found["pu"]}
    sides = {"b": levels(world, symbol, found["b"]), "a": levels(world, symbol, found["a"])}
    return head | chain | sides | tagged(symbol)


ALL: dict[str, tuple[Route, int, Callable[[], Produce] | None]] = {
    "!bookTicker": ("public", 5000, lambda: book_ticker),
    "!markPrice@arr": ("market", 3000, lambda: marks),
    "!markPrice@arr@1s": ("market", 1000, lambda: marks),
    "!forceOrder@arr": ("market", 0, None),
    "!ticker@arr": ("market", 1000, lambda: every(ticker_row)),
    "!miniTicker@arr": ("market", 1000, lambda: every(mini_row)),
    "!assetIndex@arr": ("market", 1000, lambda: asset_indices),
    "!contractInfo": ("market", 100, contract_changes),
}
ONE: dict[str, tuple[Route, int, Callable[[], Produce] | None]] = {
    "bookTicker": ("public", 0, lambda: book_ticker),
    "markPrice": ("market", 3000, lambda: mark),
    "markPrice@1s": ("market", 1000, lambda: mark),
    "forceOrder": ("market", 0, None),
    "ticker": ("market", 2000, lambda: one(ticker_row)),
    "miniTicker": ("market", 2000, lambda: one(mini_row)),
    "aggTrade": ("market", 100, aggregate_trade),
}
SPEED = {"": 250, "@500ms": 500, "@100ms": 100}
DEPTH = re.compile(r"depth(5|10|20)?(@100ms|@500ms)?$")
KLINE = re.compile(r"(continuousKline|kline)_(\w+)$")


def stream(world: World, name: str) -> Stream | None:
    """The stream of a name; None for one that does not exist, which stays silent like a wrong route."""
    if name in ALL:
        route, period, make = ALL[name]
        return Stream(name, route, "", period, make() if make else None)
    head, _, kind = name.partition("@")
    symbol = head.removesuffix("_perpetual").upper()
    if head != head.lower() or symbol not in world.market.symbols:
        return None
    if kind in ONE:
        route, period, make = ONE[kind]
        return Stream(name, route, symbol, period, make() if make else None)
    if found := DEPTH.match(kind):
        count, speed = found.groups(default="")
        return Stream(name, "public", symbol, SPEED[speed], partial_depth(int(count)) if count else None)
    if (found := KLINE.match(kind)) and found[2] in (*INTERVALS, "1s"):
        is_continuous = found[1] == "continuousKline"
        return Stream(name, "market", symbol, 250, kline(found[2], is_continuous=is_continuous))
    return None
