"""How strategies (or symbols) move together, and whose the risk is.

Returns are (days, columns) float64 in time order, NaN where a day is missing: never 0. Rows may be hours
as well. `sample`, `ewma` and `stressed` take each pair over the days that both have, `shrunk` the days
that all have. A pair with fewer common days than `fewest` is NaN, which spreads to whatever is made of
it: unknown correlation is not low correlation. Covariances are per day, with n − 1 (`shrunk` with n);
`correlation(…)` brings any of them to −1…1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.errors import DataError
from risk.recurrence import Series, series

Matrix = NDArray[np.float64]

FEWEST = 20  # common days
FEWEST_STRESSED = 10
HALF_LIFE = 30.0  # days
STRESSED_SHARE = 0.10


class Sample(NamedTuple):
    """Sample moments pair by pair; square matrices over the columns."""

    correlation: Matrix
    covariance: Matrix
    overlap: Matrix  # days that both columns have


class Shrunk(NamedTuple):
    """Ledoit–Wolf estimate and the share of it that is the target."""

    covariance: Matrix
    shrinkage: float


def sample(returns: ArrayLike, fewest: int = FEWEST) -> Sample:
    """Correlation and covariance of each pair over its common days; equal to pandas' corr and cov.

    With gaps the matrix need not be positive semi-definite. A column that does not move has no correlation.

    Raises:
        ValueError: not a table, or fewest below 2.
    """
    table = _table(returns, fewest)
    present = np.isfinite(table)
    if present.all():
        n = np.full((table.shape[1],) * 2, float(len(table)))
        centred = _centred(table)
        products = centred.T @ centred
        variances = np.broadcast_to(np.diag(products)[:, np.newaxis], products.shape)
    else:
        n, products, variances = _pairwise(table, present)
    unknown = n < fewest
    covariance = np.where(unknown, np.nan, products / np.maximum(n - 1.0, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = products / np.sqrt(variances * variances.T)
    known = ~unknown & (variances > 0.0) & (variances.T > 0.0)
    correlation = np.where(known, np.clip(ratio, -1.0, 1.0), np.nan)
    np.fill_diagonal(correlation, np.where(np.diag(known), 1.0, np.nan))
    return Sample(correlation, covariance, n)


def _pairwise(table: Matrix, present: NDArray[np.bool_]) -> tuple[Matrix, Matrix, Matrix]:
    """(common days, centred cross products, centred squares of the row's column) of each pair.

    Four matrix products; each column is first centred on its own mean, so that little cancels.
    """
    there = present.astype(np.float64)
    filled = _centred(table, there)
    small = present.astype(np.float32)  # counts below 2²⁴ are exact in it
    n = (small.T @ small).astype(np.float64)
    sums = filled.T @ there  # of the row's column over the days of the pair
    common = np.maximum(n, 1.0)
    products = filled.T @ filled - sums * sums.T / common
    squares = np.square(filled, out=filled).T @ there
    variances = squares - sums * sums / common
    return n, products, np.where(variances > 1e-12 * squares, variances, 0.0)


def shrunk(returns: ArrayLike, fewest: int = FEWEST) -> Matrix:
    """Ledoit–Wolf covariance over the days that all columns have; equal to scikit-learn's `ledoit_wolf`.

    Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices",
    J. of Multivariate Analysis 88, 365–411: towards the mean variance times the identity. Divides by n.

    Raises:
        DataError: fewer than `fewest` complete days.
        ValueError: not a table, or fewest below 2.
    """
    return ledoit_wolf(returns, fewest).covariance


def ledoit_wolf(returns: ArrayLike, fewest: int = FEWEST) -> Shrunk:
    """`shrunk` together with its shrinkage, 0…1.

    The sum of fourth moments Σ_ij Σ_t x²_ti x²_tj is that of the days' squared norms, so one matrix product
    is enough.

    Raises:
        DataError: fewer than `fewest` complete days.
        ValueError: not a table, or fewest below 2.
    """
    table = _table(returns, fewest)
    present = np.isfinite(table)
    complete = table if present.all() else table[present.all(axis=1)]
    n, columns = complete.shape
    if n < fewest:
        raise DataError(f"{n} days on which all have a return, {fewest} needed")
    centred = _centred(complete)
    empirical = centred.T @ centred / n
    mean = float(np.trace(empirical)) / columns
    squared = float(np.vdot(empirical, empirical))
    norms = np.einsum("ti,ti->t", centred, centred)
    spread = (float(norms @ norms) / n - squared) / (columns * n)
    distance = (squared - columns * mean**2) / columns
    spread = min(spread, distance)
    shrinkage = spread / distance if columns > 1 and spread > 0.0 else 0.0
    empirical *= 1.0 - shrinkage
    empirical[np.diag_indices(columns)] += shrinkage * mean
    return Shrunk(empirical, shrinkage)


def ewma(returns: ArrayLike, half_life: float = HALF_LIFE, fewest: int = FEWEST) -> Matrix:
    """Covariance with weights that halve every `half_life` days, as of the last row.

    Per pair over its common days, means weighted alike, unbiased: equal to the last of pandas'
    `ewm(halflife=…).cov()`. A missing day ages the others, too.

    Raises:
        ValueError: half_life not above 0, not a table, or fewest below 2.
    """
    if not half_life > 0.0:
        raise ValueError(f"half-life {half_life} is not above 0")
    table = _table(returns, fewest)
    weight = 0.5 ** (np.arange(len(table) - 1.0, -1.0, -1.0) / half_life)
    present = np.isfinite(table)
    if present.all():
        centred = _centred(table)
        one = np.ones((table.shape[1],) * 2)
        total, squares, n = weight.sum() * one, (weight @ weight) * one, len(table) * one
        sums = (weight @ centred)[:, np.newaxis] * one
    else:
        there = present.astype(np.float64)
        centred = _centred(table, there)
        seen = weight[:, np.newaxis] * there
        total, squares, n = seen.T @ there, seen.T @ seen, there.T @ there
        sums = centred.T @ seen
    root = np.sqrt(weight)[:, np.newaxis] * centred
    with np.errstate(divide="ignore", invalid="ignore"):
        biased = root.T @ root / total - (sums / total) * (sums.T / total)
        unbiased = biased * (total**2 / (total**2 - squares))
    return np.where(n < fewest, np.nan, unbiased)


def stressed(returns: ArrayLike, share: float = STRESSED_SHARE, fewest: int = FEWEST_STRESSED) -> Matrix:
    """Covariance over the worst `share` of the days, judged by the equal-weighted mean of all columns.

    The mean of a day is over the columns that have it; a day without any is no day. The number of worst
    days is rounded up, ties go to the earlier one.

    Raises:
        DataError: fewer than `fewest` worst days.
        ValueError: share outside 0…1, not a table, or fewest below 2.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share {share} is not within 0…1")
    table = _table(returns, fewest)
    present = np.isfinite(table)
    counts = present.sum(axis=1)
    days = table[counts > 0]
    means = np.where(present, table, 0.0).sum(axis=1)[counts > 0] / counts[counts > 0]
    worst = math.ceil(share * len(days) - 1e-9)
    if worst < fewest:
        raise DataError(f"{worst} days are the worst {share:.0%} of {len(days)}, {fewest} needed")
    return sample(days[np.sort(np.argsort(means, kind="stable")[:worst])], fewest).covariance


def correlation(covariance: ArrayLike) -> Matrix:
    """The covariance brought to −1…1; NaN where it is unknown or a column does not move.

    >>> correlation([[4.0, 3.0], [3.0, 9.0]]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]

    Raises:
        ValueError: not square.
    """
    matrix = _square(covariance)
    variance = np.diag(matrix)
    sigma = np.sqrt(np.where(variance > 0.0, variance, np.nan))
    answer = np.clip(matrix / np.outer(sigma, sigma), -1.0, 1.0)
    np.fill_diagonal(answer, np.where(np.isfinite(sigma), 1.0, np.nan))
    return np.asarray(answer)


def mean_pairwise(correlation: ArrayLike) -> float | None:
    """Mean over the known pairs; None where no pair is known.

    >>> mean_pairwise([[1.0, 0.5, float("nan")], [0.5, 1.0, 0.1], [float("nan"), 0.1, 1.0]])
    0.3

    Raises:
        ValueError: not square.
    """
    matrix = _square(correlation)
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    known = pairs[np.isfinite(pairs)]
    return float(known.mean()) if len(known) else None


def risk_contributions(weights: ArrayLike, covariance: ArrayLike) -> Series:
    """Share of each column in the book's variance, w·(Σw)/w'Σw (Euler); sums to 1, below 0 for a hedge.

    >>> risk_contributions([1.0, 1.0], [[1.0, 0.0], [0.0, 3.0]]).tolist()
    [0.25, 0.75]

    Raises:
        DataError: a needed covariance is unknown, or the book has no risk to share.
        ValueError: shapes that do not fit.
    """
    w, matrix, variance = _book(weights, covariance)
    return np.asarray(w * (matrix @ w) / variance)


def diversification_ratio(weights: ArrayLike, covariance: ArrayLike) -> float:
    """Σ |w|·σ over the book's σ: 1 when all move as one, √n for n equal independent ones.

    Choueifaty & Coignard (2008), "Toward maximum diversification", J. of Portfolio Management 35(1), 40–51.

    Raises:
        DataError: as `risk_contributions`.
        ValueError: shapes that do not fit.
    """
    w, matrix, variance = _book(weights, covariance)
    return float(np.abs(w) @ np.sqrt(np.diag(matrix)) / math.sqrt(variance))


def effective_bets(weights: ArrayLike, covariance: ArrayLike) -> float:
    """How many independent bets the book amounts to: exp of the entropy of its principal bets' risk shares.

    Between 1 and the number of held columns. Meucci (2009), "Managing diversification", Risk 22(5), 74–79.

    Raises:
        DataError: as `risk_contributions`.
        ValueError: shapes that do not fit.
    """
    w, matrix, variance = _book(weights, covariance)
    values, vectors = np.linalg.eigh(matrix)
    shares = (vectors.T @ w) ** 2 * np.maximum(values, 0.0) / variance
    shares = shares[shares > 0.0] / shares.sum()
    return float(np.exp(-shares @ np.log(shares)))


def cluster_order(correlation: ArrayLike) -> NDArray[np.intp]:
    """Order of the columns in which relatives stand side by side, for a heat map.

    Average-linkage clustering by √(½(1 − ρ)) (Mantegna 1999, Eur. Phys. J. B 11, 193–197, up to a factor).
    An unknown pair counts as farthest apart, so that it never joins two groups.

    Raises:
        ValueError: not square.
    """
    matrix = _square(correlation)
    if len(matrix) < 3:
        return np.arange(len(matrix))
    from scipy.cluster.hierarchy import leaves_list  # heavy: only for the heat map

    return np.asarray(leaves_list(_tree(matrix)), dtype=np.intp)


def clusters(correlation: ArrayLike, least: float) -> NDArray[np.intp]:
    """Group of each column: relatives that join, in the tree of `cluster_order`, above a correlation.

    Groups are numbered from 0 as they follow each other in that order.

    >>> clusters([[1.0, 0.9, 0.0], [0.9, 1.0, 0.1], [0.0, 0.1, 1.0]], 0.7).tolist() in ([0, 0, 1], [1, 1, 0])
    True

    Raises:
        ValueError: not square, or `least` outside −1…1.
    """
    matrix = _square(correlation)
    if not -1.0 <= least <= 1.0:
        raise ValueError(f"a correlation of {least} does not exist")
    if len(matrix) < 2:
        return np.zeros(len(matrix), dtype=np.intp)
    from scipy.cluster.hierarchy import fcluster

    found = fcluster(_tree(matrix), math.sqrt(0.5 * (1.0 - least)), criterion="distance")
    numbers: dict[int, int] = {}
    for place in cluster_order(matrix):
        numbers.setdefault(int(found[place]), len(numbers))
    return np.array([numbers[int(group)] for group in found], dtype=np.intp)


def _tree(matrix: Matrix) -> Matrix:
    """Joins of the average-linkage clustering of two columns or more, as scipy's `linkage` has them."""
    from scipy.cluster.hierarchy import linkage

    known = np.where(np.isfinite(matrix), np.clip(matrix, -1.0, 1.0), -1.0)
    distance = np.sqrt(0.5 * (1.0 - known[np.triu_indices(len(matrix), 1)]))
    return np.asarray(linkage(distance, method="average"))


def _table(returns: ArrayLike, fewest: int) -> Matrix:
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or fewest < 2:
        raise ValueError(f"returns of {table.ndim} dimensions (2 needed), fewest {fewest} (at least 2)")
    return table


def _centred(table: Matrix, there: Matrix | None = None) -> Matrix:
    """Each column less its mean, 0 where missing; 0 throughout for a column that does not move."""
    if there is None:
        mean = table.mean(axis=0) if len(table) else np.zeros(table.shape[1])
        answer = table - mean
    else:
        answer = np.where(there != 0.0, table, 0.0)
        mean = answer.sum(axis=0) / np.maximum(there.sum(axis=0), 1.0)
        answer -= mean
        answer *= there
    squares = np.einsum("ti,ti->i", answer, answer)
    still = squares <= (1e-14 * mean) ** 2 * len(table)
    if still.any():
        answer[:, still] = 0.0
    return answer


def _square(matrix: ArrayLike) -> Matrix:
    array = np.asarray(matrix, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"a square matrix is needed, not {array.shape}")
    return array


def _book(weights: ArrayLike, covariance: ArrayLike) -> tuple[Series, Matrix, float]:
    """(weights, covariance with the columns not held at 0, variance of the book)."""
    w, matrix = series(weights), _square(covariance)
    if len(w) != len(matrix):
        raise ValueError(f"{len(w)} weights for {len(matrix)} columns")
    held = w != 0.0
    matrix = np.where(np.outer(held, held), matrix, 0.0)
    if not (np.isfinite(matrix).all() and np.isfinite(w).all()):
        raise DataError("the covariance of two held columns is unknown")
    variance = float(w @ matrix @ w)
    gross = float(np.abs(w) @ np.sqrt(np.maximum(np.diag(matrix), 0.0)))
    if not variance > 1e-18 * gross**2:
        raise DataError("the book has no risk to share")
    return w, matrix, variance
