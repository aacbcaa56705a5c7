"""`risk strategies`: returns into the desk, and what they say together."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from risk import strategy_study
from risk.adapters import embedded, foreign_rows, migrate, store, strategy_files
from risk.adapters.archive_rows import UNREADABLE, Row, rows_of
from risk.adapters.settings import Settings
from risk.adapters.store_strategies import EVERYTHING, WINDOW_DAYS
from risk.adapters.strategy_files import Found, Reading
from risk.errors import DataError, SettingsError
from risk.records import StrategyReturn
from risk.runtime.database import address, reachable
from risk.strategy_study import Study

MOST_SHOWN = 12
"""Strategies that a matrix on the terminal takes; of more the closest pairs are shown."""
CLOSEST = 20
PERCENT_SIGMA = 0.3
"""Of a period: a greater one is asked about, since returns in percent look like that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported: files, or the answer of a query."""

    files: tuple[Path, ...]
    query: str | None = None
    database: str | None = None  # of the query; None: the desk's own
    strategy: str | None = None
    period: str | None = None
    capital_usdt: float | None = None
    is_percent: bool = False
    replaces: bool = False


def take(settings: Settings, wish: Wish, say: Callable[[str], None]) -> int:
    """Import all or nothing, study anew, and say what came of it; 0, or 1 where stored returns differ.

    Raises:
        SettingsError: neither or both of files and query.
        DataError: a row that cannot be true, named with its remedy.
        StoreError: a database does not answer.
    """
    if bool(wish.files) == bool(wish.query):
        raise SettingsError("name one file or more, or --query with a question in SQL")
    now = datetime.now(UTC)
    found = [strategy_files.returns(rows, _how(wish, name, now)) for name, rows in _sources(settings, wish)]
    given = tuple(row for part in found for row in part.returns)
    with reachable(settings, starts=True) as url:
        if migrate.current(url) != migrate.head():
            migrate.upgrade(url)
        with store.connect(url) as db:
            stored, differing = store.replace_returns(db, given, replaces=wish.replaces)
            refused = bool(differing) and not wish.replaces
            if not refused:
                store.renew_studies(db, settings.strategies.capital, settings.limits, now)
    if refused:
        name, at = differing[0]
        say(
            f"refused: {len(differing)} returns are stored with another value, e.g. {name} of the period "
            f"that ends {at:%Y-%m-%d %H:%M} UTC; nothing was stored. "
            "--replace lets the new ones take their place"
        )
        return 1
    for line in _told(found, given, stored, len(differing)):
        say(line)
    return 0


def _how(wish: Wish, source: str, now: datetime) -> Reading:
    return Reading(
        source=source,
        strategy=wish.strategy,
        period=wish.period,
        capital_usdt=wish.capital_usdt,
        is_percent=wish.is_percent,
        received_at=now,
    )


def _sources(settings: Settings, wish: Wish) -> Iterator[tuple[str, list[Row]]]:
    for path in wish.files:
        try:
            yield path.name, list(rows_of(path))
        except UNREADABLE as cause:
            raise DataError(f"{path}: it cannot be read: {cause}") from cause
    if wish.query and wish.database:
        yield "query", list(foreign_rows.rows(wish.database, wish.query))
    elif wish.query:
        with reachable(settings, starts=True, role=embedded.READER) as url:
            yield "query", list(foreign_rows.rows(url, wish.query))


def _told(found: Sequence[Found], given: Sequence[Any], stored: int, replaced: int) -> Iterator[str]:
    own: dict[str, list[float]] = {}
    for row in given:
        own.setdefault(row.strategy, []).append(row.value)
    ends = [row.event_at for row in given]
    span = f", {min(ends):%Y-%m-%d} to {max(ends):%Y-%m-%d}" if ends else ""
    yield f"{len(given)} returns of {len(own)} strategies{span}; {stored} of them new"
    if replaced:
        yield f"{replaced} stored returns had another value and were replaced"
    if unfinished := sum(part.unfinished for part in found):
        yield f"{unfinished} returns of a period that has not ended yet are left out: import them again later"
    for name, values in sorted(own.items()):
        mean = sum(values) / len(values)
        sigma = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        if sigma > PERCENT_SIGMA:
            yield f"{name}: a sigma of {sigma:.0%} a period; if the file has percent: --percent --replace"


def show(
    settings: Settings,
    form: Literal["table", "csv", "json"],
    period: str | None,
    console: Console,
    say: Callable[[str], None],
) -> int:
    """Print what the stored returns say together, computed now; 0.

    Raises:
        DataError: no return is stored, or none of this period.
        StoreError: the database does not answer.
    """
    given, older = _stored(settings)
    if not given:
        raise DataError("no return of any strategy is stored: `risk strategies import FILE`")
    wanted = period or min(row.period for row in given if row.event_at == given[-1].event_at)
    found = strategy_study.study(strategy_study.aligned(given, wanted), settings.strategies.capital)
    if form == "json":
        say(json.dumps(_plain(found), ensure_ascii=False, indent=1))
    elif form == "csv":
        say(_sheet(found).rstrip("\n"))
    else:
        console.print(_shares(found))
        console.print(_matrix(found) if len(found.names) <= MOST_SHOWN else _closest(found))
        for line in _summary(found):
            say(line)
        if older:
            say(f"left out, without a return in these {WINDOW_DAYS:,} days: {', '.join(older)}")
    return 0


def _stored(settings: Settings) -> tuple[tuple[StrategyReturn, ...], tuple[str, ...]]:
    """(returns that are studied, strategies that have none among them); nothing before the first import."""
    with reachable(settings, starts=True) as url:
        if migrate.current(url) is None:
            return (), ()
        with store.connect(address(settings, role=embedded.READER)) as db:
            given = store.strategy_returns(db)
            every = store.strategy_returns(db, EVERYTHING)
    return given, tuple(sorted({row.strategy for row in every} - {row.strategy for row in given}))


def _plain(found: Study) -> dict[str, Any]:
    """Everything with plain values; matrices in the order of `names`, null where the overlap is too small."""
    order = list(found.order)
    matrices = {name: getattr(found, name) for name in ("sample", "shrunk", "ewma", "stressed")}
    return {
        "period": found.period,
        "first_at": _iso(found.first_s),
        "last_at": _iso(found.last_s),
        "names": [found.names[i] for i in order],
        "strategies": strategy_study.lines(found),
        "basis": found.basis,
        "mean_correlation_30d": found.mean_recent,
        "recent_pairs": found.recent_pairs,
        "diversification_ratio": found.diversification_ratio,
        "effective_bets": found.effective_bets,
        "overlap": [[int(found.overlap[i, j]) for j in order] for i in order],
        "correlation": {
            name: [[_known(matrix[i, j]) for j in order] for i in order] for name, matrix in matrices.items()
        },
    }


def _sheet(found: Study) -> str:
    """One row per strategy in the order of the heat map: its share, then its correlation with each."""
    lines = {line["strategy"]: line for line in strategy_study.lines(found)}
    order = list(found.order)
    heads = ("strategy", "periods", "sigma", "weight", "contribution", "cluster", "reason")
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([*heads, *(_safe(f"correlation with {found.names[i]}") for i in order)])
    for i in order:
        line = lines[found.names[i]]
        row = [_safe(line[head]) if isinstance(line[head], str) else line[head] for head in heads]
        writer.writerow([*row, *(_known(found.sample[i, j]) for j in order)])
    return made.getvalue()


def _safe(text: str) -> str:
    """What begins like a formula is kept from being one in a sheet."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _shares(found: Study) -> Table:
    table = Table(
        "strategy", "cluster", "periods", "sigma", "capital", "share of risk", "", box=box.SIMPLE_HEAD
    )
    table.title = "Whose the risk is"
    for line in strategy_study.lines(found):
        table.add_row(
            escape(line["strategy"]), str(line["cluster"] + 1), str(line["periods"]), _percent(line["sigma"]),
            _percent(line["weight"]), _percent(line["contribution"]), line["reason"],
        )  # fmt: skip
    return table


def _matrix(found: Study) -> Table:
    """Correlations of the sample, relatives side by side; nothing where the overlap is insufficient."""
    order = list(found.order)
    table = Table("", *(str(k) for k in range(1, len(order) + 1)), box=box.SIMPLE_HEAD)
    table.title = f"Correlation, returns of {found.period}"
    for k, i in enumerate(order, 1):
        cells = [_cell(_known(found.sample[i, j])) if i != j else "·" for j in order]
        table.add_row(f"{k} {escape(found.names[i])}", *cells)
    return table


def _closest(found: Study) -> Table:
    n = len(found.names)
    pairs = [(found.sample[i, j], i, j) for i in range(n) for j in range(i + 1, n)]
    known = sorted((pair for pair in pairs if math.isfinite(pair[0])), reverse=True)[:CLOSEST]
    table = Table("strategy", "and", "correlation", "common periods", box=box.SIMPLE_HEAD)
    table.title = f"The closest pairs of {len(pairs)}; all: --csv, --json"
    for value, i, j in known:
        names = escape(found.names[i]), escape(found.names[j])
        table.add_row(*names, _cell(float(value)), str(int(found.overlap[i, j])))
    return table


def _summary(found: Study) -> Iterator[str]:
    yield (
        f"{_iso(found.first_s)[:10]} to {_iso(found.last_s)[:10]}; mean correlation of the last 30 days "
        f"{_cell(found.mean_recent) or 'unknown'} ({found.recent_pairs} pairs); diversification ratio "
        f"{_cell(found.diversification_ratio) or 'unknown'}; effective bets "
        f"{_cell(found.effective_bets) or 'unknown'}; risk by {found.basis or 'nothing: it is unknown'}"
    )
    if bare := [name for name, reason in zip(found.names, found.reasons, strict=True) if reason]:
        yield f"not in the book: {', '.join(bare)}; their share of the risk is unknown, not 0"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.1f} %"
