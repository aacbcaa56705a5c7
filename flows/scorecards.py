"""What a person sees in Prefect after a level has changed."""

from __future__ import annotations

import math
from functools import partial

from prefect.artifacts import create_markdown_artifact

from flows.showing import show
from risk.state import COMPONENTS, DIMENSIONS, LEVELS, Decision, Scores, State


def leave(state: State, decision: Decision) -> None:
    """An artifact for every scope whose reported level is not the one before; nothing otherwise."""
    scores = decision.scores
    for row, scope in enumerate(scores.scopes):
        before = state.memory[scope].level if scope in state.memory else -1
        now = int(scores.level[row])
        if now != before:
            title = f"{scope}: {_name(before)} → {_name(now)}"
            make = partial(
                create_markdown_artifact,
                key=f"level-{''.join(c if c.isalnum() else '-' for c in scope.lower())}",
                description=title,
                markdown=card(scores, row, title, decision),
            )
            show(make)


def card(scores: Scores, row: int, title: str, decision: Decision) -> str:
    """One score row as Markdown: composite, dimensions, components with value and score."""
    lines = [
        f"# {title}",
        "",
        f"At {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC, composite {_number(scores.composite[row], 1)} "
        f"(weighted {_number(scores.weighted[row], 1)}), limits `{decision.limits_version}`.",
        "",
        "| dimension | score |",
        "|---|---|",
        *(
            f"| {name} | {_number(score, 1)} |"
            for name, score in zip(DIMENSIONS, scores.dimensions[row], strict=True)
        ),
        "",
        "| component | value | score |",
        "|---|---|---|",
    ]
    for name, value, score in zip(COMPONENTS, scores.values[row], scores.component_scores[row], strict=True):
        lines.append(f"| {name} | {_number(value, 6)} | {_number(score, 1)} |")
    return "\n".join(lines)


def _name(level: int) -> str:
    return LEVELS[level] if level >= 0 else "none"


def _number(value: float, digits: int) -> str:
    return "unknown" if math.isnan(value) else f"{value:.{digits}f}"
