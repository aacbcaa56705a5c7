"""Steps that more than one flow takes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection

from flows import desk
from risk import advice, filling, indicators, positions
from risk.adapters import settings, store
from risk.adapters.store_read import GonePosition
from risk.adapters.wire import OwnForcedOrder
from risk.adapters.wire_contract import ContractChange
from risk.errors import (
    BannedError,
    DataError,
    ExchangeError,
    KeyRejectedError,
    RateLimitError,
    UnsupportedAccountError,
)
from risk.indicators import Bars
from risk.open_orders import READ_FACTS, SERVICES, are_known
from risk.positions import is_nowhere_milder
from risk.records import AccountSnapshot, DataIssue, PositionSnapshot

log = logging.getLogger(__name__)

INTERVALS = ("15m", "1h", "1d")
MARKET_SYMBOL = "BTCUSDT"
CAUSES = {"liquidation": "liquidated", "adl": "deleveraged", "settlement": "settled"}
FORCED_WITHIN = timedelta(minutes=2)  # a forced order this long before the position was missed is its cause
CLASSIFIED_WITHIN = timedelta(minutes=10)  # how long the exchange is asked again for the cause
SURE_AFTER = timedelta(seconds=10)  # a forced order may be listed late: what looks closed is looked at again
LEDGER_OVERLAP = timedelta(minutes=5)  # lines may be written late; the key removes what comes twice
LEDGER_BEGINS = timedelta(days=7)  # as far back as the drawdown looks
LEDGER_PAGE, LEDGER_MOST_PAGES = 1000, 10
MOVED_SHARE = Decimal("0.01")  # of the wallet; the drawdown warns from 5 % of equity

_wallets: dict[str, Decimal] = {}  # as this process last saw them
_noted: dict[str, float] = {}  # facts as this process last stored them

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")


def each(subjects: Iterable[Subject], call: Callable[[Subject], Answer]) -> list[Answer]:
    """The answers for all subjects that gave one; a failure goes to the ledger and the rest goes on.

    Raises:
        RateLimitError, BannedError: at once, since every further call would make it worse.
        ExchangeError, DataError: the last one, when no subject gave an answer.
    """
    answers: list[Answer] = []
    issues: list[DataIssue] = []
    failure: ExchangeError | DataError | None = None
    for subject in subjects:
        try:
            answers.append(call(subject))
        except (RateLimitError, BannedError):
            raise
        except (ExchangeError, DataError) as error:
            failure = error
            issues.append(_issue(subject, error))
    if issues:
        with desk.database() as db:
            store.save_issues(db, issues)
    if failure and not answers:
        raise failure
    return answers


def flat(lists: Iterable[Iterable[Answer]]) -> list[Answer]:
    """All items of all lists, in order."""
    return [item for items in lists for item in items]


def read_account() -> None:
    """One account poll, stored whole; positions that are gone are told apart by the exchange's own orders.

    Raises:
        KeyRejectedError, UnsupportedAccountError: as facts they make the alerts that say what to do.
    """
    snapshot, held = watched_account()
    if _has_moved_money(snapshot):
        try:
            read_ledger()  # before the poll is stored: a transfer is no fall of equity
        except ExchangeError as error:
            log.warning("the ledger was not read after the wallet moved: %s", error)
    with desk.database() as db:
        keep_account(db, snapshot, held)
        store.beat(db, "exchange", snapshot.received_at)
        since = snapshot.event_at - CLASSIFIED_WITHIN
        gone = store.unclassified_positions(db, snapshot.account, since, desk.now(), SURE_AFTER)
    if gone:
        classify_gone(gone)


def read_ledger() -> None:
    """Store the account's ledger since its newest stored line, in pages, oldest first.

    Raises:
        ExchangeError: no answer.
    """
    account = settings.load().account
    with desk.database() as db:
        newest = store.newest_income_at(db, account)
    start = newest - LEDGER_OVERLAP if newest else desk.now() - LEDGER_BEGINS
    for _ in range(LEDGER_MOST_PAGES):
        found = desk.exchange().income(start, limit=LEDGER_PAGE)
        with desk.database() as db:
            store.save(db, found)
            store.beat(db, "income", desk.now())
        if len(found) < LEDGER_PAGE:
            return
        start = max(found[-1].event_at, start + timedelta(milliseconds=1))


def _has_moved_money(snapshot: AccountSnapshot) -> bool:
    """Whether the wallet changed so much since this process last saw it that money may have come or gone."""
    before = _wallets.get(snapshot.account)
    _wallets[snapshot.account] = snapshot.wallet_usdt
    if before is None:
        return True
    return abs(snapshot.wallet_usdt - before) >= MOVED_SHARE * max(abs(before), abs(snapshot.wallet_usdt))


def refresh_ladders(symbols: Iterable[str]) -> None:
    """Ask for the maintenance ladders of some symbols, so that a changed one is not found a day later."""
    found = flat(each(sorted(set(symbols)), lambda symbol: desk.exchange().leverage_brackets(symbol)))
    with desk.database() as db:
        store.save(db, found)


def read_change(change: ContractChange) -> None:
    """Look at a contract that the exchange has changed, if we watch or hold it.

    A ladder that nowhere asks for less than the one in force counts from now on; what asks for less waits
    until the table itself says so, which is asked at once. So do the rules of a contract that ends.
    """
    config = settings.load()
    with desk.database() as db:
        held = {position.symbol for position in store.open_positions(db, config.account)}
        if change.symbol not in held | set(config.symbols):
            return
        in_force = store.ladders(db, [change.symbol]).get(change.symbol, ())
        if config.watches_account and in_force and is_nowhere_milder(change.ladder, in_force):
            store.save(db, change.ladder)
    if config.watches_account and change.ladder:
        refresh_ladders([change.symbol])
    if change.ends:
        rules = desk.exchange().exchange_info()
        with desk.database() as db:
            store.save(db, rules)


def read_orders() -> None:
    """Store the account's open orders. A list that cannot be read stays as it was and grows too old to trust.

    Raises:
        ExchangeError, DataError: neither list was read.
    """
    each(SERVICES, _read_orders)


def _read_orders(service: str) -> None:
    account, asked_at = settings.load().account, desk.now()
    found = desk.exchange().open_orders(service)
    with desk.database() as db:
        store.replace_orders(db, account, service, found, asked_at)
        store.save_fact(db, READ_FACTS[service], float(len(found)), asked_at)


def store_shocks() -> None:
    """Store what moves of the whole market would do to the account as it stands, with its open orders."""
    config, moment = settings.load(), desk.now()
    with desk.database() as db:
        state = store.latest_state(
            db, config.symbols, account=config.account, watches_account=True, now=moment
        )
        found = filling.outlooks(
            state, advice.betas(state), are_known=are_known(state.facts, moment.timestamp())
        )
        store.save_shocks(db, config.account, found, moment)


def watched_account() -> tuple[AccountSnapshot, Sequence[PositionSnapshot]]:
    """The account as the exchange tells it; why it cannot be, and how far clocks are apart, become facts."""
    found = {"key_rejected": 0.0, "account_unsupported": 0.0}
    try:
        return desk.exchange().account_snapshot()
    except KeyRejectedError:
        found["key_rejected"] = 1.0
        raise
    except UnsupportedAccountError:
        found["account_unsupported"] = 1.0
        raise
    finally:
        offset_s = desk.exchange().clock_offset_s()
        if offset_s is not None:
            found["clock_offset_s"] = round(offset_s, 1)
        note_facts(found)


def note_facts(found: Mapping[str, float]) -> None:
    """Store the facts that this process has not stored yet, or has stored otherwise."""
    changed = {name: value for name, value in found.items() if _noted.get(name) != value}
    if changed:
        with desk.database() as db:
            for name, value in changed.items():
                store.save_fact(db, name, value, desk.now())
        _noted.update(changed)


def keep_account(
    db: Connection, snapshot: AccountSnapshot, held: Sequence[PositionSnapshot]
) -> tuple[PositionSnapshot, ...]:
    """Store a poll, each position with our price, distance and way out; returns those that are gone."""
    limits = settings.load().limits
    symbols = sorted({position.symbol for position in held})
    priced = positions.priced(snapshot, held, store.ladders(db, symbols))
    ways = store.ways_out(db, symbols, desk.now(), limits.ages_s)
    share = limits.alerts["cannot_exit"]["distance_share"]
    return store.replace_positions(db, snapshot, positions.judged(snapshot, priced, ways, share))


def classify_gone(gone: Sequence[GonePosition]) -> None:
    """Say of each vanished position whether it was liquidated, deleveraged, settled or closed.

    A poll that could not ask leaves them unclassified, and the next one asks again.
    """
    since = min(row.position.event_at for row in gone) - FORCED_WITHIN
    symbols = {row.position.symbol for row in gone}
    orders = desk.exchange().force_orders(start=since, symbol=symbols.pop() if len(symbols) == 1 else None)
    with desk.database() as db:
        for row in gone:
            kinds = [order.kind for order in orders if is_ended_by(row, order)]
            cause = next((CAUSES[kind] for kind in reversed(kinds) if kind in CAUSES), "closed")
            store.classify_position(db, row, cause, desk.now())


def is_ended_by(gone: GonePosition, order: OwnForcedOrder) -> bool:
    """Whether a forced order was this position's own: its side of a hedge, its direction, its time."""
    position = gone.position
    return (
        order.symbol == position.symbol
        and order.position_side == position.side
        and order.side == ("SELL" if position.quantity > 0 else "BUY")
        and position.event_at - FORCED_WITHIN <= order.event_at <= gone.vanished_at + SURE_AFTER
    )


def bars(db: Connection, symbol: str, interval: str, count: int) -> Bars:
    """The newest stored bars of a symbol, oldest first."""
    found = store.klines(db, symbol, interval, count)
    return Bars(
        open_at=found.open_at,
        open=found.open,
        high=found.high,
        low=found.low,
        close=found.close,
        volume=found.volume,
    )


def refresh_indicators(symbols: Sequence[str]) -> None:
    """Measure the newest stored bar of every symbol and interval."""
    received_at = desk.now()
    for interval in INTERVALS:
        wanted = indicators.BARS_WANTED[interval]
        with desk.database() as db:
            market = bars(db, MARKET_SYMBOL, interval, wanted) if interval == "1h" else None
        for symbol in symbols:
            with desk.database() as db:
                own = bars(db, symbol, interval, wanted)
                fit = store.latest_fit(db, symbol, interval)
                row = indicators.indicator(
                    symbol, interval, own, fit=fit, market=market, received_at=received_at
                )
                found = indicators.newest_divergences(symbol, interval, own, received_at)
                store.save(db, [*([row] if row else []), *found])


def _issue(subject: object, error: Exception) -> DataIssue:
    """A line for the ledger. Subjects are symbols, tuples that begin with one, or have one."""
    log.warning("%s: %s", subject, error)
    symbol = subject[0] if isinstance(subject, tuple) else getattr(subject, "symbol", subject)
    problem = f"{type(error).__name__}: {error}"
    return DataIssue(at=desk.now(), source="flow", symbol=str(symbol), field="", value="", problem=problem)
