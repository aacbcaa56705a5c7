"""Contestants in alternation, equality before speed, goals as ratios of minima."""

from __future__ import annotations

import gc
import importlib.util
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

CLOCKS: dict[str, Callable[[], float]] = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How long to run. `slack` multiplies every limit; `repeats` is the worst-of count."""

    quick: bool = False
    rounds: int = 5
    repeats: int = 3
    slack: float = 1.0


QUICK = Options(quick=True, rounds=3, repeats=1, slack=1.5)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to get the answer.

    Attributes:
        run: timed; returns the answer.
        before: untimed, called ahead of every run.
        missing: why it cannot run here; empty when it can.
        known_wrong: it is here to be shown wrong, which is no failure; timed once only.
    """

    name: str
    run: Callable[[], Any]
    before: Callable[[], None] | None = None
    missing: str = ""
    known_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """`name` must take at most `at_most` times what `than` takes."""

    name: str
    than: str
    at_most: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal after the run. `passed` is None when it could not be judged."""

    goal: str
    value: float | None
    limit: float
    passed: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant's times in seconds per run; None where it did not run."""

    name: str
    minimum: float | None
    median: float | None
    note: str = ""


@dataclass(slots=True)
class Report:
    """What one race (or one measurement) found."""

    title: str
    rows: list[Row] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)  # anything else worth a line
    unit: str = "run"
    units: int = 1  # a run handles this many units; times are printed per unit
    clock: str = "cpu"


def missing(module: str) -> str:
    """Why the module cannot be used; empty when it can be imported."""
    return "" if importlib.util.find_spec(module) else f"{module} is not installed"


def judge(goal: str, value: float | None, at_most: float, options: Options, note: str = "") -> Verdict:
    """Verdict on a number that must not exceed `at_most` (relaxed by the slack); None is "not run"."""
    limit = at_most * options.slack
    return Verdict(goal, value, limit, None if value is None else value <= limit, note)


def race(
    title: str,
    contestants: Sequence[Contestant],
    goals: Iterable[Goal],
    *,
    options: Options,
    oracle: str,
    differs: Callable[[Any, Any], str | None],
    unit: str = "run",
    units: int = 1,
    clock: str = "cpu",
) -> Report:
    """Check every answer against the oracle's, time all in alternation, judge the goals.

    Args:
        oracle: name of the contestant whose answer is the truth; it must be able to run.
        differs: (truth, answer) -> None, or in words what is wrong.
        clock: "cpu" (process time) or "wall".
    """
    present = [c for c in contestants if not c.missing]
    wrong, once = _wrong_answers(present, oracle, differs, CLOCKS[clock])
    times: dict[str, list[list[float]]] = {c.name: [[] for _ in range(options.repeats)] for c in present}
    for contestant in present:
        if contestant.known_wrong and contestant.name in wrong:
            times[contestant.name] = [[once[contestant.name]]]
    racing = [c for c in present if not (c.known_wrong and c.name in wrong)]
    for repeat in range(options.repeats):
        for _ in range(options.rounds):
            for contestant in racing:
                times[contestant.name][repeat].append(_time(contestant, CLOCKS[clock]))
    report = Report(title, unit=unit, units=units, clock=clock)
    for contestant in contestants:
        flat = [t for repeat in times.get(contestant.name, []) for t in repeat]
        note = contestant.missing or wrong.get(contestant.name, "")
        report.rows.append(
            Row(contestant.name, min(flat, default=None), statistics.median(flat) if flat else None, note)
        )
    unfit = {c.name: c.missing for c in contestants if c.missing} | wrong
    report.verdicts = [_verdict(goal, times, unfit, options) for goal in goals]
    for contestant in present:
        if contestant.name in wrong and not contestant.known_wrong:
            report.verdicts.append(
                Verdict(f"{contestant.name} gives the right answer", None, 0.0, False, wrong[contestant.name])
            )
    return report


def _wrong_answers(
    present: Sequence[Contestant],
    oracle: str,
    differs: Callable[[Any, Any], str | None],
    clock: Callable[[], float],
) -> tuple[dict[str, str], dict[str, float]]:
    """(what is wrong, by name; seconds of the one run that showed it)."""
    answers, seconds = {}, {}
    for contestant in present:
        if contestant.before:
            contestant.before()
        start = clock()
        answers[contestant.name] = contestant.run()
        seconds[contestant.name] = clock() - start
    found = {name: differs(answers[oracle], answer) for name, answer in answers.items() if name != oracle}
    return {name: f"wrong: {problem}" for name, problem in found.items() if problem}, seconds


def _time(contestant: Contestant, clock: Callable[[], float]) -> float:
    if contestant.before:
        contestant.before()
    gc.collect()
    start = clock()
    contestant.run()
    return clock() - start


def _verdict(
    goal: Goal, times: dict[str, list[list[float]]], unfit: dict[str, str], options: Options
) -> Verdict:
    words = f"{goal.name} ≤ {goal.at_most:g} × {goal.than}"
    for name in (goal.than, goal.name):
        if name in unfit:
            return Verdict(words, None, goal.at_most * options.slack, None, unfit[name])
    ours, theirs = times[goal.name], times[goal.than]
    worst = max(min(a) / min(b) for a, b in zip(ours, theirs, strict=True))
    pairs = [x / y for a, b in zip(ours, theirs, strict=True) for x, y in zip(a, b, strict=True)]
    return judge(words, worst, goal.at_most, options, f"rounds {min(pairs):.3g} to {max(pairs):.3g}")
