"""Pictures for messages: a price with the lines that matter, a score with its levels; as PNG bytes.

Matplotlib is imported by the first drawing, so only a process that draws pays for it. Nothing here is
global: each picture has a canvas of its own, and several threads may draw.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from risk.catalogue import clean, say
from risk.wording import scope_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

LEVEL_COLOURS: Mapping[str, str] = {
    "low": "#1f9e96", "medium": "#b98500", "high": "#dd5f12", "extreme": "#c8186a", "unknown": "#7d8896",
}  # fmt: skip
"""The page's colours of the four levels (risk/web/static/style.css), and of none."""

INK, SOFT, GRID, LINE = "#17202a", "#546373", "#d5dde6", "#1c66c9"
MARK_COLOURS: Mapping[str, str] = {"liquidation": LEVEL_COLOURS["extreme"], "stop": "#8f6a00", "entry": INK}
CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei",
)  # fmt: skip
WIDTH_IN, HEIGHT_IN, DPI = 8.0, 4.0, 110
DATES = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S"]
"""How a time is written where years, months, days, hours, minutes, seconds are told apart: in no language."""
LABEL_SHARE = 0.06  # of a field's height: what the name of a line takes
UNKNOWN_CELL = "#c9d1da"
MOST_NUMBERED, MOST_NAMED = 16, 40
"""Strategies of a heat map whose cells show figures, whose rows show names."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language that a picture can be written in here, and the fonts for it."""

    language: str
    fonts: tuple[str, ...]


def tongue(wanted: str) -> Tongue:
    """`wanted`, or English where that is Chinese and this machine has no Chinese font."""
    if not wanted.startswith("zh"):
        return Tongue(wanted, ("DejaVu Sans",))
    found = next((name for name in CJK_FONTS if name in _installed()), None)
    return Tongue(wanted, (found, "DejaVu Sans")) if found else Tongue("en", ("DejaVu Sans",))


def style(wanted: str) -> AbstractContextManager[None]:
    """The look of every picture, for a `with` around its drawing and saving."""
    import matplotlib as mpl

    return mpl.rc_context({
        "font.family": list(tongue(wanted).fonts), "font.size": 9.5, "axes.unicode_minus": False,
        "axes.edgecolor": GRID, "axes.labelcolor": SOFT, "axes.spines.top": False, "axes.spines.left": False,
        "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6,
        "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT, "axes.axisbelow": True,
        "axes.titlesize": 11.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
        "ytick.left": False, "ytick.right": False, "ytick.labelleft": False, "ytick.labelright": True,
    })  # fmt: skip


def price(
    symbol: str,
    at: Sequence[datetime],
    prices: Sequence[float],
    marks: Mapping[str, float | None],
    language: str,
    *,
    title: str = "",
) -> bytes:
    """A price over time as PNG, with lines at "liquidation", "stop" and "entry" where they are known.

    Args:
        at: UTC, in order. A gap of more than five usual steps is left open.
        prices: USDT per coin.
        marks: USDT per coin; None is not drawn. Lines far outside are named at the edge instead.
        title: in words that this machine's fonts may lack; empty: the symbol and its mark price of 24 h.

    Raises:
        ValueError: fewer than two points, or times and prices of different number.
    """
    _check(at, prices)
    with style(language):
        figure, (axes,) = _canvas(1)
        spoken = tongue(language).language
        _draw_price(axes, at, prices, marks, spoken)
        axes.set_title(title if title and spoken == language else say(spoken, "chart.price", symbol=symbol))
        return _png(figure)


def score(
    scope: str,
    at: Sequence[datetime],
    composites: Sequence[float | None],
    language: str,
    *,
    level_starts: Sequence[float] = (31, 61, 86),
) -> bytes:
    """A composite score over time as PNG, before the bands of the four levels.

    Args:
        at: UTC, in order.
        composites: 0 to 100; None, no score: left open, never drawn as calm.
        level_starts: where medium, high and extreme begin.

    Raises:
        ValueError: fewer than two points, or times and scores of different number.
    """
    _check(at, composites)
    with style(language):
        figure, (axes,) = _canvas(1)
        spoken = tongue(language).language
        _draw_score(axes, at, composites, spoken, level_starts)
        axes.set_title(say(spoken, "chart.score", scope=scope_name("", scope, spoken)))
        return _png(figure)


def price_and_score(
    symbol: str,
    prices: tuple[Sequence[datetime], Sequence[float]],
    marks: Mapping[str, float | None],
    composites: tuple[Sequence[datetime], Sequence[float | None]],
    language: str,
    *,
    level_starts: Sequence[float] = (31, 61, 86),
) -> bytes:
    """`price` above `score` as one PNG, for channels where each picture counts as a message.

    Raises:
        ValueError: as theirs.
    """
    _check(*prices)
    _check(*composites)
    with style(language):
        figure, (upper, lower) = _canvas(2)
        spoken = tongue(language).language
        _draw_price(upper, *prices, marks, spoken)
        upper.set_title(say(spoken, "chart.price", symbol=symbol))
        _draw_score(lower, *composites, spoken, level_starts)
        lower.set_title(say(spoken, "chart.score", scope=symbol))
        return _png(figure)


def _draw_price(
    axes: Axes,
    at: Sequence[datetime],
    prices: Sequence[float],
    marks: Mapping[str, float | None],
    spoken: str,
) -> None:
    axes.plot(*_with_gaps(at, prices), color=LINE, linewidth=1.5)
    low, high = min(prices), max(prices)
    known = {name: value for name, value in marks.items() if value is not None}
    room = max(3.0 * (high - low), 0.08 * high)
    near = [value for value in known.values() if low - room <= value <= high + room]
    bottom, top = min([low, *near]), max([high, *near])
    pad = 0.08 * (top - bottom) or 0.01 * high
    axes.set_ylim(bottom - pad, top + pad)
    _mark(axes, known, spoken)
    _name_times(axes, at)


def _draw_score(
    axes: Axes,
    at: Sequence[datetime],
    composites: Sequence[float | None],
    spoken: str,
    level_starts: Sequence[float],
) -> None:
    edges = (0.0, *level_starts, 100.0)
    for level, (begins, ends) in zip(("low", "medium", "high", "extreme"), pairwise(edges), strict=True):
        axes.axhspan(begins, ends, color=LEVEL_COLOURS[level], alpha=0.13, linewidth=0)
        axes.annotate(
            say(spoken, f"level.{level}"),
            (0.006, (begins + ends) / 2),
            xycoords=axes.get_yaxis_transform(),
            color=LEVEL_COLOURS[level],
            va="center",
            fontsize=8.5,
            fontweight="bold",
        )
    numbers = [float("nan") if value is None else float(value) for value in composites]
    axes.plot(*_with_gaps(at, numbers), color=INK, linewidth=1.5)
    axes.set_ylim(0, 100)
    axes.set_yticks([0.0, *level_starts, 100.0])
    axes.grid(visible=False, axis="y")
    _name_times(axes, at)


def heat_map(
    names: Sequence[str], correlations: Sequence[Sequence[float | None]], language: str, *, title: str
) -> bytes:
    """Correlations as PNG, in the order given: red for alike, blue for opposite, grey where it is unknown.

    Args:
        names: of the rows and columns, two or more.
        correlations: −1 to 1; None: insufficient overlap, never drawn as uncorrelated.
        title: in words that this machine's fonts may lack; they are left out then.

    Raises:
        ValueError: fewer than two names, or a matrix of another size.
    """
    n = len(names)
    if n < 2 or len(correlations) != n or any(len(row) != n for row in correlations):
        raise ValueError(f"a heat map needs two names or more and a square: {n} names")
    with style(language):
        import numpy as np

        figure, (axes,) = _canvas(1)
        figure.set_size_inches(WIDTH_IN, min(max(HEIGHT_IN, 1.4 + 0.4 * n), WIDTH_IN))
        spoken = tongue(language).language
        cells = np.array([[np.nan if cell is None else cell for cell in row] for row in correlations])
        axes.set_facecolor(UNKNOWN_CELL)
        drawn = axes.imshow(np.ma.masked_invalid(cells), cmap="RdBu_r", vmin=-1.0, vmax=1.0, aspect="auto")
        axes.grid(visible=False)
        _name_cells(axes, [_short(name) for name in names])
        for (row, column), value in np.ndenumerate(cells) if n <= MOST_NUMBERED else ():
            if np.isfinite(value):
                colour = "white" if abs(value) > 0.6 else INK
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
        figure.colorbar(drawn, ax=axes, shrink=0.8)
        axes.set_title(title if spoken == language else "")
        axes.set_xlabel(say(spoken, "chart.few"), fontsize=8.5)
        return _png(figure)


def _name_cells(axes: Axes, names: Sequence[str]) -> None:
    """Names beside the rows, their numbers above the columns; neither where there is no room."""
    places = range(len(names)) if len(names) <= MOST_NAMED else ()
    axes.set_yticks(list(places), [f"{names[i]}  {i + 1}" for i in places])
    axes.set_xticks(list(places), [str(i + 1) for i in places])
    axes.tick_params(labelleft=True, labelright=False, labeltop=True, labelbottom=False, length=0)


def _short(name: str) -> str:
    """A name that fits beside a row and is no formula to the drawing."""
    shown = clean(name)
    return (shown if len(shown) <= 32 else f"{shown[:31]}…").replace("$", r"\$")


def _check(at: Sequence[datetime], values: Sequence[Any]) -> None:
    if len(at) != len(values) or len(at) < 2:
        raise ValueError(f"a picture needs two points or more: {len(at)} times, {len(values)} values")


@cache
def _installed() -> frozenset[str]:
    """Names of the fonts here; matplotlib's own list is as old as its first use."""
    from matplotlib import font_manager

    known = font_manager.fontManager
    listed = {entry.fname for entry in known.ttflist}
    for file in font_manager.findSystemFonts():
        if file not in listed:
            try:
                known.addfont(file)
            except (OSError, RuntimeError) as cause:
                logger.warning("the font %s cannot be read: %s", file, cause)
    return frozenset(entry.name for entry in known.ttflist)


def _canvas(fields: int) -> tuple[Figure, list[Axes]]:
    """A figure of its own with so many fields, one below the other; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (WIDTH_IN, HEIGHT_IN * (1.0 + 0.8 * (fields - 1)))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(fields, 1, place) for place in range(1, fields + 1)]


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _with_gaps(at: Sequence[datetime], values: Sequence[float]) -> tuple[list[Any], list[float]]:
    """The points, with a hole wherever more than five usual steps are missing."""
    steps = sorted((late - early).total_seconds() for early, late in pairwise(at))
    usual = steps[len(steps) // 2]
    times: list[Any] = [at[0]]
    points = [values[0]]
    for (early, late), value in zip(pairwise(at), values[1:], strict=True):
        if (late - early).total_seconds() > 5 * usual:
            times.append(early + (late - early) / 2)
            points.append(float("nan"))
        times.append(late)
        points.append(value)
    return times, points


def _mark(axes: Axes, known: Mapping[str, float], spoken: str) -> None:
    """A dashed line for each with its name and price, no name over another; outside the field, its name at
    the edge with an arrow."""
    bottom, top = axes.get_ylim()
    falling = sorted(known.items(), key=lambda item: -item[1])
    places = spread([(value - bottom) / (top - bottom) for _, value in falling])
    for (name, value), height in zip(falling, places, strict=True):
        colour = MARK_COLOURS.get(name, SOFT)
        arrow = " ↑" if value > top else " ↓" if value < bottom else ""
        if not arrow:
            axes.axhline(value, color=colour, linewidth=1.2, linestyle=(0, (5, 3)))
        axes.annotate(
            f"{say(spoken, f'chart.{name}')} {value:,.6g}{arrow}", (0.006, height),
            xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", va="bottom", color=colour,
            fontweight="bold", fontsize=8.5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def spread(heights: Sequence[float], gap: float = LABEL_SHARE) -> list[float]:
    """Falling heights of a field, 0 to 1, moved into it and apart by `gap`, as little as it takes.

    >>> spread([0.5, 0.49, -3.0], gap=0.1)
    [0.5, 0.4, 0.0]
    """
    placed: list[float] = []
    for height in heights:
        placed.append(min([height, placed[-1] - gap if placed else 1.0 - gap]))
    for place in range(len(placed) - 1, -1, -1):
        floor = 0.0 if place == len(placed) - 1 else placed[place + 1] + gap
        placed[place] = max(placed[place], floor)
    return placed


def _name_times(axes: Axes, at: Sequence[datetime]) -> None:
    from matplotlib import dates as untyped_dates

    dates: Any = untyped_dates
    locator = dates.AutoDateLocator(tz=UTC, minticks=4, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        dates.ConciseDateFormatter(
            locator, tz=UTC, formats=DATES, zero_formats=["", *DATES[:5]], show_offset=False
        )
    )
    axes.set_xlim(at[0], at[-1])  # type: ignore[arg-type]
    axes.set_xlabel(f"UTC · {at[-1].astimezone(UTC):%Y-%m-%d %H:%M}", fontsize=8.5)
