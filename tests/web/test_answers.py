"""What the page is told: numbers of the database, by hand where they are computed, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from risk.errors import StoreError
from risk.state import COMPONENTS
from risk.web.reading import reading
from tests.web.conftest import served, settings
from tests.web.filled import LIMITS, NOW

FIRST_VIEW_BYTES = 400_000
STATIC = Path(__file__).resolve().parents[2] / "risk" / "web" / "static"


@pytest.fixture(scope="module")
def client(page: str) -> httpx.Client:
    with httpx.Client(base_url=page) as opened:
        yield opened


def test_the_desk_shows_each_scope_with_all_components_and_where_high_begins(client: httpx.Client) -> None:
    desk = client.get("/api/desk").json()
    assert [scope["scope"] for scope in desk["scopes"]] == ["account", "BTCUSDT", "ETHUSDT"]
    btc = desk["scopes"][1]
    assert btc["level"] == "low"
    assert [part["component"] for part in btc["parts"]] == list(COMPONENTS)
    starts = {part["component"]: part["threshold"] for part in btc["parts"]}
    # the documented thresholds of a high risk: spread 0.1 %, depth 1M USDT, cover 1.5, distance 5 %
    assert (starts["spread"], starts["depth_1pct"], starts["cover"], starts["distance"]) == (
        0.001,
        1e6,
        1.5,
        0.05,
    )
    assert btc["recomputed"] == pytest.approx(btc["composite"], abs=0.02)
    assert btc["at"].startswith("2026-03-10T12:00:00")


def test_a_position_tells_how_far_liquidation_is_and_what_it_costs(client: httpx.Client) -> None:
    (held,) = client.get("/api/desk").json()["positions"]
    # (64,051.2 − 47,000) / 64,051.2; over the forecast sigma of 3.5 %
    assert held["distance"] == pytest.approx(0.266212, rel=1e-5)
    assert held["sigmas"] == pytest.approx(0.266212 / 0.035, rel=1e-5)
    assert (held["liquidation"], held["exchange_liquidation"]) == (47000, 47000)
    # 0.25 × 64,051.2 USDT at 0.0001 per 8 h, three times a day: the long pays 4.80384 a day
    assert held["funding_per_day_usdt"] == pytest.approx(4.80384, rel=1e-9)
    assert held["funding_24h_usdt"] == -0.375
    assert held["can_exit"] is True


def test_the_account_tells_its_cover_and_the_move_that_would_liquidate_it(client: httpx.Client) -> None:
    account = client.get("/api/desk").json()["account"]
    # of the cross pool: 9,000 of wallet less 20.5 over maintenance 100; the totals hold isolated ones too
    assert account["cover"] == pytest.approx(89.795)
    assert account["margin_ratio"] == pytest.approx(100 / 8_979.5)
    # 9,000 wallet + 12.8 profit + 16,012.8·s = 0.004·16,012.8·(1+s): s = −8,948.7488 / 15,948.7488
    assert account["shock"]["down"] == pytest.approx(-0.561094, abs=1e-5)
    assert account["shock"]["up"] is None


def test_the_charts_hold_what_was_stored_in_the_span(client: httpx.Client) -> None:
    series = client.get("/api/series", params={"symbol": "BTCUSDT", "span": "6h"}).json()
    assert len(series["bars"]) == 24  # bars of 15 minutes in 6 hours
    assert series["bars"][-1]["close"] == pytest.approx(64050 * 1.0081, rel=1e-3)  # 1 % of sin(95 / 7)
    assert len(series["liquidations"]) == 1 or sum(x["orders"] for x in series["liquidations"]) == 3
    assert sum(each["sold_usdt"] for each in series["liquidations"]) == 3 * 96015
    assert [round(each["funding_8h"], 8) for each in series["settled"]] == [-0.00012] * 3
    assert [venue["venue"] for venue in series["venues"]] == ["bybit", "okx"]
    assert len(series["depth"]) > 5
    assert series["scores"][-1]["scored_at"].startswith("2026-03-10T1")
    marks = client.get("/api/series", params={"symbol": "BTCUSDT", "span": "1h"}).json()["bars"]
    assert len(marks) > 20
    assert client.get("/api/series", params={"symbol": "BTCUSDT", "span": "1y"}).status_code == 422


def test_a_moment_opens_with_the_rows_that_had_come_by_then(client: httpx.Client) -> None:
    found = client.get("/api/moment", params={"scope": "BTCUSDT", "at": "2026-03-10T11:59:45Z"}).json()
    assert found["at"].startswith("2026-03-10T11:59:45")
    kinds = {row["kind"] for row in found["inputs"]}
    assert kinds >= {
        "depth",
        "mark",
        "ticker",
        "open_interest",
        "klines_15m",
        "klines_1h",
        "klines_1d",
        "terms",
    }
    assert all(row["received_at"] <= found["at"] for row in found["inputs"])
    mark = next(row for row in found["inputs"] if row["kind"] == "mark")
    assert mark["event_at"].startswith("2026-03-10T11:59:40")
    assert found["limits_version"] == LIMITS.version
    nothing = client.get("/api/moment", params={"scope": "BTCUSDT", "at": "2020-01-01T00:00:00Z"})
    assert nothing.status_code == 404


def test_health_holds_the_age_of_every_feed_against_its_limit(client: httpx.Client) -> None:
    health = client.get("/api/health").json()
    depth = next(feed for feed in health["feeds"] if feed["feed"] == "depth")
    assert depth["max_age_s"] == 5
    assert depth["ages_s"] == {"BTCUSDT": 1.0, "ETHUSDT": 1.0}
    assert {part["part"] for part in health["parts"]} >= {"streams", "worker/cadence"}
    assert client.get("/api/alerts").json()["at"].startswith(NOW.isoformat()[:19])


def test_the_transaction_of_the_page_refuses_to_write(desk_url: str) -> None:
    with pytest.raises(StoreError, match="read-only transaction"), reading(desk_url) as db:
        db.execute(text("INSERT INTO risk.fact VALUES ('x', 1, now())"))


def test_the_page_reads_as_the_reader(desk_url: str) -> None:
    with reading(desk_url) as db:
        assert db.execute(text("SELECT current_user")).scalar_one() == "risk_reader"


def test_the_page_is_small_enough_for_a_phone(client: httpx.Client) -> None:
    files = [file for file in STATIC.iterdir() if file.is_file()]
    answers = ("/api/start", "/api/words/zh", "/api/desk", "/api/series?symbol=BTCUSDT&span=6h")
    told = sum(len(client.get(path).content) for path in answers)
    assert sum(file.stat().st_size for file in files) + told < FIRST_VIEW_BYTES


def test_without_its_database_the_page_says_so() -> None:
    away = settings("postgresql://nobody@127.0.0.1:1/away")
    with served(away) as address, httpx.Client(base_url=address) as opened:
        assert opened.get("/").status_code == 200
        answer = opened.get("/api/desk")
        assert (answer.status_code, answer.json()) == (503, {"reason": "database"})
        with opened.stream("GET", "/api/events") as stream:
            lines = stream.iter_lines()
            assert "event: trouble" in (next(lines), next(lines), next(lines))


def test_numbers_that_json_does_not_know_become_null() -> None:
    from risk.web.reading import as_json

    assert json.loads(as_json([float("nan"), float("inf"), 1.5])) == [None, None, 1.5]
