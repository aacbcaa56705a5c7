"""`risk backtest score`: the whole score replayed over a folder of archives, and what came of it in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from risk import catalogue
from risk.adapters import pages, pasts, score_page, store
from risk.adapters.settings import Settings
from risk.crash_study import CRASHES, CrashRow, PositionRow, crash_row, position_rows
from risk.errors import SettingsError
from risk.limits import Limits
from risk.records import LeverageBracket
from risk.runtime.database import reachable
from risk.score_findings import Collected, Findings, findings
from risk.score_report import chapters
from risk.score_study import Judgement, judged
from risk.tracks import tracks

DAY_S = 86_400
SHOWN = ("levels", "ranking", "reliability", "crashes")


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
    language: str = "en"


def run(settings: Settings, wish: Wish, console: Console, say: Callable[[str], None]) -> int:
    """Replay, show, write; the exit status.

    Raises:
        SettingsError: a symbol without bars in the folder.
        DataError: a file that cannot be read.
        StoreError: the database does not answer where the run is to be stored.
    """
    found = replayed(wish, console)
    told = chapters(found, wish.language)
    for grid in (grid for chapter in told if chapter.name in SHOWN for grid in chapter.grids):
        table = Table(*grid.columns, box=box.SIMPLE, title=grid.caption or None)
        for row in grid.rows:
            table.add_row(*row)
        console.print(table)
    if wish.html:
        pages.save(wish.html, score_page.page(found, wish.language))
    if wish.json:
        body = json.dumps(plain(asdict(found)), indent=1, allow_nan=False, sort_keys=True)
        wish.json.write_text(body + "\n", encoding="utf-8")
    if wish.keep:
        with reachable(settings) as url, store.connect(url) as db:
            store.save_limits(db, wish.limits.version, wish.limits.body())
            store.save_score_backtest(db, found, datetime.now(UTC), wish.language)
    for words in told[0].words:
        say(words)
    return 0


def replayed(
    wish: Wish, console: Console, seen: Callable[[Judgement], object] = lambda judgement: None
) -> Findings:
    """Every symbol replayed, one after the other, and what was found.

    Args:
        seen: is given every track that was judged; nothing else keeps them.

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
    collected = Collected()
    with Progress(*columns, console=console, transient=True) as progress:
        chosen = wish.symbols or there
        task = progress.add_task(
            catalogue.say(wish.language, "backtest.score.progress.symbols"), total=len(chosen)
        )
        for symbol in chosen:
            ladder = pasts.ladder(wish.archive, symbol)
            for one in _judgements(wish, symbol, progress):
                collected.add(one, *_crashes(wish, one, ladder))
                seen(one)
            progress.advance(task)
    return findings(
        collected,
        profile=wish.limits.profile,
        limits_version=wish.limits.version,
        notional_usdt=wish.notional_usdt,
        side=wish.side,
    )


def _crashes(
    wish: Wish, one: Judgement, ladder: tuple[LeverageBracket, ...]
) -> tuple[list[CrashRow], list[PositionRow]]:
    """The past crashes that the track reaches, and what positions held in them would have lived through."""
    rows: list[CrashRow] = []
    positions: list[PositionRow] = []
    for crash in CRASHES:
        row = crash_row(one, crash, wish.notional_usdt)
        if row:
            rows.append(row)
            positions += position_rows(
                one.track, crash, wish.limits, ladder,
                side=wish.side, notional_usdt=wish.notional_usdt, leverages=wish.leverages,
            )  # fmt: skip
    return rows, positions


def _judgements(wish: Wish, symbol: str, progress: Progress) -> Iterator[Judgement]:
    for past in pasts.pasts(wish.archive, symbol):
        days = round((past.bars.open_at[-1] - past.bars.open_at[0]) / DAY_S)
        task = progress.add_task(
            catalogue.say(wish.language, "backtest.score.progress.days", symbol=symbol), total=days
        )
        for track in tracks(past, on_day=partial(progress.advance, task)):
            yield judged(track, wish.limits)
        progress.remove_task(task)


def plain(value: Any) -> Any:
    """The same without what JSON does not know: NaN and infinities become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
