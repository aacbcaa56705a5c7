"""A study's findings as headings, words and tables, once for every form that they are published in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose cells are formatted already; each row is as long as the columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One heading with its paragraphs and tables; `name` is the same in every language."""

    heading: str
    words: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    name: str = ""


def markdown(chapters: Sequence[Chapter], *, depth: int = 2) -> str:
    """The chapters as Markdown, headings of `depth` and captions above their tables."""
    lines: list[str] = []
    for chapter in chapters:
        lines += ["#" * depth + " " + chapter.heading, ""]
        for words in chapter.words:
            lines += [words, ""]
        for grid in chapter.grids:
            lines += [f"*{grid.caption}*", ""] if grid.caption else []
            lines += ["| " + " | ".join(grid.columns) + " |", "|" + "---|" * len(grid.columns)]
            lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in grid.rows]
            lines += [""]
    return "\n".join(lines)
