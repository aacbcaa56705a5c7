"""Self-contained pages: nothing from outside, nothing unescaped, never too large."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from risk.adapters import pages
from risk.errors import DataError

HOSTILE = '<script>alert("x")</script>&'
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 30


class Balance(HTMLParser):
    """Tags that were opened and not closed, and every address that the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def whole() -> str:
    rows = [[HOSTILE, "1.5 %", pages.badge("high", HOSTILE)], ["a", "", "none of it"]]
    parts = [HOSTILE, pages.note(HOSTILE), pages.table([HOSTILE, "b", "c"], rows, caption=HOSTILE),
             pages.picture(PNG, HOSTILE, caption=HOSTILE), pages.drawing("<svg></svg>")]  # fmt: skip
    return pages.page(HOSTILE, [pages.section(HOSTILE, *parts)], language="zh", lead=HOSTILE, footer=HOSTILE)


def test_whatever_stands_in_a_page_is_escaped_and_every_element_closed() -> None:
    found = Balance()
    found.feed(whole())
    assert found.opened == []
    assert "<script" not in whole()
    assert whole().count("&lt;script&gt;") == 13  # title and lead 3, footer, heading, 8 in the section


def test_a_column_and_its_heading_are_read_from_the_same_side() -> None:
    rows = [["a", "BTC", "+1.5 h", "x" * 41], ["b", "ETH", "never", "2"], ["c", "–", "+3.0 h", "3"]]
    text = pages.table(["name", "coin", "lead", "reason"], rows).text
    assert re.findall(r'<th scope="col"(?: class="(.*?)")?>', text) == ["", "words", "", "words long"]
    assert "<td>never</td>" in text
    assert (text.count('<td class="words">'), text.count('<td class="words long">')) == (3, 3)


def test_a_page_fetches_nothing() -> None:
    found = Balance()
    found.feed(whole())
    assert [address[:15] for address in found.addresses] == ["data:image/png;"]
    assert "http" not in re.sub(r'http-equiv="Content-Security-Policy"', "", whole())
    assert "@import" not in pages.STYLE
    assert "url(" not in pages.STYLE


def test_the_levels_have_the_colours_of_the_live_page() -> None:
    style = files("risk").joinpath("web", "static", "style.css").read_text(encoding="utf-8")
    for name, colour in pages.COLOURS.items():
        assert f"--{name}: {colour};" in style
        assert f"--{name}: {colour};" in whole()


def test_a_page_that_is_too_large_is_refused_with_the_remedy() -> None:
    huge = pages.section("x", "y" * pages.MOST_BYTES)
    with pytest.raises(DataError, match="at most 614400: draw fewer"):
        pages.page("big", [huge])


def test_a_row_of_another_length_and_an_unknown_level_are_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        pages.table(["a", "b"], [["x"]])
    with pytest.raises(KeyError):
        pages.badge("purple", "x")


def test_a_page_is_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    pages.save(path, whole())
    assert path.read_text(encoding="utf-8") == whole()
    assert [f.name for f in path.parent.iterdir()] == ["page.html"]
