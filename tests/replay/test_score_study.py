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
from risk.ranking import auc
from risk.replay import Replayed
from risk.score_findings import Collected, Findings, findings
from risk.score_report import verdict
from risk.score_study import Judgement, alarms, calm, judged
from risk.score_tally import Tally, level_rows, merged, ranking, reliability
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


def counted(*found: Judgement) -> Tally:
    """Everything counted."""
    tally = Tally()
    for one in found:
        tally.add(one)
    return tally


def test_levels_are_shares_of_time_with_the_falls_that_followed() -> None:
    # half an hour each of low and high: after low 1 % and 3 %, after high 4 % and 8 %
    one = judgement([0, 0, 2, 2], fall_24h=[-0.01, -0.03, -0.04, -0.08])
    low, medium, high, extreme = level_rows(counted(one))
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
    # one week: whatever is drawn, it is that week
    assert [(b.event_low, b.event_high) for b in reliability(counted(one))] == [(0.5, 0.5), (1, 1), (1, 1)]
    assert [(b.low, b.evaluations, b.event_share) for b in reliability(counted(one))] == [
        (0, 2, 0.5), (10, 1, 1.0), (90, 1, 1.0),
    ]  # fmt: skip


def weekly(seed: int, weeks: int, symbol: str = "BTCUSDT") -> Judgement:
    """Hours whose falls become likelier with the score, and whose weeks differ."""
    chance = np.random.default_rng(seed)
    n = 168 * weeks
    score = np.clip(50 + 15 * np.repeat(chance.normal(size=weeks), 168) + 10 * chance.normal(size=n), 0, 100)
    fall = np.where(chance.random(n) < score / 200, -0.08, -0.01)
    one = judgement([0] * n, fall_24h=fall.tolist(), composite=score.tolist())
    sigma = np.exp(score / 25 - 5)
    baselines = {"atr": sigma, "ewma": 1e-3 / sigma, "garch": chance.random(n) + 0.01}
    return replace(one, track=replace(one.track, symbol=symbol, baselines=baselines))


def test_counts_rank_as_the_rows_themselves_do_to_the_class_s_width() -> None:
    one = weekly(1, 30)
    areas, beside = ranking(counted(one))
    for name, values in (("score", one.said.composite), *one.track.baselines.items()):
        assert areas[name].value == pytest.approx(auc(values, one.event), abs=2e-4), name
        assert areas[name].low < areas[name].value < areas[name].high
    # a baseline that rises with the score ranks the same, its inverse the other way round
    assert areas["atr"].value == pytest.approx(areas["score"].value, abs=2e-4)
    assert areas["ewma"].value == pytest.approx(1 - areas["score"].value, abs=2e-4)
    assert beside["atr"] == pytest.approx((0, 0), abs=2e-3)
    assert beside["ewma"][0] > 0, "told apart for certain"


def test_falls_are_counted_to_a_hundredth_of_a_percent() -> None:
    one = weekly(2, 4)
    chance = np.random.default_rng(3)
    fall = -np.abs(chance.normal(0.02, 0.01, len(one.track)))
    row = level_rows(counted(replace(one, fall_24h=fall)))[0]
    assert row.median_24h == pytest.approx(np.quantile(fall, 0.5), abs=1e-4)
    assert row.worst_5pct_24h == pytest.approx(np.quantile(fall, 0.05), abs=1e-4)


def test_symbols_counted_apart_and_brought_together_are_symbols_counted_together() -> None:
    first, second = weekly(4, 5), weekly(5, 8, "ETHUSDT")
    both, joined = counted(first, second), merged(counted(first), counted(second))
    assert ranking(both) == ranking(joined)
    assert reliability(both) == reliability(joined)
    assert level_rows(both)[0] == level_rows(joined)[0]


def test_the_interval_of_a_ten_is_by_weeks_and_holds_its_share() -> None:
    for one in reliability(counted(weekly(6, 40))):
        if one.evaluations > 300:
            assert one.event_low < one.event_share < one.event_high
            # ten rows a week are not ten weeks: wider than by rows, 1.96 · √(p(1 − p)/n)
            by_rows = 1.96 * np.sqrt(one.event_share * (1 - one.event_share) / one.evaluations)
            assert one.event_high - one.event_low > by_rows


def test_memory_grows_with_the_weeks_and_not_with_the_symbols() -> None:
    few, many = (counted(*(weekly(k, 6) for k in range(n))) for n in (1, 12))
    assert set(few.weeks) == set(many.weeks)
    assert many.evaluations.sum() == 12 * few.evaluations.sum()
    held = [
        sum(w.nbytes for w in t.weeks.values()) + t.falls_24h.nbytes + t.ranked.nbytes for t in (few, many)
    ]
    assert held[0] == held[1]


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
    assert row.high_before
    # high at evaluations 90 to 97 and from 100 on: the fall of the bar that closes at 100 finds it low
    again = crash_row(judgement([0] * 90 + [2] * 8 + [0] * 2 + [2] * 30, fall_24h=[0.0] * 130), august, 1e5)
    assert again is not None
    assert (again.lead_s, again.high_before) == (36_000.0, False)
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
    collected = Collected()
    collected.add(one, [row for c in CRASHES if (row := crash_row(one, c, 1e5))])
    return findings(collected, profile="default", limits_version=DEFAULT.version, notional_usdt=1e5, side=1)


def test_a_run_is_stored_once_and_can_be_read(db: Connection) -> None:
    store.save_limits(db, DEFAULT.version, DEFAULT.body())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    name = store.save_score_backtest(db, run(), now)
    assert store.save_score_backtest(db, run(), now + timedelta(days=1)) == name
    count = {
        table: db.execute(text(f"SELECT count(*) FROM risk.backtest_score{table}")).scalar_one()
        for table in ("", "_level", "_area", "_bin", "_track", "_year", "_crash")
    }
    # two groups of bars of four levels and four rankings; scores of 0 and 60: two tens
    assert count == {"": 1, "_level": 8, "_area": 8, "_bin": 2, "_track": 1, "_year": 1, "_crash": 1}
    track = db.execute(
        text("SELECT symbol, first_at, rises, false_rises, weeks FROM risk.backtest_score_track")
    ).one()
    # a rise at the 91st evaluation, within the ten that a fall of 6 % follows; 130 hours
    assert track == ("BTCUSDT", datetime(2024, 8, 1, tzinfo=UTC), 1, 0, pytest.approx(130 / 168))
    fall = db.execute(text("SELECT fall, fall_at FROM risk.backtest_score_crash")).one()
    assert fall == (pytest.approx(-0.2), datetime(2024, 8, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("No archive has bars of an hour or less for March 2020", "false a week", "August 2024")),
        ("zh", ("档案中没有 2020 年 3 月", "每周误报", "2024 年 8 月")),
    ],
)
def test_the_page_is_whole_and_small_in_every_language(language: str, words: tuple[str, ...]) -> None:
    document = score_page.page(run(), language)
    assert len(document.encode()) < pages.MOST_BYTES
    assert f'<html lang="{language}">' in document
    assert document.count('class="interval"') == 2, "an interval on each of two bars"
    assert [w for w in words if w not in document] == []
    english = ("Verdict", "evaluations", "share of time", "Reliability", "to high", "alone")
    assert language == "en" or [w for w in english if w in document] == []


def test_the_words_fit_the_numbers() -> None:
    found = run()
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
