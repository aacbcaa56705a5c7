"""`make validate`: docs/validation.md and its pages from a folder of archives, the same digits every time.

python -m risk.runtime.validate ../shared/data docs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from rich.console import Console

from risk import limits, var_study
from risk.adapters import closes, pages, score_page
from risk.backtests import Backtest, Zone
from risk.calibration import chained, chapter
from risk.chapters import Chapter, Grid, markdown
from risk.errors import RiskError
from risk.runtime.backtest_score import Wish, replayed
from risk.score_findings import Findings
from risk.score_report import chapters
from risk.tracks import Track
from risk.var_forecasts import METHODS, Method
from risk.var_study import Agreement

HEAD = """# Validation

Written by `make validate` from recorded markets; do not edit. It says what the score and value at risk
were worth in the past, good or bad. The full tables stand in the pages beside it: {pages}.

Short: {short}

Value at risk: {var}
"""
VAR_WORDS = (
    "Windows of 2,000 hours or 500 days, refit every 24 hours or 7 days. A method fails where Kupiec's or "
    "one of Christoffersen's p is below 0.01; the dynamic quantile test (DQ) is shown and does not "
    "decide. Zones: percent of the rolling windows of 250 bars that were green, yellow and red. Z2 is 0 "
    "where ES is right and below where losses were worse; FZ0 ranks methods of one symbol, bars and "
    "level, smaller is better. Over 30,000 hours a small fault is refused as surely as a large one: "
    "exceptions beside expected say which it is."
)
VAR_HEAD = (
    "symbol", "bars", "method", "level", "judged", "exceptions", "expected", "Kupiec p", "independence p",
    "conditional p", "DQ p", "zones %", "Z2", "FZ0", "verdict",
)  # fmt: skip
SYMBOLS, INTERVALS = ("BTCUSDT", "ETHUSDT"), ("1h", "1d")
CHECKS = 12  # windows of each series that arch fits as well

Tests = dict[tuple[str, str, Method, float], Backtest]
"""By length of bars, symbol, method and level."""
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
    var = value_at_risk(archive)
    body = [
        HEAD.format(
            pages=", ".join(f"[{name}](validation/{name})" for name in names),
            short=" ".join(chapters(found)[0].words[:4]),
            var=" ".join(words for words in var.words if words.startswith("At 99 %")),
        ),
        "## The score, profile `default`\n",
        markdown(chapters(found), depth=3),
        "## The score, profile `seed`\n",
        markdown(_short(seed), depth=3),
        markdown([chapter(folds), var]),
    ]
    (docs / "validation.md").write_text("\n".join(body).rstrip() + "\n", encoding="utf-8")


def value_at_risk(archive: Path) -> Chapter:
    """Six methods on four series, each bar forecast from the bars before it.

    Raises:
        DataError: a series is missing or too short.
    """
    tests: Tests = {}
    rows: list[tuple[str, ...]] = []
    checks: list[Agreement] = []
    fits = 0
    for interval, symbol in product(INTERVALS, SYMBOLS):
        panel, _ = closes.of_folder(archive, (symbol,), interval)
        returns, plan = panel.returns()[:, 0], var_study.PLANS[interval]
        study = var_study.study(panel.open_at, returns, plan)
        tests |= {(interval, symbol, *key): test for key, test in study.tests.items()}
        rows += [_row(interval, symbol, method, test) for (method, _), test in study.tests.items()]
        checks.append(var_study.agreement(returns, plan, CHECKS))
        fits += study.fits
    words = (VAR_WORDS, *_holding(tests), _fitted(fits, checks))
    return Chapter("Value at risk", words, (Grid(VAR_HEAD, tuple(rows)),))


def _row(interval: str, symbol: str, method: str, test: Backtest) -> tuple[str, ...]:
    p_values = (test.kupiec, test.independence, test.conditional, test.dynamic_quantile)
    windows = sum(test.zones.values()) or 1
    zones = "/".join(f"{100 * test.zones[zone] / windows:.0f}" for zone in Zone)
    scores = ("–" if score is None else f"{score:.3f}" for score in (test.z2, test.fz0_score))
    return (
        symbol, interval, method, f"{100 * test.level:g} %", f"{test.observations:,}", str(test.exceptions),
        f"{test.observations * (1 - test.level):.0f}", *(f"{one.p_value:.3f}" for one in p_values), zones,
        *scores, "fails" if test.has_failed() else "holds",
    )  # fmt: skip


def _holding(tests: Tests) -> Iterator[str]:
    """Per length of bars and level: which methods hold for every symbol, and which for some."""
    for interval, level in product(INTERVALS, (0.95, 0.99)):
        held = {
            method: [s for s in SYMBOLS if _holds(tests.get((interval, s, method, level)))]
            for method in METHODS
        }
        every = [method for method, symbols in held.items() if len(symbols) == len(SYMBOLS)]
        some = [f"{m} for {', '.join(s)} alone" for m, s in held.items() if 0 < len(s) < len(SYMBOLS)]
        told = f"{', '.join(every) or 'no method'} {'holds' if len(every) < 2 else 'hold'} for both symbols"
        yield f"At {100 * level:g} %, {interval}: {'; '.join([told, *some])}."


def _holds(test: Backtest | None) -> bool:
    return test is not None and not test.has_failed()


def _fitted(fits: int, checks: Sequence[Agreement]) -> str:
    """Which fitter was used, and whether arch agrees."""
    checked, bound, below = (
        sum(getattr(one, name) for one in checks) for name in ("checked", "on_bound", "below")
    )
    agree = "none is" if not below else f"{below} are"
    return (
        f"GJR-GARCH-t: {fits:,} fits by risk/garch_fast.py (analytic gradient). Of {checked} windows that "
        f"arch fitted as well, {bound} ended beyond arch's own bound of persistence 1 and do not compare; "
        f"of the others {agree} more than {var_study.ALIKE:.0e} of log-likelihood below arch's."
    )


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
