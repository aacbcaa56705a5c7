"""Path I: shrinkage, correlation with gaps, and all that is told of a set of strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.race import Contestant, Goal, Options, Report, missing, race

SUBJECT = "I  correlation of 200 columns over 1,000 days: Ledoit-Wolf, gaps, everything"

COLUMNS, DAYS, GAPS = 200, 1_000, 0.05


def run(options: Options) -> Iterator[Report]:
    import numpy as np

    rng = np.random.default_rng(9)
    columns = 60 if options.quick else COLUMNS  # for the loop of pairs only
    whole = rng.normal(0.0, 0.01, (DAYS, COLUMNS)) @ rng.normal(0.0, 0.3, (COLUMNS, COLUMNS))
    holes = np.where(rng.random(whole.shape) < GAPS, np.nan, whole)
    longer = replace(options, rounds=max(options.rounds, 7))  # a run takes milliseconds
    yield race(
        f"Ledoit-Wolf, {COLUMNS} x {DAYS:,}",
        [
            Contestant("day by day", lambda: _plain_shrunk(whole)),
            Contestant("ours", lambda: _ours_shrunk(whole)),
            Contestant("scikit-learn ledoit_wolf", lambda: _scikit(whole), missing=missing("sklearn")),
        ],
        [Goal("ours", "scikit-learn ledoit_wolf", at_most=0.8), Goal("ours", "day by day", at_most=0.2)],
        options=longer,
        oracle="day by day",
        differs=_differs,
    )
    yield race(
        f"pairwise correlation, {GAPS:.0%} missing",
        [
            Contestant("pandas corr", lambda: _pandas(holes), missing=missing("pandas")),
            Contestant("ours", lambda: _sample(holes)),
        ],
        [Goal("ours", "pandas corr", at_most=1 / 5)],
        options=longer,
        oracle="pandas corr",
        differs=_differs,
    )
    yield race(
        "everything: sample, shrunk, ewma, stressed, contributions, bets, order",
        [
            Contestant("one pandas corr", lambda: _pandas(holes), missing=missing("pandas")),
            Contestant("ours", lambda: _everything(whole)),
        ],
        [Goal("ours", "one pandas corr", at_most=0.4)],
        options=longer,
        oracle="one pandas corr",
        differs=lambda truth, answer: None,  # each part is checked above and in the tests
    )
    yield race(
        f"pair by pair, {columns} columns",
        [
            Contestant("Series.corr of each pair", lambda: _pairs(holes[:, :columns])),
            Contestant("ours", lambda: _sample(holes[:, :columns])),
        ],
        [Goal("ours", "Series.corr of each pair", at_most=1 / 20)],
        options=replace(options, rounds=1),
        oracle="Series.corr of each pair",
        differs=_differs,
    )


def _differs(truth: Any, answer: Any) -> str | None:
    import numpy as np

    worst = float(np.abs(np.asarray(truth) - np.asarray(answer)).max())
    scale = float(np.abs(np.asarray(truth)).max())
    return None if worst <= 1e-10 * scale else f"off by {worst:.3g}"


def _plain_shrunk(values: Any) -> Any:
    """Ledoit & Wolf (2004), lemmas 3.1 to 3.4."""
    import numpy as np

    n, p = values.shape
    x = values - values.mean(axis=0)
    s = x.T @ x / n
    m = np.trace(s) / p
    distance = ((s - m * np.eye(p)) ** 2).sum() / p
    spread = min(sum(((np.outer(day, day) - s) ** 2).sum() for day in x) / (p * n**2), distance)
    return spread / distance * m * np.eye(p) + (1.0 - spread / distance) * s


def _ours_shrunk(values: Any) -> Any:
    from risk.correlation import shrunk

    return shrunk(values)


def _scikit(values: Any) -> Any:
    from sklearn.covariance import ledoit_wolf

    return ledoit_wolf(values)[0]


def _sample(values: Any) -> Any:
    from risk.correlation import sample

    return sample(values).correlation


def _pandas(values: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(values).corr().to_numpy()


def _pairs(values: Any) -> Any:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(values)
    answer = np.eye(values.shape[1])
    for i in range(values.shape[1]):
        for j in range(i):
            answer[i, j] = answer[j, i] = frame[i].corr(frame[j])
    return answer


def _everything(values: Any) -> Any:
    import numpy as np

    from risk import correlation as of

    weights = np.ones(values.shape[1])
    found, smooth = of.sample(values), of.shrunk(values)
    return (
        found,
        of.ewma(values, 30.0),
        of.stressed(values, 0.10),
        of.risk_contributions(weights, smooth),
        of.diversification_ratio(weights, smooth),
        of.effective_bets(weights, smooth),
        of.cluster_order(found.correlation),
    )
