"""What the backtest of value at risk says: every sentence that both catalogues must hold."""

from __future__ import annotations

COLUMNS = (
    "method", "level", "judged", "exceptions", "expected", "rate", "kupiec", "independence", "conditional",
    "dq", "zone", "z2", "pinball", "fz0", "verdict",
)  # fmt: skip


def sentences() -> tuple[str, ...]:
    """Names in the group "backtest"."""
    named = (
        "title", "lead", "files", "verdict.heading", "verdict.holds", "verdict.none", "verdict.fails",
        "verdict.unjudged", "tests.heading", "tests.words", "pictures.heading", "pictures.words",
        "pictures.label", "fits.heading", "fits.plan", "fits.fitter", "fits.none", "fits.agreement",
        "fits.disagreement", "fits.unasked", "fits.unchecked", "fits.bound", "fits.refused", "said.holds",
        "said.fails", "said.unjudged", "zone.green", "zone.yellow", "zone.red",
    )  # fmt: skip
    return tuple(f"var.{name}" for name in (*named, *(f"column.{name}" for name in COLUMNS)))
