"""The joint liquidation of a cross account: shock grid and roots, beside the plain loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bench.race import Contestant, Goal, Options, Report, judge, race

if TYPE_CHECKING:
    from risk.margin import Account

SUBJECT = "H  shocks: 101 shocks x 50 cross positions x 12 brackets, and one-sided roots"

TIERS = [
    (0, 0.004), (50e3, 0.005), (600e3, 0.0065), (3e6, 0.01), (12e6, 0.02), (70e6, 0.025),
    (100e6, 0.05), (230e6, 0.1), (480e6, 0.125), (600e6, 0.15), (800e6, 0.25), (1.2e9, 0.5),
]  # fmt: skip


def run(options: Options) -> Iterable[Report]:
    import numpy as np

    from risk.margin import surface

    account, betas, gross = _account()
    shocks = [s / 100 for s in range(-50, 51)]
    pool = surface(account, betas)
    naive = _naive(account, betas)

    yield race(
        "shock grid",
        [
            Contestant("naive", lambda: np.array([naive(s) for s in shocks])),
            Contestant(
                "ours", lambda: (g := pool.grid(shocks)) and np.column_stack((g.equity, g.maintenance))
            ),
        ],
        [Goal("ours", "naive", at_most=1 / 7)],
        options=options,
        oracle="naive",
        differs=lambda truth, answer: (
            None
            if np.allclose(truth, answer, rtol=0, atol=1e-9 * gross)
            else f"off by {np.abs(truth - answer).max()} USDT"
        ),
    )
    yield race(
        "one-sided root",
        [
            Contestant("naive", lambda: [_bisect(naive, -1) for _ in range(20)][-1]),
            Contestant("ours", lambda: [pool.root(-1) for _ in range(20)][-1]),
        ],
        [Goal("ours", "naive", at_most=1 / 7)],
        options=options,
        oracle="naive",
        differs=lambda truth, answer: (
            None
            if answer is not None and math.isclose(truth, answer, rel_tol=1e-9, abs_tol=1e-12)
            else f"{answer} instead of {truth}"
        ),
    )
    count = 2_000
    started = time.process_time()
    for _ in range(count):
        pool.root(-1)
    each = (time.process_time() - started) / count
    yield Report(
        "roots a second",
        # an absolute number: judged at leisure, only shown in the short subset on a busy machine
        verdicts=[] if options.quick else [judge("seconds per root (10,000 a second)", each, 1e-4, options)],
        facts={"roots a second": f"{1 / each:,.0f}"},
    )


def _account() -> tuple[Account, dict[str, float], float]:
    """50 cross positions with full ladders, their betas, and the gross notional in USDT."""
    import numpy as np

    from risk.margin import Account, Bracket, Position

    ladder, cum, last = [], 0.0, 0.0
    for (floor, rate), cap in zip(TIERS, [*(t[0] for t in TIERS[1:]), 1.8e9], strict=True):
        cum += floor * (rate - last)
        last = rate
        ladder.append(Bracket(floor, cap, rate, cum, 1))
    rng = np.random.default_rng(7)
    drawn = zip(rng.normal(20, 20, 50), rng.uniform(10, 60_000, 50), rng.uniform(0.9, 1.1, 50), strict=True)
    held = [Position(f"S{i}", float(q), float(e), float(e * m), ladder) for i, (q, e, m) in enumerate(drawn)]
    gross = sum(abs(p.signed_quantity) * float(p.mark_price) for p in held)
    betas = {p.symbol: float(b) for p, b in zip(held, rng.uniform(0.5, 2.0, 50), strict=True)}
    return Account(gross * 0.30, held), betas, gross


def _naive(account: Account, betas: dict[str, float]) -> Callable[[float], tuple[float, float]]:
    """Equity and maintenance after a shock, one position and one bracket after the other."""

    def after(shock: float) -> tuple[float, float]:
        equity, needed = float(account.wallet), 0.0
        for p in account.positions:
            mark = float(p.mark_price) * max(0.0, 1 + betas[p.symbol] * shock)
            equity += p.signed_quantity * (mark - float(p.entry_price))
            size = abs(p.signed_quantity) * mark
            for bracket in p.brackets:
                if bracket.floor <= size < bracket.cap:
                    needed += size * bracket.rate - bracket.cum
                    break
        return equity, needed

    return after


def _bisect(naive: Callable[[float], tuple[float, float]], direction: int) -> float:
    near, far = 0.0, direction * 0.5
    for _ in range(45):
        middle = (near + far) / 2
        equity, needed = naive(middle)
        near, far = (middle, far) if equity > needed else (near, middle)
    return far
