"""`make validate`: docs/validation.md and its pages from a folder of archives, the same digits every time.

python -m risk.runtime.validate ../shared/data docs
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from rich.console import Console

from risk import limits, var_study
from risk.adapters import closes, pages, score_page
from risk.calibration import chained, chapter
from risk.chapters import Chapter, Grid, markdown
from risk.errors import RiskError
from risk.runtime.backtest_score import Wish, replayed
from risk.runtime.backtest_var import lines
from risk.score_findings import Findings
from risk.score_report import chapters
from risk.tracks import Track

HEAD = """# Validation

Written by `make validate` from recorded markets; do not edit. It says what the score was worth in the past,
good or bad. The full tables stand in the pages beside it: {pages}.

Short: {short}
"""
VAR_WORDS = (
    "Windows of 2,000 hours or 500 days, refit every 24 hours or 7 days. A method fails where Kupiec's or "
    "Christoffersen's p is below 0.01."
)
LEVERAGES = (5.0, 10.0, 20.0)
NOTIONAL_USDT = 100_000.0


def main(arguments: Sequence[str]) -> int:
    """Write everything; the exit status."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m risk.runtime.validate ARCHIVES DOCS\n")
        return 2
    try:
        write(Path(arguments[0]), Path(arguments[1]), Console(stderr=True))
    except (RiskError, OSError) as cause:
        sys.stderr.write(f"failed: {cause}\n")
        return 1
    return 0


def write(archive: Path, docs: Path, console: Console) -> None:
    """The pages and the Markdown.

    Raises:
        DataError: an archive that cannot be read.
        OSError: the folder cannot be written to.
    """
    kept: list[Track] = []
    found = replayed(_wish(archive, "default"), console, lambda one: kept.append(one.track))
    seed = replayed(_wish(archive, "seed"), console)
    folds = chained(kept, limits.default())
    names = []
    for one in (found, seed):
        names.append(f"score-{one.profile}.html")
        pages.save(docs / "validation" / names[-1], score_page.page(one))
    body = [
        HEAD.format(
            pages=", ".join(f"[{name}](validation/{name})" for name in names),
            short=" ".join(chapters(found)[0].words[:4]),
        ),
        "## The score, profile `default`\n",
        markdown(chapters(found), depth=3),
        "## The score, profile `seed`\n",
        markdown(_short(seed), depth=3),
        markdown([chapter(folds), value_at_risk(archive)]),
    ]
    (docs / "validation.md").write_text("\n".join(body).rstrip() + "\n", encoding="utf-8")


def value_at_risk(archive: Path) -> Chapter:
    """Six methods on four series, each bar forecast from the bars before it.

    Raises:
        DataError: a series is missing or too short.
    """
    rows = []
    for symbol, interval in product(("BTCUSDT", "ETHUSDT"), ("1h", "1d")):
        panel, _ = closes.of_folder(archive, (symbol,), interval)
        study = var_study.study(panel.open_at, panel.returns()[:, 0], var_study.PLANS[interval])
        for row in lines(study):
            cells = (f"{row[f'{name}_p']:.3f}" for name in ("kupiec", "conditional", "dynamic_quantile"))
            said = "fails" if row["has_failed"] else "holds"
            rows.append(
                (symbol, interval, row["method"], f"{100 * row['level']:g} %", f"{row['observations']:,}",
                 str(row["exceptions"]), f"{row['observations'] * (1 - row['level']):.0f}", *cells,
                 row["zone"], said)
            )  # fmt: skip
    head = ("symbol", "bars", "method", "level", "judged", "exceptions", "expected", "Kupiec p",
            "conditional p", "DQ p", "zone", "verdict")  # fmt: skip
    return Chapter("Value at risk", (VAR_WORDS,), (Grid(head, tuple(rows)),))


def _short(found: Findings) -> tuple[Chapter, ...]:
    return tuple(c for c in chapters(found) if c.name in ("verdict", "levels", "ranking"))


def _wish(archive: Path, profile: str) -> Wish:
    return Wish(
        symbols=(),
        archive=archive,
        limits=limits.from_mapping({}, profile),
        side=1,
        leverages=LEVERAGES if profile == "default" else (),
        notional_usdt=NOTIONAL_USDT,
        html=None,
        json=None,
        keep=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
