"""The backtest of value at risk as one self-contained page: verdict, tests, and a picture of each method."""

from __future__ import annotations

import html
import math
from datetime import UTC, datetime

import numpy as np

from risk.adapters import pages
from risk.adapters.score_page import section
from risk.catalogue import say
from risk.recurrence import Series
from risk.var_forecasts import Method
from risk.var_report import Told, chapters, name, percent, title

WIDE, TALL, LEFT, FOOT, HEAD = 920, 230, 52, 24, 8
COLUMNS = 460
"""Steps along the time axis: more bars than that are drawn as their range."""
MOST_DOTS = 700
GAP = 12.0
"""Of the drawing's width without bars: the line of VaR breaks there."""
PICTURED = 0.99


def page(told: Told, language: str = "en") -> str:
    """The whole document.

    Raises:
        DataError: it is too large.
    """
    verdict, tests, fits = (section(chapter) for chapter in chapters(told, language))
    study = told.study
    first, last = (datetime.fromtimestamp(study.open_at[i], UTC) for i in (0, -1))
    level = min(study.plan.levels, key=lambda one: abs(one - PICTURED))
    figures = [picture(told, method, level, language) for method in study.plan.methods]
    pictures = pages.section(
        say(language, "backtest.var.pictures.heading"),
        say(language, "backtest.var.pictures.words", level=percent(level)),
        *figures,
    )
    return pages.page(
        title(told, language),
        [verdict, tests, pictures, fits],
        language=language,
        lead=say(
            language, "backtest.var.lead", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}",
            bars=study.plan.interval, count=f"{int(np.isfinite(study.returns).sum()):,}",
        ),
        footer=say(language, "backtest.var.files", files=", ".join(told.sources)),
    )  # fmt: skip


def picture(told: Told, method: Method, level: float, language: str) -> pages.Markup:
    """Returns as ranges, −VaR as a line, and every exception as a dot."""
    study = told.study
    var = study.paths[method, level][0]
    judged = np.isfinite(var)
    returns, at = study.returns[judged], study.open_at[judged]
    label = f"{name(method, language)}, {percent(level)}"
    if len(at) < 2:
        return pages.drawing("", caption=f"{label}: –")
    limit = -var[judged]
    known = returns[np.isfinite(returns)]
    low = float(min(known.min(initial=0.0), limit.min()))
    high = float(known.max(initial=0.0))
    scale = _Scale(float(at[0]), float(at[-1]), low, max(high, -low * 0.2))
    beyond = np.flatnonzero(returns < limit)
    parts = [
        *_grid(scale),
        _ranges(scale, at, returns),
        _line(scale, at, limit),
        _dots(scale, at, returns, beyond),
    ]
    spoken = say(language, "backtest.var.pictures.label", name=label, count=str(len(beyond)))
    return pages.drawing(
        f'<svg viewBox="0 0 {WIDE} {TALL}" role="img" aria-label="{html.escape(spoken)}" fill="var(--ink)" '
        f'font-size="12">{"".join(parts)}</svg>',
        caption=spoken,
    )


class _Scale:
    """From seconds and fractions to the drawing."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        self.first, self.last, self.low, self.high = first, last, low, high

    def x(self, at: Series | float) -> Series | float:
        return LEFT + (WIDE - LEFT - 8) * (at - self.first) / (self.last - self.first)

    def y(self, value: Series | float) -> Series | float:
        return HEAD + (TALL - HEAD - FOOT) * (self.high - value) / (self.high - self.low)


def _grid(scale: _Scale) -> list[str]:
    step = _round(scale.high - scale.low)
    parts = []
    for k in range(int(np.ceil(scale.low / step)), int(np.floor(scale.high / step)) + 1):
        y = scale.y(k * step)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDE - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{100 * k * step:g} %</text>'
        )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = scale.first + share * (scale.last - scale.first)
        anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
        parts.append(
            f'<text x="{scale.x(at):.1f}" y="{TALL - 6}" text-anchor="{anchor}">'
            f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}</text>"
        )
    return parts


def _round(width: float) -> float:
    """A step of 1, 2 or 5 that divides the width into about four."""
    exact = max(width, 1e-9) / 4.0
    power = 10.0 ** np.floor(np.log10(exact))
    return float(power * next(k for k in (1.0, 2.0, 5.0, 10.0) if k * power >= exact * 0.999))


def _binned(at: Series, scale: _Scale) -> list[slice]:
    """Bars of each step, in time order."""
    place = np.minimum(
        (COLUMNS * (at - scale.first) / (scale.last - scale.first)).astype(np.int64), COLUMNS - 1
    )
    edges = np.flatnonzero(np.diff(place)) + 1
    return [slice(a, b) for a, b in zip([0, *edges.tolist()], [*edges.tolist(), len(at)], strict=True)]


def _ranges(scale: _Scale, at: Series, returns: Series) -> str:
    steps = []
    for part in _binned(at, scale):
        own = returns[part][np.isfinite(returns[part])]
        if len(own):
            x, top, bottom = (
                float(v) for v in (scale.x(at[part].mean()), scale.y(own.max()), scale.y(own.min()))
            )
            steps.append(f"M{x:.1f} {top:.1f}V{max(bottom, top + 0.6):.1f}")
    return f'<path d="{"".join(steps)}" stroke="var(--soft)" stroke-width="1.4" opacity="0.6" fill="none"/>'


def _line(scale: _Scale, at: Series, limit: Series) -> str:
    drawn, before = [], -math.inf
    for part in _binned(at, scale):
        x, y = float(scale.x(at[part].mean())), float(scale.y(limit[part].mean()))
        drawn.append(f"{'M' if x - before > GAP else 'L'}{x:.1f} {y:.1f}")
        before = x
    return f'<path class="var" d="{"".join(drawn)}" stroke="var(--one)" stroke-width="1.5" fill="none"/>'


def _dots(scale: _Scale, at: Series, returns: Series, beyond: np.ndarray) -> str:
    """The exceptions; of very many the largest losses."""
    if len(beyond) > MOST_DOTS:
        beyond = np.sort(beyond[np.argsort(returns[beyond])[:MOST_DOTS]])
    drawn = (
        f'<circle cx="{float(scale.x(at[i])):.1f}" cy="{float(scale.y(returns[i])):.1f}" r="2.2"/>'
        for i in beyond.tolist()
    )
    return f'<g class="exceptions" fill="{pages.COLOURS["extreme"]}">{"".join(drawn)}</g>'
