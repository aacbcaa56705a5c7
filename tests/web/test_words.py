"""Both languages know every word that the page can say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from risk.web import words
from risk.web.answers import FEEDS
from risk.web.words import WORDS

STATIC = Path(__file__).resolve().parents[2] / "risk" / "web" / "static"
SAID = re.compile(r'(?:w\.say|say|item)\("([a-z_0-9.]+)"')


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_scripts_say_is_known(language: str) -> None:
    known = words.of(language)["words"]
    said = {word for file in STATIC.glob("*.js") for word in SAID.findall(file.read_text())}
    assert len(said) > 60
    assert sorted(said - set(known)) == []
    assert {f"feed.{feed}" for feed in FEEDS} <= set(known)


def test_both_languages_fill_in_the_same_figures() -> None:
    for key, (english, chinese) in WORDS.items():
        assert english and chinese
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key


def test_another_language_is_refused() -> None:
    with pytest.raises(KeyError, match="there are en, zh"):
        words.of("fr")
