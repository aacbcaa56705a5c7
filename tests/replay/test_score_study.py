"""What followed each level, false alarms, crashes, calibration, and the rows that a run leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, text

from risk import limits
from risk.adapters import pages, score_page, store
from risk.calibration import Fold, chapter, stretched
from risk.chapters import Chapter, Grid, markdown
from risk.crash_study import CRASHES, crash_row, window
from risk.replay import Replayed
from risk.score_findings import Findings, findings, verdict
from risk.score_study import Judgement, alarms, calm, judged, level_rows, reliability
from risk.tracks import Track

DEFAULT = limits.default()
START = datetime(2024, 8, 1, tzinfo=UTC).timestamp()


def judgement(
    level: list[int], *, fall_24h: list[float] | None = None, composite: list[float] | None = None
) -> Judgement:
    """A judged track of hourly evaluations whose prices fall from the fifth day on."""
    n = len(level)
    at = START + 3600.0 * np.arange(n)
    close = np.full(n, 100.0)
    close[100:] = 80.0
    flat = np.full(n, np.nan)
    score = np.array(composite or [30.0 * k for k in level], dtype=np.float64)
    track = Track(
        symbol="BTCUSDT", bar_s=3600, at=at,
        columns={"sigma_24h": np.full(n, 0.04), "quote_volume_24h": np.full(n, 1e9)}, absent=frozenset(),
        high=close, low=close, close=close, baselines=dict.fromkeys(("atr", "ewma", "garch"), score),
        is_garch=1.0, sources=("a.csv",),
    )  # fmt: skip
    said = Replayed(
        composite=score, weighted=score, raw_level=np.array(level, dtype=np.int8),
        level=np.array(level, dtype=np.int8), dimensions=np.zeros((n, 4), dtype=np.float32),
        missing=np.zeros(n, dtype=np.int32),
    )  # fmt: skip
    fall = np.array(fall_24h, dtype=np.float64) if fall_24h else flat
    return Judgement(track=track, said=said, fall_1h=fall / 2, fall_24h=fall)


def test_levels_are_shares_of_time_with_the_falls_that_followed() -> None:
    # half an hour each of low and high: after low 1 % and 3 %, after high 4 % and 8 %
    one = judgement([0, 0, 2, 2], fall_24h=[-0.01, -0.03, -0.04, -0.08])
    low, medium, high, extreme = level_rows([one])
    assert (low.share, high.share, medium.share, extreme.share) == (0.5, 0.5, 0.0, 0.0)
    assert (low.median_24h, high.median_24h) == pytest.approx((-0.02, -0.06))
    assert (low.event_share, high.event_share) == (0.0, 0.5)
    assert np.isnan(medium.median_24h), "no evaluation, no statement"


def test_a_rise_to_high_that_no_fall_follows_is_a_false_alarm() -> None:
    level = [0, 2, 2, 0, 2, 0, 3, 0, 2]
    one = judgement(level, fall_24h=[0, -0.01, 0, 0, -0.2, 0, -0.02, 0, float("nan")])
    rises, false, weeks = alarms(one)
    assert (rises, false) == (3, 2), "the last one's day ahead is not known"
    assert weeks == pytest.approx(9 / 168)


def test_reliability_counts_by_tens_of_the_score() -> None:
    one = judgement([0] * 4, fall_24h=[0, -0.06, -0.06, -0.06], composite=[5, 9.9, 10, 100])
    assert [(b.low, b.evaluations, b.event_share) for b in reliability([one])] == [
        (0, 2, 0.5), (10, 1, 1.0), (90, 1, 1.0),
    ]  # fmt: skip


def test_calm_weeks_have_no_great_fall_near() -> None:
    fall = [0.0] * (24 * 7 * 6)
    fall[10] = -0.15
    found = calm(judgement([0] * len(fall), fall_24h=fall))
    # the fall's own week and the next are wild; 2024-08-01 begins a week counted from Thursday 1970-01-01
    assert not found[: 14 * 24].any()
    assert found[14 * 24 :].all()


def test_a_crash_tells_first_times_lead_and_the_cost_of_an_exit() -> None:
    level = [0] * 90 + [2] * 40
    one = judgement(level, fall_24h=[0.0] * 130)
    august = next(c for c in CRASHES if c.name == "August 2024")
    row = crash_row(one, august, 100_000.0)
    assert row is not None
    assert row.fall == pytest.approx(-0.2)
    assert row.fall_at == START + 100 * 3600.0
    assert (row.first_high, row.lead_s, row.first_extreme) == (START + 90 * 3600.0, 36_000.0, None)
    # sigma · √(order / volume of the day) = 0.04 · √(1e5/1e9) = 0.0004
    assert row.cost_high == pytest.approx(0.0004)
    assert crash_row(one, CRASHES[0], 100_000.0) is None, "March 2020 is not in this track"


def test_a_window_begins_three_days_before_the_crash() -> None:
    august = next(c for c in CRASHES if c.name == "August 2024")
    track = judgement([0] * 200).track
    moved = replace(track, at=track.at - timedelta(days=10).total_seconds())
    assert window(moved, august) is None
    rows = window(track, august)
    assert rows is not None
    assert rows.start == 0
    assert track.at[rows.stop - 1] == august.end.timestamp()


def run() -> Findings:
    """What a small run finds."""
    one = judgement([0] * 90 + [2] * 40, fall_24h=[0.0] * 89 + [-0.06] * 10 + [0.0] * 31)
    rows = [row for c in CRASHES if (row := crash_row(one, c, 1e5))]
    return findings(
        [one], rows, (), profile="default", limits_version=DEFAULT.version, notional_usdt=1e5, side=1
    )


def test_a_run_is_stored_once_and_can_be_read(db: Connection) -> None:
    store.save_limits(db, DEFAULT.version, DEFAULT.body())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    name = store.save_score_backtest(db, run(), now)
    assert store.save_score_backtest(db, run(), now + timedelta(days=1)) == name
    count = {
        table: db.execute(text(f"SELECT count(*) FROM risk.backtest_score{table}")).scalar_one()
        for table in ("", "_level", "_area", "_crash")
    }
    assert count == {"": 1, "_level": 8, "_area": 8, "_crash": 1}
    fall = db.execute(text("SELECT fall, fall_at FROM risk.backtest_score_crash")).one()
    assert fall == (pytest.approx(-0.2), datetime(2024, 8, 5, 4, tzinfo=UTC))


def test_the_page_is_whole_and_small_and_the_words_fit_the_numbers() -> None:
    found = run()
    document = score_page.page(found)
    assert len(document.encode()) < pages.MOST_BYTES
    assert "<svg" in document
    assert "No archive has bars of an hour or less for March 2020" in document
    # the baselines are the score itself here: nothing can be told apart
    assert sum("cannot be told from" in words for words in verdict(found)) == 3


def test_stretched_curves_keep_their_scores_and_the_rest_of_the_limits() -> None:
    wider = stretched(DEFAULT, {"atr_15m": 2.0})
    assert [y for _, y in wider.curves["atr_15m"]] == [y for _, y in DEFAULT.curves["atr_15m"]]
    assert [x for x, _ in wider.curves["atr_15m"]] == [2 * x for x, _ in DEFAULT.curves["atr_15m"]]
    assert wider.curves["spread"] == DEFAULT.curves["spread"]
    assert wider.version != DEFAULT.version


@pytest.mark.parametrize(
    ("proposed", "wins"),
    [
        ((0.71, 0.05, 0.01), True),
        ((0.70, 0.05, 0.01), False),
        ((0.71, 0.051, 0.01), False),
        ((0.71, 0.05, 0.011), False),
        ((0.71, float("nan"), float("nan")), True),
    ],
)
def test_a_proposal_wins_by_ranking_better_within_the_bounds(
    proposed: tuple[float, float, float], wins: bool
) -> None:
    fold = Fold("any", {}, (0.70, 0.0, 0.0), proposed)
    assert fold.wins is wins
    assert ("keeps its own curves" in chapter([fold]).words[1]) is not wins


def test_markdown_has_headings_words_and_tables() -> None:
    made = markdown([Chapter("A", ("words",), (Grid(("x", "y"), (("1", "a|b"),), "cap"),))], depth=3)
    assert made.splitlines() == [
        "### A", "", "words", "", "*cap*", "", "| x | y |", "|---|---|", "| 1 | a\\|b |",
    ]  # fmt: skip


def test_a_real_track_is_judged_whole(shared: Path) -> None:
    from risk.adapters import pasts
    from risk.tracks import tracks

    (past,) = [p for p in pasts.pasts(shared / "data", "XRPUSDT") if p.bar_s == 900]
    (track,) = tracks(past)
    one = judged(track, DEFAULT)
    assert len(track) == len(one.said.level)
    # ref_episode_stats.json: XRPUSDT's largest ATR of 15m bars was 9.5476 % of the close, 2021-05-19 14:00
    assert float(track.columns["atr_ratio_15m"].max()) == pytest.approx(0.09547619, rel=1e-4)
    assert datetime.fromtimestamp(
        float(track.at[np.argmax(track.columns["atr_ratio_15m"])]), UTC
    ) == datetime(2021, 5, 19, 14, 15, tzinfo=UTC)
