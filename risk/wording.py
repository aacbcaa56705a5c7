"""What a person reads: messages, signals, floors and components, as sentences in English and Chinese."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from risk import digest, score_words, var_reasons, var_words
from risk.catalogue import clean, figure, has, say, sentences
from risk.limits import ALERTS
from risk.records import Signal
from risk.scorecard import FLOOR_NAMES
from risk.state import COMPONENTS, DIMENSIONS, LEVELS
from risk.var_forecasts import METHODS
from risk.view import SEVERITIES

LONGEST_BODY = 3500
"""Characters that a body may have, plain or as HTML: below what every channel takes."""

FULL_ITEMS = 6
"""Alerts of a message that are told at length; the others get a line each."""

UNITS: Mapping[str, str] = {
    "atr_15m": "percent2", "vol_ratio": "times", "sigma_24h": "percent", "spread": "rate",
    "depth_1pct": "usd", "coverage": "times", "slippage": "rate", "cover": "times",
    "distance": "percent", "distance_sigmas": "number", "funding_8h": "rate", "oi_change_3d": "change",
    "kline_liquidity": "number",
}  # fmt: skip
"""How each component's value is written."""

SPECIAL = ("overflow", "test", "heartbeat", "digest")
"""Items of a message that no rule fires."""

WITH_COUNTERFACTUAL = frozenset({"level", "liquidation_distance"})

STOPS = ("whole", "part", "none", "unknown")
"""How far the stops at the exchange cover a position, as the details of its alerts say."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message: `body` is plain, `html` the same with <b> and <br> only, everything else escaped."""

    title: str
    body: str
    html: str


def message(items: Sequence[Mapping[str, Any]], language: str) -> Text:
    """A stored message's items in one language, at most LONGEST_BODY characters in either form.

    What does not fit is counted, not hidden.

    Raises:
        KeyError: no such language.
    """
    blocks = [item_lines(item, language, is_short=i >= FULL_ITEMS) for i, item in enumerate(items)]
    shown = _fitting(blocks, items, language)
    if shown < len(blocks):
        blocks = [*blocks[:shown], [_more(items[shown:], language)]]
    return Text(_title(items, language), _plain(blocks), _html(blocks))


def item_lines(item: Mapping[str, Any], language: str, *, is_short: bool = False) -> list[str]:
    """Lines about one alert: headline, what and how bad, why, what to do, since when, reference."""
    figures = _figures(item, language)
    name, since = item["name"], datetime.fromisoformat(item["since"])
    lasted = (datetime.fromisoformat(item["at"]) - since).total_seconds()
    first = headline(item, language)
    if item["kind"] == "resolved":
        return [first, say(language, "line.over", since=item["since"], lasted=lasted)]
    what = say(language, f"alert.{name}.what", **figures)
    if is_short:
        return [f"{first} – {what}"]
    return [
        first,
        what,
        say(language, "line.why", text=_why(item, figures, language)),
        say(language, "line.do", text=say(language, _do(item), **figures)),
        *_extras(item, language),
        say(language, "line.since" if lasted >= 1 else "line.now", since=item["since"], lasted=lasted)
        + " " + say(language, "line.ref", ref=str(item["alert_id"])[:8]),
    ]  # fmt: skip


def headline(item: Mapping[str, Any], language: str) -> str:
    """Whom it concerns and what it is about, without figures."""
    return say(
        language,
        "line.title",
        kind=say(language, f"kind.{item['kind']}"),
        scope=scope_name(item["name"], item["scope"], language),
        topic=say(language, f"alert.{item['name']}.topic"),
    )


def scope_name(alert: str, scope: str, language: str) -> str:
    """A scope in words: "BTCUSDT long", "order book", "account".

    >>> scope_name("adl_risk", "BTCUSDT/SHORT", "en"), scope_name("stale_data", "depth", "zh")
    ('BTCUSDT short', '盘口')
    >>> scope_name("var_breach", "account/1d", "en"), scope_name("var_breach", "ETHUSDT/SHORT/1h", "en")
    ('account 1d', 'ETHUSDT short 1h')
    """
    if alert == "stale_data" and has(f"feed.{scope}"):
        return say(language, f"feed.{scope}")
    if has(f"scope.{scope}"):
        return say(language, f"scope.{scope}")
    return " ".join(_scope_word(part, language) for part in scope.split("/"))


def _scope_word(part: str, language: str) -> str:
    for group in ("scope", "side"):
        if has(f"{group}.{part}"):
            return say(language, f"{group}.{part}")
    return clean(part)


def signal(advice: Signal, language: str) -> str:
    """One signal with its reason."""
    side = advice.details.get("direction")
    text = say(
        language,
        f"signal.{advice.kind}",
        scope=scope_name("", f"{advice.scope}/{side}" if side else advice.scope, language),
        fraction=advice.fraction,
        quantity=advice.quantity,
        left=advice.details.get("left"),
        level=advice.details.get("level"),
    )
    return f"{text} {reason(advice.reason, language)}"


def reason(code: str, language: str) -> str:
    """The sentence for a reason code: "floor:NAME", "dimension:NAME" or "missing:COMPONENT"."""
    kind, _, name = code.partition(":")
    if kind == "floor":
        return say(language, f"floor.{name}")
    if kind == "missing":
        return say(language, "sentence.missing", component=say(language, f"component.{name}"))
    return say(language, f"because.{name}")


def component_sentence(
    component: str, value: float | None, body: Mapping[str, Any], language: str, *, is_missing: bool
) -> str:
    """One component of a score row in words, with where high begins by the limits' `body()`."""
    label = say(language, f"component.{component}")
    if is_missing:
        return say(language, "sentence.missing", component=label)
    if value is None:
        return say(language, "sentence.not_at_stake", component=label)
    high = value_at(body["curves"].get(component, ()), body["level_starts"][1])
    return say(
        language,
        f"sentence.{component}",
        value=component_figure(component, value, language),
        high=component_figure(component, high, language),
    )


def component_figure(component: str, value: float | None, language: str) -> str:
    """A component's value in its unit."""
    return figure(language, value, UNITS[component])


def value_at(points: Sequence[Sequence[float]], score: float) -> float | None:
    """The value at which a curve first reaches a score; None where it never does.

    >>> value_at([[0, 0], [0.001, 61], [0.01, 100]], 61)
    0.001
    """
    for (left, low), (right, high) in pairwise(points):
        if min(low, high) <= score <= max(low, high) and low != high:
            return left + (right - left) * (score - low) / (high - low)
    return None


def msgids() -> set[str]:
    """Every sentence that the code can ask for: what both catalogues must hold."""
    named = (*ALERTS, *SPECIAL)
    alerts = {f"alert.{name}.{part}" for name in named for part in ("topic", "what", "why", "do")}
    lookups = {
        "component": COMPONENTS, "sentence": (*COMPONENTS, "missing", "not_at_stake"),
        "floor": FLOOR_NAMES, "because": DIMENSIONS, "dimension": DIMENSIONS, "level": (*LEVELS, "none"),
        "severity": SEVERITIES, "kind": ("fired", "escalated", "reminder", "resolved"),
        "signal": ("warn", "close_only", "reduce"), "scope": ("account", "exchange", "desk", "strategies"),
        "side": ("LONG", "SHORT"), "figure": ("unknown", "none"),
        "cause": ("closed", "liquidated", "deleveraged", "settled", "unknown"),
        "method": METHODS, "divergence": ("bearish", "bullish"), "message": ("one", "many", "more", "count"),
        "line": ("title", "since", "now", "over", "why", "do", "ref", "counterfactual", "missing",
                 *(f"stop_{cover}" for cover in STOPS)),
        "feed": FEEDS, "chat": CHAT, "init": INIT, "digest": digest.sentences(),
        "chart": ("price", "score", "liquidation", "stop", "entry", "correlation", "few"),
        "passed": var_reasons.CODES,
        "backtest": {*score_words.sentences(), *var_words.sentences()},
    }  # fmt: skip
    special = {"alert.level.do.critical", "alert.level.do.flat", "alert.reduce.do.not_enough"}
    return alerts | special | {f"{group}.{name}" for group, names in lookups.items() for name in names}


CHAT = ("silenced", "acknowledged", "lifted", "not_lifted", "status", "blind", "refused", "help")
"""What the bot answers."""

INIT = (
    "replace", "kept", "symbols", "key", "secret", "channel", "test", "moved", "wrote", "covers", "accepted",
    "refused", "next",
)  # fmt: skip
"""What `risk init` asks and says."""

FEEDS: tuple[str, ...] = (
    "klines_15m", "klines_1h", "klines_1d", "sigma", "depth", "book_frozen", "ticker", "mark",
    "open_interest", "terms", "settled", "venue", "insurance", "adl", "brackets", "instrument",
    "account", "income", "strategies",
)  # fmt: skip


def method_reasons(reason: str, language: str) -> str:
    """Why the methods before the one in use are not, in words; an older program's sentence as it stands."""
    passed = var_reasons.parsed(reason)
    if passed is None:
        return clean(reason)
    return {"zh": "；"}.get(language, "; ").join(_passed_over(one, language) for one in passed)


def _passed_over(one: var_reasons.PassedOver, language: str) -> str:
    names = ("forecasts", "needed") if one.code == "not_judged" else ("p", "exceptions", "bars")
    figures = dict(zip(names, one.figures, strict=False))
    if float(figures.get("p", 1.0)) == 0.0:
        figures["p"] = "< 0.0001"
    elif "p" in figures:
        figures["p"] = f"= {figures['p']}"
    return say(language, f"passed.{one.code}", method=one.method, **figures)


def _figures(item: Mapping[str, Any], language: str) -> dict[str, Any]:
    details = dict(item.get("details") or {})
    if item["name"] == "var_method":
        details["reason"] = method_reasons(str(details.get("reason") or ""), language)
    if details.get("component") in UNITS:
        details["component_value"] = component_figure(
            details["component"], details.get("component_value"), language
        )
    return {**details, "value": item.get("value"), "threshold": item.get("threshold")}


def _why(item: Mapping[str, Any], figures: Mapping[str, Any], language: str) -> str:
    """The rule's own reason; for a level first the floor that lifted it, as far as one did."""
    text = say(language, f"alert.{item['name']}.why", **figures)
    if item["name"] != "level":
        return text
    lifted = (figures.get("composite") or 0.0) > (figures.get("weighted") or 0.0)
    floors = [say(language, f"floor.{name}") for name in figures.get("floors") or () if lifted]
    known = [text] if figures.get("component") else []
    return " ".join([*known, *floors])


def _do(item: Mapping[str, Any]) -> str:
    details = item.get("details") or {}
    if item["name"] == "level" and not details.get("has_position"):
        return "alert.level.do.flat"
    if item["name"] == "reduce" and details.get("is_enough") is False:
        return "alert.reduce.do.not_enough"
    special = f"alert.{item['name']}.do.{item['severity']}"
    return special if has(special) else f"alert.{item['name']}.do"


def _extras(item: Mapping[str, Any], language: str) -> Iterator[str]:
    details = item.get("details") or {}
    if item["name"] in WITH_COUNTERFACTUAL and details.get("counterfactual") is not None:
        yield say(language, "line.counterfactual", counterfactual=details["counterfactual"])
    if details.get("stop") in STOPS:
        yield say(language, f"line.stop_{details['stop']}", **_stop(details))
    if details.get("missing"):
        yield say(language, "line.missing", missing=details["missing"])


def _stop(details: Mapping[str, Any]) -> dict[str, Any]:
    return {"stop_price": details.get("stop_price"), "stop_share": details.get("stop_share")}


def _title(items: Sequence[Mapping[str, Any]], language: str) -> str:
    worst = max((item["severity"] for item in items), key=SEVERITIES.index)
    figures = {"severity": say(language, f"severity.{worst}"), "first": headline(items[0], language)}
    if len(items) == 1:
        return say(language, "message.one", **figures)
    return say(language, "message.many", **figures, more=len(items) - 1)


def _fitting(blocks: list[list[str]], items: Sequence[Mapping[str, Any]], language: str) -> int:
    """How many blocks fit, leaving room for the line that counts the rest."""
    for shown in range(len(blocks), 0, -1):
        tail = [[_more(items[shown:], language)]] if shown < len(blocks) else []
        if len(_html([*blocks[:shown], *tail])) <= LONGEST_BODY:
            return shown
    return 0


def _more(rest: Sequence[Mapping[str, Any]], language: str) -> str:
    counts = Counter(item["severity"] for item in rest)
    words = [
        say(language, "message.count", count=counts[s], severity=sentences(language)[f"severity.{s}"])
        for s in reversed(SEVERITIES)
        if counts[s]
    ]
    return say(language, "message.more", more=len(rest), counts=figure(language, words, "list"))


def _plain(blocks: list[list[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _html(blocks: list[list[str]]) -> str:
    parts = []
    for lines in blocks:
        first, *rest = [html.escape(line) for line in lines]
        parts.append("<br>\n".join([f"<b>{first}</b>", *rest]))
    return "<br>\n<br>\n".join(parts)
