"""Pictures for messages: real PNG files, holes left open, English where no Chinese font is installed."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from risk.adapters import charts

STYLE = Path(charts.__file__).parents[1] / "web/static/style.css"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = [BEGIN + timedelta(hours=hour) for hour in range(24)]


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height from the header chunk (PNG specification, 11.2.2: IHDR comes first)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_price_becomes_a_png_that_a_phone_takes(language: str) -> None:
    prices = [60_000.0 + 100 * (hour % 7) for hour in range(24)]
    marks = {"liquidation": 58_000.0, "stop": 59_500.0, "entry": 60_200.0}
    png = charts.price("BTCUSDT", HOURS, prices, marks, language)
    assert size_of(png) == (880, 440)  # 8 by 4 inches at 110 points each
    assert len(png) < 200_000


def test_an_unknown_line_changes_nothing_and_a_far_one_does_not_flatten_the_price() -> None:
    prices = [100.0 + hour % 3 for hour in range(24)]
    bare = charts.price("BTCUSDT", HOURS, prices, {}, "en")
    assert charts.price("BTCUSDT", HOURS, prices, {"liquidation": None}, "en") == bare
    assert charts.price("BTCUSDT", HOURS, prices, {"liquidation": 9.0}, "en") != bare


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([], []),
        ([0.5], [0.5]),
        ([0.7, 0.5], [0.7, 0.5]),
        ([0.7, 0.65], [0.7, 0.6]),  # the lower one goes down by what is lacking of 0.1
        ([1.4, 1.2], [0.9, 0.8]),  # a name stands on its line: 0.9 is the highest place
        ([0.05, 0.04, 0.03], [0.2, 0.1, 0.0]),
    ],
)
def test_names_of_lines_that_lie_together_do_not_cover_each_other(
    wanted: list[float], placed: list[float]
) -> None:
    assert charts.spread(wanted, 0.1) == pytest.approx(placed)


def test_a_font_that_came_after_matplotlib_s_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import font_manager, get_data_path

    known = font_manager.fontManager
    monkeypatch.setattr(known, "ttflist", [e for e in known.ttflist if e.name != "DejaVu Sans"])
    file = get_data_path() + "/fonts/ttf/DejaVuSans.ttf"
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [file, "/nowhere/broken.ttf"])
    charts._installed.cache_clear()
    assert "DejaVu Sans" in charts._installed()
    charts._installed.cache_clear()


def test_a_price_that_never_moved_is_drawn() -> None:
    assert size_of(charts.price("BTCUSDT", HOURS, [5.0] * 24, {}, "en")) == (880, 440)


def test_hours_without_a_score_are_a_hole_and_not_calm() -> None:
    known: list[float | None] = [50.0] * 24
    holed = [*known[:8], *[None] * 8, *known[16:]]
    calm = [*known[:8], *[0.0] * 8, *known[16:]]
    assert charts.score("BTCUSDT", HOURS, holed, "en") != charts.score("BTCUSDT", HOURS, known, "en")
    assert charts.score("BTCUSDT", HOURS, holed, "en") != charts.score("BTCUSDT", HOURS, calm, "en")


def test_without_a_chinese_font_the_picture_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "_installed", lambda: frozenset({"DejaVu Sans"}))
    assert charts.tongue("zh") == charts.Tongue("en", ("DejaVu Sans",))
    png = charts.score("BTCUSDT", HOURS, [40.0] * 24, "zh")
    assert png == charts.score("BTCUSDT", HOURS, [40.0] * 24, "en")


def test_a_hostile_symbol_is_drawn_as_it_stands() -> None:
    png = charts.price("$\\frac{<img onerror=1>", HOURS, [1.0, 2.0] * 12, {}, "en")
    assert size_of(png) == (880, 440)


def test_correlations_become_a_picture_in_which_unknown_is_not_nought() -> None:
    names = ["trend", "carry $a$ $\\frac{$", "x" * 80]
    known: list[list[float | None]] = [[1.0, 0.9, 0.0], [0.9, 1.0, -0.4], [0.0, -0.4, 1.0]]
    unknown = [[1.0, 0.9, None], [0.9, 1.0, -0.4], [None, -0.4, 1.0]]
    png = charts.heat_map(names, known, "en", title="Correlation")
    assert size_of(png) == (880, 440) and len(png) < 200_000
    assert charts.heat_map(names, unknown, "en", title="Correlation") != png


def test_a_heat_map_of_many_stays_small() -> None:
    n = 120
    rows: list[list[float | None]] = [
        [1.0 if i == j else ((i * j) % 19 - 9) / 10 for j in range(n)] for i in range(n)
    ]
    png = charts.heat_map([f"s{i}" for i in range(n)], rows, "zh", title="")
    assert size_of(png) == (880, 880) and len(png) < 300_000


@pytest.mark.parametrize("rows", [[[1.0]], [[1.0, 0.5]], [[1.0, 0.5], [0.5]]])
def test_a_heat_map_is_square(rows: list[list[float | None]]) -> None:
    with pytest.raises(ValueError, match="square"):
        charts.heat_map(["a", "b"][: max(len(rows), 1)], rows, "en", title="")


def test_one_point_is_no_picture() -> None:
    with pytest.raises(ValueError, match="two points or more: 1 times, 1 values"):
        charts.price("BTCUSDT", HOURS[:1], [1.0], {}, "en")


def test_the_levels_have_the_colours_of_the_page() -> None:
    page = dict(re.findall(r"--(low|medium|high|extreme|none): (#[0-9a-f]{6})", STYLE.read_text()))
    page["unknown"] = page.pop("none")
    assert dict(charts.LEVEL_COLOURS) == page


def test_what_scores_every_five_seconds_does_not_import_the_drawing() -> None:
    code = (
        "import sys, flows.scoring, flows.account, risk.adapters.charts; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "False"
