"""Was the value at risk true? Tests of its exceptions, and scores that rank forecasts.

VaR and ES are positive numbers for losses, one per bar and made before it; an exception is a bar whose
loss (−return) is larger than its VaR. Hits are arrays of 1 (exception) and 0; NaN is a bar without a
return or without a forecast and is left out, never counted as a good bar. P-values come from the
asymptotic distributions of the papers named. Users reach these names through `risk.value_at_risk`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from risk.recurrence import Series, series

YEAR = 250  # bars of the Basle framework
YELLOW_FROM, RED_FROM = 0.95, 0.9999  # of the binomial distribution
MULTIPLIERS = {5: 3.4, 6: 3.5, 7: 3.65, 8: 3.75, 9: 3.85}


@dataclass(frozen=True, slots=True)
class Test:
    """A statistic and its p-value; 1 is no evidence against the forecasts."""

    __test__: ClassVar[bool] = False  # for pytest: this is not a case

    statistic: float
    p_value: float


class Zone(StrEnum):
    """Zones of the Basle traffic light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def hits(returns: ArrayLike, var: ArrayLike) -> Series:
    """1 where the loss is larger than VaR, 0 where not, NaN where return or VaR is missing.

    >>> hits([-0.03, -0.02, 0.01, float("nan")], [0.02, 0.02, 0.02, 0.02]).tolist()
    [1.0, 0.0, 0.0, nan]

    Raises:
        ValueError: the arrays differ in length.
    """
    moves, limits = _alike(returns, var)
    return np.where(np.isfinite(moves) & np.isfinite(limits), (-moves > limits).astype(np.float64), np.nan)


def kupiec(exceptions: int, observations: int, probability: float) -> Test:
    """Proportion of failures: is the rate of exceptions the promised one? χ² with 1 degree of freedom.

    Without any exception the statistic is −2·n·ln(1 − p), with nothing but exceptions −2·n·ln p.
    Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models", J. of
    Derivatives 3(2), 73–84.

    >>> round(kupiec(0, 255, 0.01).statistic, 3)  # −2 · 255 · ln 0.99
    5.126

    Raises:
        ValueError: no observation, more exceptions than observations, or probability outside 0…1.
    """
    _check_probability(probability)
    if observations < 1 or not 0 <= exceptions <= observations:
        raise ValueError(f"{exceptions} exceptions in {observations} observations")
    promised = _log_likelihood(exceptions, observations, probability)
    return _likelihood_ratio(_highest(exceptions, observations) - promised, 1)


def christoffersen(hits: ArrayLike, probability: float) -> tuple[Test, Test]:
    """(independence, conditional coverage): do exceptions come in runs; and is their rate right besides?

    First-order Markov alternative over the transitions between neighbouring bars: n − 1 of them, fewer
    where there are gaps; χ² with 1 degree of freedom. Conditional coverage adds Kupiec's statistic over
    all n bars (as rugarch does); 2 degrees. Without an exception, or with nothing else, runs cannot be
    told: independence is (0, 1) and conditional coverage has the rate's statistic alone.
    Christoffersen (1998), "Evaluating interval forecasts", Int. Economic Review 39, 841–862.

    Raises:
        ValueError: no transition, a hit that is neither 0, 1 nor NaN, or probability outside 0…1.
    """
    _check_probability(probability)
    values = _checked_hits(hits)
    before, after = values[:-1], values[1:]
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        raise ValueError("no two bars follow one another")
    was, now = before[both] > 0.0, after[both] > 0.0
    n, stormy = len(was), int(was.sum())
    after_calm, after_stormy = int((now & ~was).sum()), int((now & was).sum())
    free = _highest(after_calm, n - stormy) + _highest(after_stormy, stormy)
    independence = _likelihood_ratio(free - _highest(after_calm + after_stormy, n), 1)
    judged = values[np.isfinite(values)]
    rate = kupiec(int(judged.sum()), len(judged), probability)
    statistic = rate.statistic + independence.statistic
    return independence, Test(statistic, chi_squared_tail(statistic, 2))


def _highest(exceptions: int, observations: int) -> float:
    """Largest log-likelihood that any rate gives; 0 without observations."""
    return _log_likelihood(exceptions, observations, exceptions / observations) if observations else 0.0


def _log_likelihood(exceptions: int, observations: int, probability: float) -> float:
    """ln of p^x · (1 − p)^(n − x), with 0 · ln 0 = 0."""
    calm = observations - exceptions
    answer = exceptions * math.log(probability) if exceptions else 0.0
    return answer + (calm * math.log1p(-probability) if calm else 0.0)


def _likelihood_ratio(gain: float, degrees: int) -> Test:
    statistic = max(2.0 * gain, 0.0)
    return Test(statistic, chi_squared_tail(statistic, degrees))


def traffic_light(exceptions: int, observations: int = YEAR, level: float = 0.99) -> Zone:
    """Zone of the Basle framework: for 250 days at 99 % yellow from 5 exceptions, red from 10.

    For other lengths and levels by the framework's own rule: yellow where that many or fewer would occur
    with probability 95 % under a true VaR, red from 99.99 %. Basle Committee (January 1996),
    "Supervisory framework for the use of backtesting", tables 1 and 2.

    Raises:
        ValueError: no observation, exceptions outside 0…observations, or level outside 0…1.
    """
    _check_probability(level)
    if observations < 1 or not 0 <= exceptions <= observations:
        raise ValueError(f"{exceptions} exceptions in {observations} observations")
    share = _binomial_cdf(exceptions, observations, 1.0 - level)
    if share < YELLOW_FROM:
        return Zone.GREEN
    return Zone.YELLOW if share < RED_FROM else Zone.RED


def _binomial_cdf(exceptions: int, observations: int, probability: float) -> float:
    if exceptions == observations:
        return 1.0
    ratio = math.log(probability) - math.log1p(-probability)
    term, terms = observations * math.log1p(-probability), []
    for k in range(exceptions + 1):
        terms.append(math.exp(term))
        term += math.log((observations - k) / (k + 1)) + ratio
    return min(math.fsum(terms), 1.0)


def basel_multiplier(exceptions: int) -> float:
    """Multiplier of the capital charge for that many exceptions in 250 days at 99 %: 3 to 4.

    >>> [basel_multiplier(n) for n in (0, 4, 5, 9, 10)]
    [3.0, 3.0, 3.4, 3.85, 4.0]

    Raises:
        ValueError: exceptions below 0.
    """
    if exceptions < 0:
        raise ValueError(f"exceptions {exceptions} below 0")
    return MULTIPLIERS.get(exceptions, 3.0 if exceptions < 5 else 4.0)


def dynamic_quantile(returns: ArrayLike, var: ArrayLike, level: float, lags: int = 4) -> Test:
    """Can the next exception be foreseen from the last ones or from the VaR itself?

    Regresses hit − p on a constant, `lags` hits before and the VaR: hit'X(X'X)⁺X'hit / (p(1 − p)), χ² with
    rank X degrees of freedom (lags + 2, fewer where columns repeat one another, as without any
    exception or with a constant VaR). Bars whose lags are missing are left out.
    Engle & Manganelli (2004), "CAViaR", J. of Business & Economic Statistics 22, 367–381.

    Raises:
        ValueError: fewer complete bars than lags + 2, lags below 0, lengths differ, level outside 0…1.
    """
    _check_probability(level)
    if lags < 0:
        raise ValueError(f"lags {lags} below 0")
    probability = 1.0 - level
    limits = series(var)
    centred = hits(returns, limits) - probability
    rows = max(len(centred) - lags, 0)
    columns = [
        np.ones(rows),
        *(centred[lags - k : len(centred) - k] for k in range(1, lags + 1)),
        limits[lags:],
    ]
    design, answer = np.column_stack([column[:rows] for column in columns]), centred[lags:]
    whole = np.isfinite(design).all(axis=1) & np.isfinite(answer)
    design, answer = design[whole], answer[whole]
    if len(answer) < lags + 2:
        raise ValueError(f"{len(answer)} complete bars, {lags + 2} needed")
    explained, rank = _explained(design, answer)
    return Test(explained / (probability * level), chi_squared_tail(explained / (probability * level), rank))


def _explained(design: Series, answer: Series) -> tuple[float, int]:
    """(sum of squares that the columns explain, their rank); the first column is the constant.

    The others are measured from their means in units of their spread, so that a column which does not
    vary, or repeats another, is found by its eigenvalue.
    """
    design[:, 1:] -= design[:, 1:].mean(axis=0)
    spread = np.sqrt(np.mean(design**2, axis=0))
    design /= np.where(spread > 1e-12, spread, np.inf)
    values, vectors = np.linalg.eigh(design.T @ design / len(answer))
    kept = values > 1e-9
    projected = vectors[:, kept].T @ (design.T @ answer)
    return float(projected @ (projected / values[kept])) / len(answer), int(kept.sum())


def acerbi_szekely_z2(returns: ArrayLike, var: ArrayLike, es: ArrayLike, level: float) -> float:
    """Z2 of the expected shortfall: 0 is expected, below 0 the losses beyond VaR were worse than told.

    1 + mean(hit · return / ES) / (1 − level). For heavy tails and 250 bars below −0.7 happens one time in
    twenty, below −1.8 one in ten thousand, nearly whatever the distribution. Without an exception it is 1.
    Acerbi & Szekely (2014), "Back-testing expected shortfall", Risk (December), eq. 6 and table 4.

    Raises:
        ValueError: no complete bar, an ES that is not above 0, lengths differ, level outside 0…1.
    """
    moves, limits, shortfalls = _judged(returns, var, es, level)
    beyond = np.where(-moves > limits, moves / shortfalls, 0.0)
    return 1.0 + float(beyond.mean()) / (1.0 - level)


def quantile_score(returns: ArrayLike, var: ArrayLike, level: float) -> float:
    """Mean pinball loss of the quantile −VaR, in the returns' unit; smaller is better.

    (p − [r < q]) · (r − q) with q = −VaR, p = 1 − level. Koenker & Bassett (1978); Gneiting (2011), JASA
    106, 746–762.

    >>> round(quantile_score([-0.03, 0.01], [0.02, 0.02], 0.95), 6)
    0.0055

    Raises:
        ValueError: no complete bar, lengths differ, level outside 0…1.
    """
    moves, limits = _judged(returns, var, None, level)[:2]
    over = moves + limits
    return float(np.mean(np.where(over < 0.0, (-level) * over, (1.0 - level) * over)))


def fz0_score(returns: ArrayLike, var: ArrayLike, es: ArrayLike, level: float) -> float:
    """Mean FZ0 loss of VaR and ES together; smaller is better, differences do not depend on the unit.

    [loss > VaR]·(loss − VaR)/(p·ES) + VaR/ES + ln ES − 1 with p = 1 − level. Fissler & Ziegel (2016), Annals
    of Statistics 44, 1680–1707, in the form of Patton, Ziegel & Chen (2019), J. of Econometrics 211, eq. 6.

    Raises:
        ValueError: no complete bar, an ES that is not above 0, lengths differ, level outside 0…1.
    """
    moves, limits, shortfalls = _judged(returns, var, es, level)
    excess = np.maximum(-moves - limits, 0.0) / ((1.0 - level) * shortfalls)
    return float(np.mean(excess + limits / shortfalls + np.log(shortfalls) - 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Everything that is told of one method at one level. `zone` is that of the last 250 bars."""

    level: float
    observations: int
    exceptions: int
    rate: float
    kupiec: Test
    independence: Test
    conditional: Test
    dynamic_quantile: Test
    zone: Zone
    zones: dict[Zone, int]  # how many of the rolling 250-bar windows stood in each
    z2: float | None  # None where an ES is not above 0: neither this nor FZ0 is defined there
    quantile_score: float
    fz0_score: float | None

    def has_failed(self, p_value: float = 0.01) -> bool:
        """True when the rate of exceptions, their independence or both together are rejected at `p_value`."""
        return min(t.p_value for t in (self.kupiec, self.independence, self.conditional)) < p_value


def backtest(returns: ArrayLike, var: ArrayLike, es: ArrayLike, level: float) -> Backtest:
    """All tests and scores of one path of forecasts; bars without return or forecast are left out.

    Raises:
        ValueError: fewer than 6 judged bars, no two in a row, lengths differ, or level outside 0…1.
    """
    _check_probability(level)
    shortfalls = series(es)
    found = hits(returns, np.where(np.isfinite(shortfalls), series(var), np.nan))
    is_loss = not (shortfalls[np.isfinite(found)] <= 0.0).any()
    judged = found[np.isfinite(found)]
    if not len(judged):
        raise ValueError("no bar has both a return and a forecast")
    count = int(judged.sum())
    independence, conditional = christoffersen(found, 1.0 - level)
    recent = judged[-YEAR:]
    return Backtest(
        level=level,
        observations=len(judged),
        exceptions=count,
        rate=count / len(judged),
        kupiec=kupiec(count, len(judged), 1.0 - level),
        independence=independence,
        conditional=conditional,
        dynamic_quantile=dynamic_quantile(returns, var, level),
        zone=traffic_light(int(recent.sum()), len(recent), level),
        zones=rolling_zones(judged, level),
        z2=acerbi_szekely_z2(returns, var, es, level) if is_loss else None,
        quantile_score=quantile_score(returns, var, level),
        fz0_score=fz0_score(returns, var, es, level) if is_loss else None,
    )


def rolling_zones(hits: ArrayLike, level: float = 0.99, window: int = YEAR) -> dict[Zone, int]:
    """How many windows of `window` judged bars stand in each zone; all 0 where there is none as long.

    Raises:
        ValueError: a hit that is neither 0, 1 nor NaN, window below 1, level outside 0…1.
    """
    _check_probability(level)
    if window < 1:
        raise ValueError(f"window {window} below 1")
    values = _checked_hits(hits)
    total = np.concatenate(([0.0], np.cumsum(values[np.isfinite(values)])))
    counts = (total[window:] - total[:-window]).astype(np.int64) if len(total) > window else np.zeros(0, int)
    found = dict.fromkeys(Zone, 0)
    for exceptions, windows in zip(*np.unique(counts, return_counts=True), strict=True):
        found[traffic_light(int(exceptions), window, level)] += int(windows)
    return found


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """Probability that χ² with whole degrees of freedom exceeds the statistic.

    Abramowitz & Stegun 26.4.4 and 26.4.5: a finite sum, plus erfc for odd degrees.

    >>> round(chi_squared_tail(3.841458821, 1), 6), round(chi_squared_tail(5.991464547, 2), 6)
    (0.05, 0.05)

    Raises:
        ValueError: degrees below 1, or a negative statistic.
    """
    if degrees < 1 or not statistic >= 0.0:
        raise ValueError(f"statistic {statistic} with {degrees} degrees of freedom")
    half = statistic / 2.0
    power = 0.5 if degrees % 2 else 0.0
    answer = math.erfc(math.sqrt(half)) if degrees % 2 else 0.0
    while power < degrees / 2.0 and half > 0.0:
        answer += math.exp(power * math.log(half) - half - math.lgamma(power + 1.0))
        power += 1.0
    return min(answer, 1.0) if half > 0.0 else 1.0


def _checked_hits(hits: ArrayLike) -> Series:
    values = series(hits)
    if not np.isin(values[np.isfinite(values)], (0.0, 1.0)).all() or np.isinf(values).any():
        raise ValueError("a hit is 1, 0 or NaN")
    return values


def _judged(
    returns: ArrayLike, var: ArrayLike, es: ArrayLike | None, level: float
) -> tuple[Series, Series, Series]:
    """Returns, VaR and ES of the complete bars."""
    _check_probability(level)
    moves, limits = _alike(returns, var)
    shortfalls = np.ones(len(moves)) if es is None else _alike(returns, es)[1]
    whole = np.isfinite(moves) & np.isfinite(limits) & np.isfinite(shortfalls)
    if not whole.any():
        raise ValueError("no bar has both a return and a forecast")
    if not (shortfalls[whole] > 0.0).all():
        raise ValueError("an expected shortfall is not above 0")
    return moves[whole], limits[whole], shortfalls[whole]


def _alike(first: ArrayLike, second: ArrayLike) -> tuple[Series, Series]:
    one, other = series(first), series(second)
    if len(one) != len(other):
        raise ValueError(f"lengths differ: {len(one)}, {len(other)}")
    return one, other


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability} is not between 0 and 1")
