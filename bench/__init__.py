"""Side by side with peers: one file a path, one driver.

    python -m bench                      all paths, full length
    python -m bench order_book           one path
    python -m bench --quick              the subset for CI, goals relaxed by 1.5
    python -m bench --json out.json --markdown out.md

How to add a path: a file `bench/<path>.py` with two names,

    SUBJECT = "D  indicators: ATR, RSI and MACD over 175,200 bars"

    def run(options: Options) -> Iterable[Report]:
        bars = ...                                    # seeded; fewer when options.quick
        yield race(
            "ATR + RSI + MACD",
            [
                Contestant("python", lambda: loop(bars)),
                Contestant("ours", lambda: ours(bars)),
                Contestant("ta-lib", lambda: talib(bars), missing=missing("talib")),
            ],
            [Goal("ours", "ta-lib", at_most=4.0), Goal("ours", "python", at_most=0.2)],
            options=options,
            oracle="python",
            differs=lambda truth, answer: None if close(truth, answer) else "RSI is 0.3 off",
        )

`race` (bench/race.py) checks each answer against the oracle's, then times the contestants in
alternation and judges the goals by the ratio of minima, the worst of the repeats. `Contestant.before`
runs untimed ahead of each timed run (recreate a table, checkpoint). A number that is not a ratio of
two contestants (a percentile, a peak of memory, a lag) is a `Verdict` made by `judge(...)` and put in
a `Report` of the path's own. A peer that is not there is "not run", never a pass. Heavy imports belong
inside `run`: the driver sets the thread limits before it imports a path's dependencies.

Peers whose pins conflict with ours live in `bench/peers/<name>/`: see `bench/peers/__init__.py`.
"""
