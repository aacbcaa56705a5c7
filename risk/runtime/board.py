"""The live table in a terminal: newest score of every symbol, its price, and why."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from risk.adapters import store
from risk.adapters.store_engine import rows
from risk.state import ACCOUNT_SCOPE, DIMENSIONS, LEVELS

STYLES = {"low": "green", "medium": "yellow", "high": "bold red", "extreme": "bold white on red"}
STALE_AFTER_S = 15.0
WIDE = 110  # columns
FRAME = 4  # lines of a table beside its rows
DIMENSION_PLACES, WHY = range(3, 7), 9
HEADINGS = {
    "en": ("symbol", "score", "level", *DIMENSIONS, "mark price", "age", "why"),
    "zh": ("合约", "总分", "等级", "市场", "流动性", "杠杆", "情绪", "标记价", "延迟", "原因"),
}
LEVEL_NAMES = {"en": LEVELS, "zh": ("低", "中", "高", "极高")}
NO_SCORE = {"en": "no score yet", "zh": "尚无评分"}
MORE = {
    "en": "… and {count} more, none more endangered than those above",
    "zh": "…… 另有 {count} 个，危险程度均不高于以上各行",
}
BLIND = {"en": "blind", "zh": "无法评分"}


@dataclass(frozen=True, slots=True)
class Board:
    """What the table shows at one instant."""

    read_at: datetime
    lines: Sequence[Mapping[str, Any]]  # rows of board.sql
    parts: Mapping[str, datetime]  # last sign of life
    waiting: int  # deliveries


def read(database_url: str) -> Board:
    """The newest state out of the database.

    Raises:
        StoreError: the database does not answer.
    """
    with store.connect(database_url) as db:
        lines = rows(db, "board")
        parts = {name: beat.beat_at for name, beat in store.beats(db).items()}
        waiting = sum(each.deliveries for each in store.waiting_deliveries(db))
    return Board(datetime.now(UTC), lines, parts, waiting)


def render(
    board: Board, language: str = "en", footer: str = "", *, width: int = 120, height: int | None = None
) -> RenderableType:
    """The table for a terminal of `width` columns; a narrow one is spared the dimensions.

    Args:
        height: lines that there are. Where the reasons do not fit whole, each gets one line; where the
            symbols do not, the least endangered are only counted. None: as many as it takes.
    """
    shown = [place for place in range(len(HEADINGS["en"])) if width >= WIDE or place not in DIMENSION_PLACES]
    room = len(board.lines) if height is None else max(1, height - FRAME - bool(footer))
    is_cut = len(board.lines) > room
    lines = board.lines[: room - 1] if is_cut else board.lines
    cells = [_cells(line, board.read_at, language) for line in lines]
    rows = [[row[place] for place in shown] for row in cells]
    if not rows:
        rows = [["…", *[""] * (len(shown) - 2), NO_SCORE[language]]]
    notes = [Text(MORE[language].format(count=len(board.lines) - len(lines)), style="dim")] if is_cut else []
    notes += [Text(footer, style="dim", no_wrap=True, overflow="ellipsis")] if footer else []
    whole = _table(rows, shown, language, is_whole=True)
    is_whole = height is None or (not is_cut and _height(whole, width) + len(notes) <= height)
    return Group(whole if is_whole else _table(rows, shown, language, is_whole=False), *notes)


def _table(
    rows: Sequence[Sequence[RenderableType]], shown: Sequence[int], language: str, *, is_whole: bool
) -> Table:
    """The table; reasons on as many lines as they need, or on one."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for place in shown:
        is_number = place in (1, *DIMENSION_PLACES, 7, 8)
        table.add_column(
            HEADINGS[language][place],
            justify="right" if is_number else "left",
            no_wrap=place != WHY or not is_whole,
            overflow="fold" if is_whole else "ellipsis",
            ratio=1 if place == WHY else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _height(table: Table, width: int) -> int:
    """Lines that it takes on a terminal of `width` columns."""
    console = Console(width=width, file=io.StringIO())
    return len(console.render_lines(table, pad=False))


def plain(board: Board, language: str = "en") -> list[str]:
    """One line per scope, for a terminal that is a file."""
    return [
        f"{line['scope']:<10} {_points(line['composite']):>4} {level_name(line['level'], language):<8}"
        f" {' '.join(f'{_points(line[name]):>4}' for name in DIMENSIONS)}  {_price(line):>12}"
        f"  {line[f'sentence_{language}'] or ''}"
        for line in board.lines
    ]


def level_name(level: int, language: str = "en") -> str:
    """The level's word; -1 is blind."""
    return LEVEL_NAMES[language][level] if level >= 0 else BLIND[language]


def _cells(line: Mapping[str, Any], now: datetime, language: str) -> list[RenderableType]:
    level = line["level"]
    style = STYLES[LEVELS[level]] if level >= 0 else "bold magenta"
    age_s = (now - line["scored_at"]).total_seconds()
    age = Text(f"{age_s:.0f} s", style="red" if age_s > STALE_AFTER_S else "dim")
    scope = line["scope"] if language == "en" or line["scope"] != ACCOUNT_SCOPE else "账户"
    return [
        Text(scope, style="bold"),
        Text(_points(line["composite"]), style=style),
        Text(level_name(level, language), style=style),
        *(Text(_points(line[name])) for name in DIMENSIONS),
        Text(_price(line)),
        age,
        Text(line[f"sentence_{language}"] or ""),
    ]


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _price(line: Mapping[str, Any]) -> str:
    price = line["mark_price"]
    return "" if price is None else f"{float(price):,.6g}" if price < 1 else f"{float(price):,.2f}"
