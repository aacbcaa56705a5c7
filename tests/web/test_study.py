"""What the past says on the page: value at risk with its exceptions, and strategies side by side."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.web import filled
from tests.web.browser import Page
from tests.web.conftest import served, settings


def test_the_account_tells_its_value_at_risk_and_each_bar_that_lost_more(page: str) -> None:
    found = httpx.get(f"{page}/api/var", params={"scope": "account", "interval": "1h"}).json()
    assert [row["scope"] for row in found["latest"]] == ["account", "BTCUSDT", "ETHUSDT"]
    account = found["latest"][0]
    assert (account["var_99"], account["gross_usdt"], account["closed_loss"]) == (0.02, 16012.8, -0.001)
    assert len(found["bars"]) == 121
    beyond = [bar["at"] for bar in found["bars"] if bar["loss"] is not None and bar["loss"] > bar["var_99"]]
    first = filled.NOW - timedelta(hours=120)  # of 121 bars, the last opens now
    assert beyond == [(first + timedelta(hours=i)).timestamp() for i in (40, 90)]
    assert found["bars"][-1]["loss"] is None
    verdicts = {row["method"]: row for row in found["verdicts"]}
    assert (verdicts["gjr_garch_t"]["exceptions"], verdicts["gjr_garch_t"]["observations"]) == (2, 120)
    assert verdicts["gjr_garch_t"]["has_failed"] is False
    (share,) = found["shares"]
    # the only position bears all of it: 0.02 · 16,012.8
    assert share["component_usdt"] == share["total_usdt"] == pytest.approx(320.256)


def test_a_contract_is_told_in_fractions_and_an_unknown_one_gives_the_first(page: str) -> None:
    found = httpx.get(f"{page}/api/var", params={"scope": "BTCUSDT", "interval": "1h"}).json()
    assert (found["scope"], found["shares"]) == ("BTCUSDT", [])
    assert next(row for row in found["latest"] if row["scope"] == "BTCUSDT")["gross_usdt"] is None
    assert httpx.get(f"{page}/api/var", params={"scope": "NOTHING"}).json()["scope"] == "account"
    daily = httpx.get(f"{page}/api/var", params={"interval": "1d"}).json()
    assert (daily["latest"], daily["scope"], daily["bars"]) == ([], None, [])
    assert httpx.get(f"{page}/api/var", params={"interval": "5m"}).status_code == 422


def test_strategies_come_in_the_order_of_the_heat_map_with_every_pair(page: str) -> None:
    found = httpx.get(f"{page}/api/strategies").json()
    assert {row["strategy"] for row in found["strategies"]} == {"grid", "mirror", "young"}
    pairs = {(pair["first"], pair["second"]): pair for pair in found["pairs"]}
    assert pairs["grid", "mirror"]["sample"] == pytest.approx(-1.0)  # one is the other turned round
    assert (pairs["grid", "young"]["overlap"], pairs["grid", "young"]["sample"]) == (10, None)
    assert found["study"]["strategies"] == 3


def test_the_heat_map_says_its_numbers_and_what_is_not_known(chromium: Page, page: str) -> None:
    chromium.open(f"{page}/?lang=en&theme=dark#/study/account/1h")
    chromium.until("document.querySelectorAll('[data-strategy]').length === 3")
    cells = "[...document.querySelectorAll('[data-strategy=grid] td')].map((cell) => cell.textContent).sort()"
    assert chromium.ask(cells) == ["-1.00", "1", "–"]
    assert chromium.ask("document.querySelector('.heat .blank').title").endswith("insufficient overlap")
    chromium.ask("document.querySelector('[data-key=\"kind ewma\"]').click()")
    assert (
        chromium.ask("document.querySelector('[data-key=\"kind ewma\"]').getAttribute('aria-pressed')")
        == "true"
    )
    exceptions = "document.querySelectorAll('#exceptions rect.dot.extreme').length"
    assert chromium.ask(exceptions) == 2


def test_before_the_first_study_the_view_says_what_is_needed(chromium: Page, database_url: str) -> None:
    with served(settings(database_url)) as address:
        chromium.open(f"{address}/?lang=en#/study")
        chromium.until("document.body.innerText.includes('No value at risk yet')")
        assert "risk strategies import FILE" in chromium.text()
