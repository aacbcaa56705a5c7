"""The words and tables of a backtest of value at risk: which methods hold, in each language."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from risk.backtests import Backtest
from risk.catalogue import figure, say
from risk.chapters import Chapter, Grid
from risk.var_study import ALIKE, Agreement, Study
from risk.var_words import COLUMNS

FAILS_BELOW = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A study with what it was made from."""

    study: Study
    book: dict[str, float]
    sources: tuple[str, ...]
    agreement: Agreement


def title(told: Told, language: str) -> str:
    """What was judged: a symbol, or a book by its weights."""
    weights = list(told.book.items())
    if len(weights) == 1 and weights[0][1] == 1.0:
        name = weights[0][0]
    else:
        name = ", ".join(f"{symbol} {weight:+g}" for symbol, weight in weights)
    return say(language, "backtest.var.title", name=figure(language, name, "text"))


def chapters(told: Told, language: str) -> tuple[Chapter, ...]:
    """Verdict, tests, and how the forecasts were made; the pictures come between."""
    tell = partial(_say, language)
    return (
        Chapter(tell("verdict.heading"), verdict(told.study, language), (), "verdict"),
        Chapter(tell("tests.heading"), (tell("tests.words"),), (tests(told.study, language),), "tests"),
        Chapter(tell("fits.heading"), tuple(fits(told, language)), (), "fits"),
    )


def verdict(study: Study, language: str) -> tuple[str, ...]:
    """Per level the methods that hold, the best of them, and why the others fail."""
    words: list[str] = []
    tell = partial(_say, language)
    for level in study.plan.levels:
        own = {m: t for (m, at), t in study.tests.items() if at == level}
        good = [m for m, t in own.items() if not t.has_failed(FAILS_BELOW)]
        scored = {m: own[m].fz0_score for m in good if own[m].fz0_score is not None}
        figures = {"level": percent(level), "count": str(len(good)), "all": str(len(own))}
        if good:
            best = min(scored, key=lambda m: scored[m] or 0.0) if scored else good[0]
            names = figure(language, [name(m, language) for m in good], "list")
            words.append(tell("verdict.holds", names=names, best=name(best, language), **figures))
        elif own:
            words.append(tell("verdict.none", **figures))
        words += [_why(own[m], m, language) for m in own if m not in good]
        lacking = [m for m, at in study.unjudged if at == level]
        if lacking:
            names = figure(language, [name(m, language) for m in lacking], "list")
            words.append(tell("verdict.unjudged", names=names, **figures))
    return tuple(words)


def _why(test: Backtest, method: str, language: str) -> str:
    """The test with the smallest p-value, and the count of exceptions."""
    named = {"kupiec": test.kupiec, "independence": test.independence, "conditional": test.conditional}
    worst = min(named, key=lambda key: named[key].p_value)
    return _say(
        language, "verdict.fails", name=name(method, language), level=percent(test.level),
        exceptions=str(test.exceptions), expected=f"{test.observations * (1.0 - test.level):.0f}",
        test=_say(language, f"column.{worst}"), p=f"{named[worst].p_value:.4f}",
    )  # fmt: skip


def tests(study: Study, language: str) -> Grid:
    """One row per method and level."""
    rows = [
        _row(method, level, study.tests.get((method, level)), language)
        for level in study.plan.levels
        for method in study.plan.methods
    ]
    return Grid(tuple(_say(language, f"column.{column}") for column in COLUMNS), tuple(rows))


def _row(method: str, level: float, test: Backtest | None, language: str) -> tuple[str, ...]:
    first = (name(method, language), percent(level))
    if test is None:
        return (*first, *("–",) * (len(COLUMNS) - 3), _say(language, "said.unjudged"))
    p_values = (test.kupiec, test.independence, test.conditional, test.dynamic_quantile)
    return (
        *first, f"{test.observations:,}", str(test.exceptions),
        f"{test.observations * (1.0 - level):.1f}", f"{100.0 * test.rate:.2f} %",
        *(f"{one.p_value:.3f}" for one in p_values), _say(language, f"zone.{test.zone}"), _or_dash(test.z2),
        f"{1e4 * test.quantile_score:.3f}", _or_dash(test.fz0_score),
        _say(language, "said.fails" if test.has_failed(FAILS_BELOW) else "said.holds"),
    )  # fmt: skip


def fits(told: Told, language: str) -> Iterable[str]:
    """Windows and refits, the fitter that was used, and how it stands beside arch."""
    tell, study, found = partial(_say, language), told.study, told.agreement
    plan = study.plan
    yield tell("fits.plan", window=f"{plan.window:,}", refit=str(plan.refit_every), bars=plan.interval)
    if not study.fits:
        yield tell("fits.none")
    else:
        yield tell("fits.fitter", fits=f"{study.fits:,}")
        if not found.checked:
            yield tell("fits.unasked")
        elif math.isnan(found.worst):
            yield tell("fits.unchecked", checked=f"{found.checked:,}")
        else:
            which = "fits.agreement" if found.holds else "fits.disagreement"
            below, above = (f"{gain:.2g}" if gain > 0.0 else "0" for gain in (-found.worst, found.best))
            yield tell(which, checked=f"{found.checked:,}", below=below, above=above, limit=f"{ALIKE:.0e}")
        if found.on_bound:
            yield tell("fits.bound", count=str(found.on_bound))
    for reason, count in study.refused.items():
        yield tell("fits.refused", count=f"{count:,}", reason=figure(language, reason, "text"))


def name(method: str, language: str) -> str:
    """A method in words."""
    return say(language, f"method.{method}")


def percent(level: float) -> str:
    """A level as percent.

    >>> percent(0.99)
    '99 %'
    """
    return f"{100.0 * level:g} %"


def _say(language: str, key: str, /, **figures: str) -> str:
    return say(language, f"backtest.var.{key}", **figures)


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
