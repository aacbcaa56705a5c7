"""The backtest of the score as one self-contained page, with the reliability diagram drawn in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from risk.adapters import pages
from risk.catalogue import say
from risk.chapters import Chapter
from risk.score_findings import Findings
from risk.score_report import chapters
from risk.score_tally import Bin

WIDE, TALL, LEFT, FOOT, HEAD = 920, 280, 46, 30, 10
HEIGHT = TALL - FOOT - HEAD


def page(found: Findings, language: str = "en") -> str:
    """The whole document.

    Raises:
        DataError: it is too large.
    """
    sections = []
    for chapter in chapters(found, language):
        extra = [reliability(found.bins, language)] if chapter.name == "reliability" else []
        sections.append(section(chapter, extra))
    lead = say(language, "backtest.score.page.lead", profile=found.profile, limits=found.limits_version)
    return pages.page(
        say(language, "backtest.score.page.title"),
        sections,
        language=language,
        lead=lead,
        footer=say(language, "backtest.score.page.files", files=", ".join(found.sources)),
    )


def section(chapter: Chapter, extra: Sequence[pages.Markup] = ()) -> pages.Markup:
    """One chapter as a card."""
    tables = [pages.table(grid.columns, grid.rows, caption=grid.caption) for grid in chapter.grids]
    return pages.section(chapter.heading, *map(pages.paragraph, chapter.words), *extra, *tables)


def reliability(bins: Sequence[Bin], language: str = "en") -> pages.Markup:
    """Bars with their intervals: how often the fall followed, by tens of the score."""
    parts = []
    for step in range(0, 101, 25):
        y = _y(step / 100)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step} %</text>'
        )
    parts += map(_bar, bins)
    label = say(language, "backtest.score.reliability.picture")
    return pages.drawing(
        f'<svg viewBox="0 0 {WIDE} {TALL}" role="img" aria-label="{label}" fill="var(--ink)" '
        f'font-size="12">{"".join(parts)}</svg>',
        caption=label,
    )


def _y(share: float) -> float:
    return TALL - FOOT - HEIGHT * share


def _bar(one: Bin) -> str:
    each = (WIDE - LEFT) / 10
    x, top = LEFT + each * one.low / 10, _y(one.event_share)
    middle = x + each / 2
    drawn = (
        f'<rect x="{x + 4:.1f}" y="{top:.1f}" width="{each - 8:.1f}" height="{_y(0.0) - top:.1f}" '
        f'fill="var(--one)"><title>{one.evaluations:,}</title></rect>'
        f'<text x="{middle:.1f}" y="{TALL - 10}" text-anchor="middle">{one.low}–{one.high}</text>'
    )
    if math.isfinite(one.event_low):
        low, high = _y(one.event_low), _y(one.event_high)
        ends = "".join(f"M{middle - 6:.1f} {y:.1f}h12" for y in (low, high))
        drawn += (
            f'<path class="interval" d="M{middle:.1f} {low:.1f}V{high:.1f}{ends}" stroke="var(--ink)" '
            'stroke-width="1.5" fill="none"/>'
        )
    return drawn
