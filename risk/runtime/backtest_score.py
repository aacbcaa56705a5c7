"""`risk backtest score`: the whole score replayed over a folder of archives, and what came of it in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from risk.adapters import pages, pasts, score_page, store
from risk.adapters.settings import Settings
from risk.crash_study import CRASHES, CrashRow, PositionRow, crash_row, position_rows
from risk.errors import SettingsError
from risk.limits import Limits
from risk.runtime.database import reachable
from risk.score_findings import Findings, chapters, findings
from risk.score_study import Judgement, judged
from risk.tracks import tracks

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    symbols: tuple[str, ...]
    archive: Path
    limits: Limits
    side: int
    leverages: tuple[float, ...]
    notional_usdt: float
    html: Path | None
    json: Path | None
    keep: bool


def run(settings: Settings, wish: Wish, console: Console, say: Callable[[str], None]) -> int:
    """Replay, show, write; the exit status.

    Raises:
        SettingsError: a symbol without bars in the folder.
        DataError: a file that cannot be read.
        StoreError: the database does not answer where the run is to be stored.
    """
    _, found = replayed(wish, console)
    for grid in (grid for chapter in chapters(found)[:5] for grid in chapter.grids):
        table = Table(*grid.columns, box=box.SIMPLE, title=grid.caption or None)
        for row in grid.rows:
            table.add_row(*row)
        console.print(table)
    if wish.html:
        pages.save(wish.html, score_page.page(found))
    if wish.json:
        body = json.dumps(plain(asdict(found)), indent=1, allow_nan=False, sort_keys=True)
        wish.json.write_text(body + "\n", encoding="utf-8")
    if wish.keep:
        with reachable(settings) as url, store.connect(url) as db:
            store.save_limits(db, wish.limits.version, wish.limits.body())
            store.save_score_backtest(db, found, datetime.now(UTC))
    for words in chapters(found)[0].words:
        say(words)
    return 0


def replayed(wish: Wish, console: Console) -> tuple[list[Judgement], Findings]:
    """Every symbol replayed, one after the other, and what was found.

    Raises:
        SettingsError: a symbol without bars in the folder.
        DataError: a file that cannot be read.
    """
    there = pasts.symbols(wish.archive)
    unknown = sorted(set(wish.symbols) - set(there))
    if unknown or not there:
        raise SettingsError(
            f"{', '.join(unknown) or 'no symbol'}: no bars of an hour or less in {wish.archive}; there are "
            f"{', '.join(there) or 'none'}"
        )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found: list[Judgement] = []
    crashes: list[CrashRow] = []
    positions: list[PositionRow] = []
    with Progress(*columns, console=console, transient=True) as progress:
        chosen = wish.symbols or there
        task = progress.add_task("symbols", total=len(chosen))
        for symbol in chosen:
            for one in _judgements(wish, symbol, progress):
                found.append(one)
                for crash in CRASHES:
                    row = crash_row(one, crash, wish.notional_usdt)
                    crashes += [row] if row else []
                    positions += position_rows(
                        one.track, crash, wish.limits, pasts.ladder(wish.archive, symbol),
                        side=wish.side, notional_usdt=wish.notional_usdt, leverages=wish.leverages,
                    ) if row else ()  # fmt: skip
            progress.advance(task)
    order = {crash.name: i for i, crash in enumerate(CRASHES)}
    summed = findings(
        found,
        sorted(crashes, key=lambda row: (order[row.crash], row.symbol)),
        sorted(positions, key=lambda row: (order[row.crash], row.symbol, row.leverage)),
        profile=wish.limits.profile,
        limits_version=wish.limits.version,
        notional_usdt=wish.notional_usdt,
        side=wish.side,
    )
    return found, summed


def _judgements(wish: Wish, symbol: str, progress: Progress) -> list[Judgement]:
    found = []
    for past in pasts.pasts(wish.archive, symbol):
        days = round((past.bars.open_at[-1] - past.bars.open_at[0]) / DAY_S)
        task = progress.add_task(f"{symbol}, days", total=days)
        found += [judged(t, wish.limits) for t in tracks(past, on_day=lambda t=task: progress.advance(t))]  # type: ignore[misc]
        progress.remove_task(task)
    return found


def plain(value: Any) -> Any:
    """The same without what JSON does not know: NaN and infinities become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
