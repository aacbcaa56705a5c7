"""The backtest of the score as one self-contained page, with the reliability diagram drawn in it."""

from __future__ import annotations

from collections.abc import Sequence

from risk.adapters import pages
from risk.chapters import Chapter
from risk.score_findings import Findings, chapters
from risk.score_study import Bin

WIDE, TALL, LEFT, FOOT = 640, 260, 46, 30


def page(found: Findings) -> str:
    """The whole document."""
    sections = []
    for chapter in chapters(found):
        extra = [reliability(found.bins)] if chapter.heading == "Reliability" else []
        sections.append(section(chapter, extra))
    return pages.page(
        "The score before the past",
        sections,
        lead=f"Profile {found.profile}, limits {found.limits_version}.",
        footer="Files: " + ", ".join(found.sources),
    )


def section(chapter: Chapter, extra: Sequence[pages.Markup] = ()) -> pages.Markup:
    """One chapter as a card."""
    tables = [pages.table(grid.columns, grid.rows, caption=grid.caption) for grid in chapter.grids]
    return pages.section(chapter.heading, *map(pages.paragraph, chapter.words), *extra, *tables)


def reliability(bins: Sequence[Bin]) -> pages.Markup:
    """Bars: how often the fall followed, by tens of the score."""
    parts = []
    for step in range(0, 101, 25):
        y = TALL - FOOT - (TALL - FOOT - 10) * step / 100
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step} %</text>'
        )
    each = (WIDE - LEFT) / 10
    for one in bins:
        x, tall = LEFT + each * one.low / 10, (TALL - FOOT - 10) * one.event_share
        parts.append(
            f'<rect x="{x + 4:.1f}" y="{TALL - FOOT - tall:.1f}" width="{each - 8:.1f}" height="{tall:.1f}" '
            f'fill="var(--one)"><title>{one.evaluations} evaluations</title></rect>'
            f'<text x="{x + each / 2:.1f}" y="{TALL - 10}" text-anchor="middle">{one.low}–{one.high}</text>'
        )
    label = "Share of evaluations followed by a fall of more than 5 % in 24 h, by tens of the score"
    return pages.drawing(
        f'<svg viewBox="0 0 {WIDE} {TALL}" role="img" aria-label="{label}" fill="var(--ink)" '
        f'font-size="12">{"".join(parts)}</svg>',
        caption=label,
    )
