"""Sentences by language, with figures filled in as a trader reads them.

The sentences stand in gettext catalogues, risk/locale/LANGUAGE/LC_MESSAGES/risk.po, which are read as
text when first needed: there is nothing to compile on a fresh machine, and a translator's change shows
at once. A placeholder carries its unit, {distance:percent}; a figure that is missing reads "unknown". One
without a unit may come from outside and is cleaned; `text` marks what is a sentence of ours already.
"""

from __future__ import annotations

import json
import math
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES: tuple[str, ...] = ("en", "zh")

DURATIONS: Mapping[str, tuple[str, str, str, str]] = {
    "en": ("d", "h", "min", "s"),
    "zh": ("天", "小时", "分钟", "秒"),
}
MAGNITUDES: Mapping[str, tuple[tuple[float, str], ...]] = {
    "en": ((1e9, " bn"), (1e6, " M"), (1e3, " k")),
    "zh": ((1e8, " 亿"), (1e4, " 万")),
}
LOOKUPS = frozenset(
    {"level", "component", "dimension", "cause", "divergence", "feed", "side", "scope", "method"}
)
"""Formats that replace a code by its word."""

LONGEST_TEXT = 60
"""Characters that a name from outside may take in a sentence."""


@cache
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of one language, by identifier.

    Raises:
        KeyError: no such language.
    """
    if language not in LANGUAGES:
        raise KeyError(f"language {language!r}: there are {', '.join(LANGUAGES)}")
    path = files("risk").joinpath("locale", language, "LC_MESSAGES", "risk.po")
    return dict(_entries(path.read_text(encoding="utf-8")))


def say(language: str, identifier: str, /, **figures: Any) -> str:
    """One sentence with its figures.

    >>> say("en", "alert.level.what", level="high", composite=61.4, weighted=40)
    'Level high: 61 of 100 (weighted mean 40).'

    Raises:
        KeyError: no such language or sentence.
    """
    return _Figures(language).vformat(sentences(language)[identifier], (), figures)


def has(identifier: str) -> bool:
    """Whether there is such a sentence."""
    return identifier in sentences(LANGUAGES[0])


def clean(text: object) -> str:
    """A name from outside, made harmless for one line: no controls, no direction marks, not too long."""
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in str(text)
    )
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[: LONGEST_TEXT - 1]}…"


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """(msgid, msgstr) of a catalogue without plurals or contexts; the header is left out."""
    parts: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        stripped = line.strip()
        if stripped.startswith(("msgid ", "msgstr ")):
            key, stripped = stripped.split(" ", 1)
            parts[key] = ""
        if stripped.startswith('"'):
            parts[key] += json.loads(stripped)  # ast, asked by two threads at once, can fail in CPython 3.11
        elif not stripped and "msgstr" in parts:
            if parts["msgid"]:
                yield parts["msgid"], parts["msgstr"]
            parts = {}


class _Figures(string.Formatter):
    """Placeholders {name:unit}; see `FORMATS`."""

    def __init__(self, language: str) -> None:
        self._language = language

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key))

    def format_field(self, value: Any, format_spec: str) -> str:
        return figure(self._language, value, format_spec)


def figure(language: str, value: Any, unit: str = "") -> str:
    """One figure in its unit.

    >>> figure("en", 0.0423, "percent"), figure("en", 1_250_000, "usd"), figure("zh", 1_250_000, "usd")
    ('4.2 %', '1.25 M USDT', '125 万 USDT')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return sentences(language)["figure.unknown"]
    if unit == "text":
        return str(value)
    if unit in LOOKUPS:
        identifier = f"{unit}.{value}"
        return sentences(language)[identifier] if has(identifier) else clean(value)
    if unit == "components":
        return _joined(language, [figure(language, name, "component") for name in value])
    if unit == "list":
        return _joined(language, [clean(name) for name in value])
    if unit == "time":
        return _time(value)
    if unit == "duration":
        return _duration(language, float(value))
    if unit == "usd":
        return f"{_magnitude(language, float(value))} USDT"
    return _number(float(value), unit) if unit else clean(value)


def _number(value: float, unit: str) -> str:
    if unit == "percent":
        return f"{value * 100:.{2 if abs(value) < 0.01 else 1}f} %"
    if unit == "percent2":
        return f"{value * 100:.2f} %"
    if unit == "rate":
        return f"{value * 100:.3f} %"
    if unit == "change":
        return f"{value * 100:+.1f} %"
    if unit == "score":
        return str(math.floor(value + 0.5 + 1e-9))
    if unit == "times":
        return f"{value:.2f}×"
    if unit == "price":
        return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.6g}"
    if unit == "number":
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    raise ValueError(f"{unit!r}: no such unit in a sentence")


def _joined(language: str, words: Sequence[str]) -> str:
    if not words:
        return sentences(language)["figure.none"]
    return ("、" if language == "zh" else ", ").join(words)


def _time(value: Any) -> str:
    at = (
        datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(float(value), UTC)
    )
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _duration(language: str, seconds: float) -> str:
    """The two largest units that matter.

    >>> _duration("en", 45), _duration("en", 3900), _duration("zh", 90_000)
    ('45 s', '1 h 5 min', '1 天 1 小时')
    """
    whole = max(0, round(seconds))
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    counts = (days, hours, minutes, whole % 60 if whole < 60 else 0)
    shown = [f"{n} {name}" for n, name in zip(counts, DURATIONS[language], strict=True) if n]
    return " ".join(shown[:2]) or f"0 {DURATIONS[language][3]}"


def _magnitude(language: str, value: float) -> str:
    for size, name in MAGNITUDES[language]:
        if abs(value) >= size:
            return f"{value / size:.4g}{name}" if abs(value) < 1e4 * size else f"{value / size:,.0f}{name}"
    return f"{value:.4g}"
