"""Returns of strategies from rows of text: a file (CSV, gzipped, parquet) or the answer of a query.

Three forms are told apart by their columns:

* trades: `strategy`, begin and `close_ts`, a notional and a profit: what the trades earned by period;
* long: `strategy`, a time and `return` (or `value`): one row a return;
* wide: a time, and every other column is a strategy of that name; an empty cell is a missing return.

A period is named by its begin (`ts`, `date`, `time`) or by its end (`event_at`, `ended_at`). Nothing is
filled. A row that cannot be true refuses the whole: half an import would look like a calm strategy.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from risk import trade_logs
from risk.adapters.archive_rows import Row
from risk.errors import PayloadError
from risk.records import StrategyReturn
from risk.strategy_study import PERIOD_S
from risk.trade_logs import Trade

BEGINS = ("ts", "date", "day", "time", "timestamp", "open_time")
ENDS = ("event_at", "ended_at", "end")
VALUES = ("return", "value", "returns")
CLOSED = ("close_ts", "closed_at", "close_date")
OPENED = ("ts", "opened_at", "open_date")
PROFITS = ("net_pnl_usd", "pnl_usdt", "profit_abs")
NOTIONALS = ("notional_usd", "notional_usdt", "stake")
MISSING = frozenset({"", "nan", "na", "null", "none", "-"})
MOST_RETURN = 10.0
MOST_STRATEGIES = 300
LONGEST_NAME = 60
YEAR_2000_S = 946_684_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How rows are to be read.

    Attributes:
        source: of the rows, for messages.
        strategy: name of a strategy where no column tells it.
        period: "1d" or "1h"; None: by the distance of the times, trades by day.
        capital_usdt: of each strategy of a trade log; None: the most that each had open at once.
        is_percent: values are percent, not fractions.
        received_at: UTC.
    """

    source: str
    strategy: str | None = None
    period: str | None = None
    capital_usdt: float | None = None
    is_percent: bool = False
    received_at: datetime


@dataclass(frozen=True, slots=True)
class _Value:
    """One return where it stood; the moment begins or ends its period."""

    strategy: str
    at_s: float
    value: float
    line: int


@dataclass(frozen=True, slots=True)
class Found:
    """Returns in order of strategy and time, and how many more belong to periods that have not ended yet."""

    returns: tuple[StrategyReturn, ...]
    unfinished: int


def returns(rows: Iterable[Row], how: Reading) -> Found:
    """All returns of the rows; repeated rows that say the same count once.

    Raises:
        PayloadError: names row, column, value and remedy; or that there is nothing to read.
        DataError: a trade that cannot be true.
    """
    given = list(rows)
    if not given:
        raise PayloadError(how.source, "", "", "no row: a header line and one row per return or trade")
    columns = list(dict.fromkeys(column for row in given for column in row))
    if _first(columns, CLOSED) and _first(columns, PROFITS):
        return _records(how, _of_trades(given, columns, how), how.period or "1d")
    values, ends = _values(given, columns, how)
    period = how.period or _period(values, how.source)
    return _records(how, _by_end(values, PERIOD_S[period], how, ends=ends), period)


def _of_trades(
    rows: Sequence[Row], columns: Sequence[str], how: Reading
) -> Mapping[tuple[str, float], float]:
    closed, profit = _needed(columns, CLOSED, how), _needed(columns, PROFITS, how)
    opened, notional = _needed(columns, OPENED, how), _needed(columns, NOTIONALS, how)
    trades = [
        Trade(
            strategy=_strategy(row, line, how),
            opened_s=_moment(row, opened, line, how),
            closed_s=_moment(row, closed, line, how),
            notional_usdt=_number(row, notional, line, how) * _leverage(row, notional, line, how),
            pnl_usdt=_number(row, profit, line, how),
        )
        for line, row in enumerate(rows, 2)
    ]
    period_s = PERIOD_S[how.period or "1d"]
    return trade_logs.returns(trades, capital_usdt=how.capital_usdt, period_s=period_s)


def _values(rows: Sequence[Row], columns: Sequence[str], how: Reading) -> tuple[list[_Value], bool]:
    """The returns, and whether their moments end the periods."""
    ends = _first(columns, ENDS)
    at = ends or _needed(columns, BEGINS, how)
    value = _first(columns, VALUES)
    wide = () if value else tuple(c for c in columns if c not in (at, "strategy", "period"))
    if not value and not wide:
        raise PayloadError(how.source, "", ", ".join(columns), f"no column of returns: {' or '.join(VALUES)}")
    found = []
    for line, row in enumerate(rows, 2):
        moment = _moment(row, at, line, how)
        for column in (value,) if value else wide:
            name = _strategy(row, line, how) if value else _name(column, line, how)
            if _text(row, str(column)).lower() not in MISSING:
                found.append(_Value(name, moment, _return(row, str(column), line, how), line))
    if not found:
        raise PayloadError(how.source, "", ", ".join(columns), "no return in any row")
    return found, ends is not None


def _period(values: Sequence[_Value], source: str) -> str:
    """By the smallest distance between two returns of one strategy; a day where there is only one."""
    times: dict[str, set[float]] = {}
    for value in values:
        times.setdefault(value.strategy, set()).add(value.at_s)
    steps = [late - early for own in times.values() for early, late in pairwise(sorted(own))]
    least = min(steps, default=PERIOD_S["1d"])
    if least < PERIOD_S["1h"]:
        raise PayloadError(source, "time", f"{least:g} s apart", "returns of a day or an hour are needed")
    return "1d" if least >= PERIOD_S["1d"] else "1h"


def _by_end(
    values: Sequence[_Value], step: int, how: Reading, *, ends: bool
) -> Mapping[tuple[str, float], float]:
    """(strategy, end of the period in seconds) to the return."""
    found: dict[tuple[str, float], float] = {}
    for value in values:
        number = math.ceil(value.at_s / step) if ends else math.floor(value.at_s / step) + 1
        key = value.strategy, float(number * step)
        if found.setdefault(key, value.value) != value.value:
            raise PayloadError(
                f"{how.source} row {value.line}", value.strategy, value.value,
                f"another return, {found[key]:g}, stands in the same period: --period 1h, or keep one",
            )  # fmt: skip
    return found


def _records(how: Reading, found: Mapping[tuple[str, float], float], period: str) -> Found:
    names = {name for name, _ in found}
    if len(names) > MOST_STRATEGIES:
        raise PayloadError(how.source, "strategy", len(names), f"at most {MOST_STRATEGIES} strategies")
    now_s = how.received_at.timestamp()
    for name, end_s in found:
        if end_s > now_s + PERIOD_S[period]:
            ending = datetime.fromtimestamp(end_s, UTC).isoformat()
            raise PayloadError(how.source, name, ending, "begins in the future: times are UTC")
    ended = tuple(
        StrategyReturn(
            strategy=name, period=period, value=value, event_at=datetime.fromtimestamp(end_s, UTC),
            received_at=how.received_at, source="import",
        )
        for (name, end_s), value in sorted(found.items()) if end_s <= now_s
    )  # fmt: skip
    return Found(ended, len(found) - len(ended))


def _first(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    return next((column for column in wanted if column in columns), None)


def _needed(columns: Sequence[str], wanted: Sequence[str], how: Reading) -> str:
    found = _first(columns, wanted)
    if found is None:
        raise PayloadError(how.source, "", ", ".join(columns), f"no column {' or '.join(wanted)}")
    return found


def _text(row: Row, column: str) -> str:
    return (row.get(column) or "").strip()


def _strategy(row: Row, line: int, how: Reading) -> str:
    text = _text(row, "strategy") or (how.strategy or "")
    if not text:
        raise PayloadError(f"{how.source} row {line}", "strategy", text, "no name: add --strategy NAME")
    return _name(text, line, how)


def _name(text: str, line: int, how: Reading) -> str:
    if len(text) > LONGEST_NAME or any(unicodedata.category(c)[0] == "C" for c in text) or not text.strip():
        raise PayloadError(
            f"{how.source} row {line}", "strategy", text,
            f"a name of 1 to {LONGEST_NAME} printable characters is needed",
        )  # fmt: skip
    return text.strip()


def _number(row: Row, column: str, line: int, how: Reading) -> float:
    text = _text(row, column)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise PayloadError(f"{how.source} row {line}", column, text, "not a finite number")
    return value


def _leverage(row: Row, notional: str, line: int, how: Reading) -> float:
    """A stake is margin: what it moves is that times the leverage."""
    return _number(row, "leverage", line, how) if notional == "stake" and _text(row, "leverage") else 1.0


def _return(row: Row, column: str, line: int, how: Reading) -> float:
    text = _text(row, column)
    is_percent = how.is_percent or text.endswith("%")
    value = _number({**row, column: text.removesuffix("%")}, column, line, how) / (100.0 if is_percent else 1)
    if abs(value) > MOST_RETURN:
        raise PayloadError(
            f"{how.source} row {line}", column, text,
            "a fraction is needed, 0.01 for 1 %: add --percent where it is percent",
        )  # fmt: skip
    return value


def _moment(row: Row, column: str, line: int, how: Reading) -> float:
    """Seconds since 1970: an epoch in milliseconds or seconds, or a date with or without a time; UTC."""
    text = _text(row, column)
    try:
        number = float(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None:
            raise PayloadError(
                f"{how.source} row {line}", column, text, "no time: 2024-01-31, or ms since 1970"
            ) from None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    seconds = number / 1000.0 if number > 1e11 else number
    if not YEAR_2000_S <= seconds < 1e11:
        raise PayloadError(
            f"{how.source} row {line}", column, text,
            "no time of this century: 2024-01-31, or seconds or ms since 1970",
        )  # fmt: skip
    return seconds
