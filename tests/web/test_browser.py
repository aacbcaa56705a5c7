"""The page in a real browser: every view in both languages and at both widths, and what happens to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from risk.adapters import store
from risk.adapters.settings import WebSettings
from tests.web import filled, readable
from tests.web.browser import Page
from tests.web.conftest import served, settings

SETTLED = (
    "document.querySelector('main').getAttribute('aria-busy') === null"
    " && document.body.dataset.link === 'live'"
)
VIEWS = {
    "desk": ("#/desk/BTCUSDT/6h", "document.querySelectorAll('.chart svg').length >= 5"),
    "plan": (
        "#/plan",
        "document.querySelectorAll('[data-size]').length === 4"
        " && document.querySelectorAll('[data-crash]').length >= 6",
    ),
    "study": (
        "#/study/account/1h",
        "document.querySelectorAll('[data-method]').length === 6"
        " && document.querySelectorAll('[data-strategy]').length === 3",
    ),
    "alerts": ("#/alerts", "document.querySelector('#open') && document.querySelector('#over')"),
    "health": ("#/health", "document.querySelectorAll('[data-feed]').length >= 10"),
    "moment": (
        "#/moment/BTCUSDT/2026-03-10T11%3A59%3A45Z",
        "document.querySelectorAll('[data-input]').length >= 8 && document.querySelector('#recomputed')",
    ),
}
HEADINGS = {
    "en": {
        "desk": "Why BTCUSDT stands at",
        "plan": "How much may be opened now",
        "study": "How the methods did at 99 %",
        "alerts": "Firing now",
        "health": "Parts and flows",
        "moment": "Inputs it was made from",
    },
    "zh": {
        "desk": "BTCUSDT 为何是",
        "plan": "现在可开多少",
        "study": "各方法在 99 % 下的表现",
        "alerts": "当前告警",
        "health": "组件与流程",
        "moment": "所用输入",
    },
}
PNG = b"\x89PNG"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_whole_in_its_language_and_fits(
    chromium: Page, page: str, tmp_path: Path, view: str, language: str, width: int
) -> None:
    place, is_there = VIEWS[view]
    chromium.said.clear()
    chromium.open(f"{page}/?lang={language}&theme={'dark' if width > 600 else 'light'}{place}", width=width)
    chromium.until(SETTLED)
    chromium.until(is_there)
    text = chromium.text()
    assert HEADINGS[language][view].casefold() in text.casefold()
    assert "undefined" not in text
    assert "NaN" not in text
    assert chromium.ask("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert chromium.ask("document.documentElement.scrollWidth") <= width
    assert chromium.said == []
    assert readable.faint(chromium) == []
    assert readable.nameless(chromium) == []
    assert chromium.picture(tmp_path / f"{view}-{language}-{width}.png").startswith(PNG)


def test_a_level_is_told_by_colour_word_and_shape(chromium: Page, page: str) -> None:
    chromium.open(f"{page}/?lang=en#/desk/BTCUSDT/6h")
    chromium.until(SETTLED)
    badge = "document.querySelector('[data-scope=BTCUSDT] .badge')"
    assert chromium.ask(f"{badge}.innerText").strip() == "low"
    assert chromium.ask(f"{badge}.querySelector('svg path, svg circle') !== null")
    colours = "getComputedStyle(document.documentElement).getPropertyValue('--extreme')"
    dark = chromium.ask(colours)
    chromium.ask("document.getElementById('theme').click()")
    assert chromium.ask(colours) == dark


def test_the_keyboard_reaches_every_control_and_the_switches_work(chromium: Page, page: str) -> None:
    chromium.open(f"{page}/?lang=en&theme=dark#/desk/BTCUSDT/6h")
    chromium.until(SETTLED)
    chromium.until(VIEWS["desk"][1])
    reached = []
    for _ in range(24):
        for kind in ("keyDown", "keyUp"):
            chromium.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(chromium.ask("document.activeElement.id || document.activeElement.dataset.key || ''"))
    assert reached[0] == "skip"
    assert {"desk", "alerts", "health", "language", "theme", "scope BTCUSDT", "span 1h", "moment"} <= set(
        reached
    )
    chromium.ask("document.getElementById('language').click()")
    chromium.until("document.documentElement.lang === 'zh-CN' && document.body.innerText.includes('市场')")
    chromium.ask("localStorage.clear()")


@pytest.fixture
def moving(database_url: str) -> Iterator[str]:
    """A database of its own that a test may change."""
    filled.fill(database_url)
    yield database_url


def test_a_level_change_and_its_alert_appear_without_reload(chromium: Page, moving: str) -> None:
    later = filled.NOW + timedelta(seconds=5)
    with served(settings(moving), clock=lambda: later) as address:
        chromium.open(f"{address}/?lang=en#/desk/BTCUSDT/6h")
        chromium.until(SETTLED)
        level = "document.querySelector('[data-scope=BTCUSDT] .badge').dataset.level"
        assert chromium.ask(level) == "low"
        chromium.ask("window.notReloaded = true")
        filled.fall(moving, later)
        chromium.until(f"{level} === 'extreme'")
        assert chromium.ask("window.notReloaded") is True
        assert "close to liquidation" in chromium.text()
        chromium.ask("location.hash = '#/alerts'")
        chromium.until("document.querySelector('[data-alert=liquidation_distance]')")
        chromium.ask("document.querySelector('[data-alert=liquidation_distance] summary').click()")
        assert "accepted" in chromium.until("document.querySelector('details[open] .deliveries').textContent")
    chromium.until("document.body.dataset.link === 'lost' && !document.getElementById('banner').hidden")
    assert "No connection to the desk" in chromium.text()


def test_a_hostile_name_stays_text(chromium: Page, database_url: str) -> None:
    names = ("BTCUSDT", filled.HOSTILE)
    filled.fill(database_url, names)
    with store.connect(database_url) as db:
        store.beat(db, filled.HOSTILE, filled.NOW, {"note": filled.HOSTILE})
    config = settings(database_url).model_copy(update={"symbols": names})
    with served(config) as address:
        for place in (
            "#/desk",
            "#/study",
            "#/health",
            "#/alerts",
            f"#/moment/{filled.HOSTILE.replace('=', '%3D')}/x",
        ):
            chromium.open(f"{address}/?lang=en{place}")
            chromium.until("document.querySelector('main').getAttribute('aria-busy') === null")
            assert chromium.ask("document.images.length") == 0
            assert chromium.ask("document.title") != "hacked"
        chromium.open(f"{address}/?lang=en#/desk")
        chromium.until("document.querySelectorAll('[data-scope]').length === 3")
        assert filled.HOSTILE.casefold() in chromium.text().casefold()


def test_beyond_this_machine_the_page_opens_with_its_token_only(chromium: Page, desk_url: str) -> None:
    host, token = own_address(), "correct-horse-battery-staple"
    web = WebSettings(host=host, port=0, token=SecretStr(token), names=(host,))
    with served(settings(desk_url, web=web), host=host) as address:
        chromium.open(address)
        chromium.until("document.querySelector('input[type=password]')")
        assert "BTCUSDT" not in chromium.text()
        for given, then in (
            ("a-wrong-token-of-that-length", "document.body.innerText.includes('wrong token')"),
            (token, "document.querySelector('[data-scope=BTCUSDT]')"),
        ):
            chromium.open(address)
            chromium.until("document.activeElement.id === 'token'")
            chromium.call("Input.insertText", text=given)
            chromium.ask("document.querySelector('form').requestSubmit()")
            chromium.until(then)
        chromium.until(SETTLED)
        assert chromium.ask("document.cookie") == ""  # scripts cannot read the session


def own_address() -> str:
    """This machine's address on its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))  # nothing is sent: only the way there is chosen
        except OSError:
            pytest.skip("this machine has no network beside loopback")
        return str(found.getsockname()[0])


def test_an_empty_desk_says_what_it_waits_for(chromium: Page, database_url: str) -> None:
    with served(settings(database_url)) as address:
        chromium.open(f"{address}/?lang=en#/desk")
        chromium.until("document.body.innerText.includes('No score yet')")
        chromium.until("document.body.innerText.includes('No data in this span yet')")
        assert "The account has not been read yet" in chromium.text()


def test_an_old_score_is_called_stale(chromium: Page, desk_url: str) -> None:
    with served(settings(desk_url), clock=lambda: filled.NOW + timedelta(minutes=5)) as address:
        chromium.open(f"{address}/?lang=en#/desk")
        chromium.until("document.body.dataset.link === 'stale' || document.querySelector('.link.stale')")
        chromium.until("document.getElementById('banner').innerText.includes('No new score for 5 min')")
        assert "No new score for 5 min" in chromium.text()
