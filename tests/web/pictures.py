"""`python -m tests.web.pictures [FOLDER] [whole]`: the page's views as small PNG, from a database of its own.

Each view in both languages, wide and dark in one and light in the other, and on a phone; `whole` takes all
of a page that is longer than the window.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import psycopg
from PIL import Image

from risk.adapters import embedded, migrate
from tests.web import browser, lived
from tests.web.conftest import served, settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
MOST_BYTES = 150_000
VIEWS = {
    "desk": "#/desk/BTCUSDT/24h",
    "plan": "#/plan",
    "study": "#/study/account/1h",
    "alerts": "#/alerts",
    "health": "#/health",
    "moment": "#/moment/BTCUSDT/2026-03-10T12%3A00%3A00Z",
}
THEMES = {"en": "dark", "zh": "light"}
SETTLED = "document.querySelector('main').getAttribute('aria-busy') === null"


def main(folder: Path) -> None:
    """Write all pictures."""
    with tempfile.TemporaryDirectory(prefix="risk-pictures-") as place:
        data = Path(place)
        try:
            url = _filled(data)
            config = settings(url, symbols=lived.SYMBOLS)
            with served(config, clock=lambda: lived.NOW) as address, browser.chromium() as tab:
                for language in THEMES:
                    for view in VIEWS:
                        _take(tab, address, view, language, folder)
        finally:
            embedded.stop(data, immediately=True)


def _filled(data: Path) -> str:
    server = embedded.start(data, database="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE pictures")
    url = embedded.url(data, database="pictures")
    migrate.upgrade(url)
    lived.live(url)
    return url


def _take(tab: browser.Page, address: str, view: str, language: str, folder: Path) -> None:
    for name, width, height, theme in (
        (f"{view}-{language}", 1440, 1000, THEMES[language]),
        (f"{view}-{language}-phone", 390, 1100, {"dark": "light", "light": "dark"}[THEMES[language]]),
    ):
        tab.open(f"{address}/?lang={language}&theme={theme}{VIEWS[view]}", width=width, height=height)
        tab.until(SETTLED)
        tab.until("document.body.dataset.link === 'live'")
        tab.until("document.querySelectorAll('.card').length > 1")
        if view == "desk":
            tab.until("document.querySelectorAll('.chart svg').length >= 5")
        (folder / f"{name}.png").write_bytes(_small(tab.picture(whole="whole" in sys.argv)))


def _small(image: bytes) -> bytes:
    """The picture with few colours: level colours stay apart, which 128 did not do for each."""
    told = io.BytesIO()
    Image.open(io.BytesIO(image)).convert("RGB").quantize(240).save(told, "PNG", optimize=True)
    assert len(told.getvalue()) < MOST_BYTES, "a picture for the documentation has to be small"
    return told.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
