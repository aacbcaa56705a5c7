"""The day's report: one small page in either language, true figures, and honest where there is nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import psycopg
import pytest

from risk import limits
from risk.adapters import charts, digest_file, digest_page, store
from risk.catalogue import say
from risk.digest import Period
from risk.records import StrategyReturn
from tests.adapters import rows as x
from tests.web import filled

PERIODS: tuple[Period, ...] = ("daily", "weekly")
LANGUAGES = ("en", "zh")
UNTIL = filled.NOW + timedelta(seconds=30)


def made(url: str, period: Period = "daily", language: str = "en") -> digest_page.Digest:
    with store.connect(url) as db:
        return digest_page.digest(
            db, period, account="default", symbols=filled.SYMBOLS, language=language, until=UNTIL
        )


def remember(url: str) -> None:
    """The newest scores again, each ten minutes of the seventeen hours before."""
    copied = """
        INSERT INTO risk.score
        SELECT (jsonb_populate_record(
            s, jsonb_build_object('scored_at', s.scored_at - make_interval(mins => 10 * i))
        )).*
        FROM risk.score AS s CROSS JOIN generate_series(1, 100) AS i
        WHERE s.scored_at = %s
    """
    with psycopg.connect(url) as connection:
        connection.execute(copied, [filled.NOW])


def test_the_page_is_small_self_contained_and_in_the_reader_s_language(database_url: str) -> None:
    filled.fill(database_url)
    remember(database_url)
    filled.fall(database_url, filled.NOW + timedelta(seconds=5))
    for period in PERIODS:
        for language in LANGUAGES:
            page = made(database_url, period, language).document
            assert len(page.encode()) <= 600 * 1024
            assert f'<html lang="{language}">' in page
            assert not re.search(r"<script|<link|https?://|src=\"(?!data:)", page)
            # two scores, the strategies, and by day two prices of 15 m: no bars of 1 h here
            assert page.count("<img") == {"daily": 5, "weekly": 3}[period]
            for name in ("levels", "positions", "stress", "income", "alerts_and_delivery"):
                assert say(language, f"digest.section.{name}") in page


def test_without_a_chinese_font_the_pictures_are_english_and_the_page_chinese(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A glyph that a font lacks would be a warning, and a warning fails a test."""
    monkeypatch.setattr(charts, "_installed", frozenset)
    filled.fill(database_url)
    remember(database_url)
    page = made(database_url, "daily", "zh").document
    assert f'alt="{say("zh", "chart.score", scope=say("zh", "scope.account"))}"' in page


def studied(url: str) -> None:
    """Two strategies that move as one, one of its own, and one of which too little is known."""
    rng = np.random.default_rng(6)
    first, own = rng.normal(0.0, 0.01, (2, 60))
    given = {"trend": first, "<b>twin</b>": 2.0 * first, "carry": own, "few": own[:5]}
    end = filled.NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    returns = [
        StrategyReturn(strategy=name, period="1d", value=float(value), event_at=end - timedelta(days=i),
                       received_at=end, source="import")
        for name, values in given.items() for i, value in enumerate(values)
    ]  # fmt: skip
    with store.connect(url) as db:
        store.save(db, returns)
        store.renew_studies(db, {}, limits.default(), filled.NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_strategies_are_shown_with_their_heat_map_and_their_shares(database_url: str, language: str) -> None:
    assert say(language, "digest.section.strategies") not in made(database_url, language=language).document
    studied(database_url)
    page = made(database_url, language=language).document
    own = page.split(say(language, "digest.section.strategies"))[1].split("</section>")[0]
    assert own.count("<img") == 1
    assert "&lt;b&gt;twin&lt;/b&gt;" in own and "<b>" not in own
    few = next(line for line in own.split("<tr>") if "few" in line)
    assert say(language, "figure.unknown") in few and say(language, "digest.reason.few") in few
    twin = next(line for line in own.split("<tr>") if "twin" in line)
    assert "33.3 %" in twin  # of the capital: three are in the book
    assert own.index("twin") < own.index("trend") or own.index("twin") < own.index("carry")


def test_its_figures_are_those_of_the_day(database_url: str) -> None:
    filled.fill(database_url)
    filled.fall(database_url, filled.NOW + timedelta(seconds=5))
    details = made(database_url).details
    with store.connect(database_url) as db:
        highest = db.exec_driver_sql("SELECT scope, max(composite) FROM risk.score GROUP BY scope").fetchall()
        fired = db.exec_driver_sql("SELECT count(*) FROM risk.alert WHERE fired_at IS NOT NULL").scalar()
    assert details["worst"] == pytest.approx(max(value for _, value in highest), abs=0.05)  # one decimal
    assert details["where"] in {scope for scope, value in highest if value == max(v for _, v in highest)}
    assert details["alerts"] == fired and details["lost"] == 0
    assert details["level"] == "extreme"


def test_nothing_known_is_said_to_be_unknown_and_never_calm(database_url: str) -> None:
    for language in LANGUAGES:
        found = made(database_url, language=language)
        assert say(language, "digest.no_score") in found.document
        assert say(language, "digest.no_picture") in found.document
        assert found.details["level"] == "none" and found.details["worst"] is None
        told = say(language, "alert.digest.what", **found.details)
        assert say(language, "level.none") in told and say(language, "figure.unknown") in told
        assert 'class="badge low"' not in found.document


def test_a_hostile_contract_s_name_stays_text(database_url: str) -> None:
    filled.fill(database_url, (filled.HOSTILE, "ETHUSDT"))
    page = made(database_url).document
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=" in page


def test_a_position_is_shown_with_its_distance_or_as_unknown(database_url: str) -> None:
    filled.fill(database_url)
    far = replace(x.POSITION, distance=0.266, notional_usdt=D("16012.80"), **filled.seen(filled.NOW))
    for distance, words in ((0.266, "26.6 %"), (None, say("en", "figure.unknown"))):
        with store.connect(database_url) as db:
            account = replace(x.ACCOUNT, **filled.seen(filled.NOW))
            store.replace_positions(db, account, [replace(far, distance=distance)])
        table = (
            made(database_url).document.split(say("en", "digest.section.positions"))[1].split("</table>")[0]
        )
        assert words in table and "16.01 k USDT" in table


def test_the_message_of_a_day_is_one_and_brings_its_own_page_only(database_url: str, tmp_path: Path) -> None:
    found = made(database_url)
    file = digest_file.keep(tmp_path, found)
    first = digest_file.message(found, "default", UNTIL)
    again = digest_file.message(found, "default", UNTIL + timedelta(minutes=5))
    assert first.message_id == again.message_id
    assert digest_file.message(found, "other", UNTIL).message_id != first.message_id
    assert digest_file.attachment(tmp_path, first) == file
    for name in ("reports/../../etc/passwd", "/etc/passwd", "reports/daily-2026-03-10.html/../x", ""):
        item = {**first.items[0], "details": {"file": name}}
        assert digest_file.attachment(tmp_path, replace(first, items=(item,))) is None
    other = {**first.items[0], "name": "level"}
    assert digest_file.attachment(tmp_path, replace(first, items=(other,))) is None


def test_of_each_kind_the_newest_sixty_pages_stay(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for day in range(61):
        (folder / f"daily-2025-{1 + day // 28:02d}-{1 + day % 28:02d}.html").touch()
    for name in ("weekly-2020-01-06.html", "daily-notes.html"):
        (folder / name).touch()
    digest_file.keep(tmp_path, made(database_url))
    left = {file.name for file in folder.iterdir()}
    assert len([name for name in left if digest_file.NAME.fullmatch(name) and name.startswith("daily")]) == 60
    assert {"weekly-2020-01-06.html", "daily-notes.html", "daily-2026-03-10.html"} <= left
