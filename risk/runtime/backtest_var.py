"""`risk backtest var`: six methods side by side over the past, resumable, with what came of it in files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from risk.adapters import closes, pages, store, var_checkpoint, var_page
from risk.adapters.settings import Settings
from risk.errors import SettingsError
from risk.panel import Panel, book_returns
from risk.runtime.database import reachable
from risk.var_report import Told, fits, verdict
from risk.var_study import PLANS, Agreement, Plan, Study, agreement, joined, piece, spans

MOST_STORED = 100_000  # bars asked of the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    holdings: tuple[str, ...]
    archive: Path | None
    interval: str
    since: datetime | None
    until: datetime | None
    venue: str
    window: int | None
    refit_every: int | None
    checks: int | None  # windows that arch fits as well; None: every one
    csv: Path | None
    json: Path | None
    html: Path | None
    language: str


def run(settings: Settings, wish: Wish, console: Console, say: Callable[[str], None]) -> int:
    """Judge, show, write; the exit status.

    Raises:
        SettingsError: holdings, window or refit that cannot be.
        DataError: no bars, or too few.
        StoreError: without an archive, the database does not answer.
    """
    weights = book(wish.holdings)
    plan = _plan(wish)
    panel, source = _panel(settings, wish, tuple(weights))
    returns = book_returns(list(weights.values()), panel.returns())
    place = var_checkpoint.folder(settings.data_dir, returns, plan)
    found = _study(panel, returns, plan, console, place)
    compared = _compared(returns, plan, wish.checks, console)
    told = Told(study=found, book=weights, sources=tuple(source), agreement=compared)
    console.print(_table(found))
    rows = lines(found)
    if wish.csv:
        _write_csv(wish.csv, rows)
    if wish.json:
        body = {
            "book": weights,
            "interval": wish.interval,
            "source": source,
            "tests": rows,
            "fits": _fits(found, compared),
        }
        wish.json.write_text(json.dumps(body, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if wish.html:
        pages.save(wish.html, var_page.page(told, wish.language))
    for words in (*verdict(found, wish.language), *fits(told, wish.language)):
        say(words)
    var_checkpoint.forget(place)
    return 0


def book(holdings: tuple[str, ...]) -> dict[str, float]:
    """Weight by symbol of `BTCUSDT` or `BTCUSDT=0.6`; below 0 is short.

    Raises:
        SettingsError: none, a symbol twice, or a weight that is none.
    """
    weights: dict[str, float] = {}
    for holding in holdings:
        name, has_weight, text = holding.partition("=")
        symbol = name.strip().upper()
        try:
            weight = float(text) if has_weight else 1.0
        except ValueError:
            weight = 0.0
        if not symbol.isalnum() or symbol in weights or not 0.0 < abs(weight) < float("inf"):
            raise SettingsError(f"holding {holding!r}: write each symbol once, as BTCUSDT or BTCUSDT=-0.4")
        weights[symbol] = weight
    if not weights:
        raise SettingsError("no symbol: write `risk backtest var BTCUSDT`, or BTCUSDT=0.6 ETHUSDT=0.4")
    return weights


def _plan(wish: Wish) -> Plan:
    usual = PLANS[wish.interval]
    window, refit_every = wish.window or usual.window, wish.refit_every or usual.refit_every
    if window < 100:
        raise SettingsError(f"--window {window}: at least 100 returns for a VaR at 99 %")
    return Plan(interval=usual.interval, window=window, refit_every=refit_every)


def _panel(settings: Settings, wish: Wish, symbols: tuple[str, ...]) -> tuple[Panel, list[str]]:
    if wish.archive:
        panel, names = closes.of_folder(
            wish.archive, symbols, wish.interval, venue=wish.venue, since=wish.since, until=wish.until
        )
        return panel, list(names)
    with reachable(settings) as url, store.connect(url) as db:
        return closes.of_database(db, symbols, wish.interval, MOST_STORED), ["database"]


def _study(panel: Panel, returns: Any, plan: Plan, console: Console, place: Path) -> Study:
    """Every piece, those that an interrupted run left behind taken from the disk."""
    parts = spans(returns, plan)
    with _progress(console) as progress:
        task = progress.add_task(f"{plan.interval} bars", total=parts[-1][1] - plan.window)

        def show(done: int) -> Callable[[int, int], None]:
            return lambda more, _: progress.update(task, completed=done + more)

        pieces = []
        for part in parts:
            one = var_checkpoint.load(place, part, plan)
            if one is None:
                one = piece(returns, plan, part, on_refit=show(part[0] - plan.window))
                var_checkpoint.save(place, one)
            progress.update(task, completed=part[1] - plan.window)
            pieces.append(one)
        return joined(panel.open_at, returns, plan, pieces)


def _compared(returns: Any, plan: Plan, checks: int | None, console: Console) -> Agreement:
    """Windows of the refits fitted by arch as well."""
    with _progress(console) as progress:
        task = progress.add_task("fits beside arch", total=None)
        return agreement(
            returns, plan, checks, lambda done, of: progress.update(task, completed=done, total=of)
        )


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def _fits(study: Study, found: Agreement) -> dict[str, Any]:
    """How many GARCH fits there were, and how those that arch made as well compare; null where none did."""
    worst, best = (float(x) if np.isfinite(x) else None for x in (found.worst, found.best))
    return {
        "made": study.fits, "compared_with_arch": found.checked, "beyond_the_bound_of_arch": found.on_bound,
        "log_likelihood_worst": worst, "log_likelihood_best": best, "agree": found.holds,
    }  # fmt: skip


def lines(study: Study) -> list[dict[str, Any]]:
    """One flat row per method and level, with plain numbers."""
    rows = []
    for (method, level), test in study.tests.items():
        rows.append(
            {
                "method": method, "level": level, "observations": test.observations,
                "exceptions": test.exceptions, "rate": test.rate,
                "kupiec_p": test.kupiec.p_value, "independence_p": test.independence.p_value,
                "conditional_p": test.conditional.p_value,
                "dynamic_quantile_p": test.dynamic_quantile.p_value, "zone": str(test.zone),
                "z2": test.z2, "quantile_score": test.quantile_score, "fz0_score": test.fz0_score,
                "has_failed": test.has_failed(),
            }
        )  # fmt: skip
    return rows


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["method"])
        writer.writeheader()
        writer.writerows(rows)


def _table(study: Study) -> Table:
    first, last = (datetime.fromtimestamp(study.open_at[i], UTC) for i in (0, -1))
    table = Table(box=box.SIMPLE, title=f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, {study.plan.interval}")
    for name in ("method", "level", "exceptions", "expected", "Kupiec", "runs", "both", "DQ", "zone", "FZ0"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for row in lines(study):
        expected = row["observations"] * (1.0 - row["level"])
        p_values = [
            row[f"{name}_p"] for name in ("kupiec", "independence", "conditional", "dynamic_quantile")
        ]
        fz0 = row["fz0_score"]
        table.add_row(
            row["method"], f"{row['level'] * 100:g} %", str(row["exceptions"]), f"{expected:.1f}",
            *(f"{p:.3f}" for p in p_values), row["zone"], "–" if fz0 is None else f"{fz0:.4f}",
        )  # fmt: skip
    return table
