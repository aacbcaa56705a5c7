-- The score put before the past: runs over archives and what they found.
CREATE TABLE risk.backtest_score (
    run_id         uuid NOT NULL,
    made_at        timestamptz NOT NULL,
    profile        text NOT NULL,
    limits_version text NOT NULL,
    side           smallint NOT NULL,
    notional_usdt  risk.statistic NOT NULL,
    sources        text[] NOT NULL,
    verdict        text[] NOT NULL,
    PRIMARY KEY (run_id),
    CONSTRAINT side_is_long_or_short CHECK (side IN (-1, 1))
);
COMMENT ON TABLE risk.backtest_score IS 'Runs of the score over archives: one row per run; the same run again changes nothing';
COMMENT ON COLUMN risk.backtest_score.run_id IS 'made from everything that the run was given and found';
COMMENT ON COLUMN risk.backtest_score.made_at IS 'when it was stored, UTC';
COMMENT ON COLUMN risk.backtest_score.profile IS 'profile of the limits';
COMMENT ON COLUMN risk.backtest_score.limits_version IS 'limits by which it was judged: table limits';
COMMENT ON COLUMN risk.backtest_score.side IS 'of the hypothetical positions: 1 long, -1 short';
COMMENT ON COLUMN risk.backtest_score.notional_usdt IS 'USDT; of the hypothetical positions and exits';
COMMENT ON COLUMN risk.backtest_score.sources IS 'names of the files';
COMMENT ON COLUMN risk.backtest_score.verdict IS 'what it comes to, in words';

CREATE TABLE risk.backtest_score_level (
    run_id         uuid NOT NULL,
    bars           text NOT NULL,
    level          text NOT NULL,
    evaluations    integer NOT NULL,
    share          risk.statistic,
    median_1h      risk.statistic,
    worst_5pct_1h  risk.statistic,
    median_24h     risk.statistic,
    worst_5pct_24h risk.statistic,
    event_share    risk.statistic,
    PRIMARY KEY (run_id, bars, level),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_level IS 'What followed each level in a run: one row per run, group of bars and level';
COMMENT ON COLUMN risk.backtest_score_level.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_level.bars IS '"all", "15-minute bars" or "hourly bars"';
COMMENT ON COLUMN risk.backtest_score_level.level IS 'reported level';
COMMENT ON COLUMN risk.backtest_score_level.evaluations IS 'how many were at this level';
COMMENT ON COLUMN risk.backtest_score_level.share IS 'share of scored time, fraction';
COMMENT ON COLUMN risk.backtest_score_level.median_1h IS 'median fall of the next hour, fraction, 0 or below; NULL: no evaluation';
COMMENT ON COLUMN risk.backtest_score_level.worst_5pct_1h IS 'fall of the next hour that one evaluation in twenty exceeded, fraction';
COMMENT ON COLUMN risk.backtest_score_level.median_24h IS 'median fall of the next 24 h, fraction';
COMMENT ON COLUMN risk.backtest_score_level.worst_5pct_24h IS 'fall of the next 24 h that one evaluation in twenty exceeded, fraction';
COMMENT ON COLUMN risk.backtest_score_level.event_share IS 'share followed by a fall of more than 5 % within 24 h, fraction';

CREATE TABLE risk.backtest_score_area (
    run_id    uuid NOT NULL,
    bars      text NOT NULL,
    ranked_by text NOT NULL,
    value     risk.statistic,
    low       risk.statistic,
    high      risk.statistic,
    rows      integer NOT NULL,
    events    integer NOT NULL,
    less_low  risk.statistic,
    less_high risk.statistic,
    PRIMARY KEY (run_id, bars, ranked_by),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_area IS 'How well the score and each baseline rank the falls: one row per run, group of bars and ranking';
COMMENT ON COLUMN risk.backtest_score_area.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_area.bars IS '"all", "15-minute bars" or "hourly bars"';
COMMENT ON COLUMN risk.backtest_score_area.ranked_by IS '"score", "atr", "ewma" or "garch"';
COMMENT ON COLUMN risk.backtest_score_area.value IS 'area under the ROC curve, 0 to 1';
COMMENT ON COLUMN risk.backtest_score_area.low IS 'lower end of its 95 % interval, by resampled weeks';
COMMENT ON COLUMN risk.backtest_score_area.high IS 'upper end of that interval';
COMMENT ON COLUMN risk.backtest_score_area.rows IS 'evaluations ranked';
COMMENT ON COLUMN risk.backtest_score_area.events IS 'of them followed by a fall of more than 5 % within 24 h';
COMMENT ON COLUMN risk.backtest_score_area.less_low IS 'lower end of the 95 % interval of the scores area minus this one; NULL: the score itself';
COMMENT ON COLUMN risk.backtest_score_area.less_high IS 'upper end of that interval';

CREATE TABLE risk.backtest_score_crash (
    run_id        uuid NOT NULL,
    crash         text NOT NULL,
    symbol        text NOT NULL,
    bar_s         integer NOT NULL,
    fall_at       timestamptz NOT NULL,
    fall          risk.statistic NOT NULL,
    first_high    timestamptz,
    first_extreme timestamptz,
    was_high      boolean NOT NULL,
    lead_s        risk.statistic,
    cost_high     risk.statistic,
    cost_fall     risk.statistic,
    PRIMARY KEY (run_id, crash, symbol, bar_s),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_crash IS 'Past crashes in a run: one row per run, crash, symbol and length of bars';
COMMENT ON COLUMN risk.backtest_score_crash.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_crash.crash IS 'its name';
COMMENT ON COLUMN risk.backtest_score_crash.symbol IS 'exchange symbol';
COMMENT ON COLUMN risk.backtest_score_crash.bar_s IS 'seconds between evaluations';
COMMENT ON COLUMN risk.backtest_score_crash.fall_at IS 'close of the bar with the largest fall, UTC';
COMMENT ON COLUMN risk.backtest_score_crash.fall IS 'that fall from close to close, fraction, 0 or below';
COMMENT ON COLUMN risk.backtest_score_crash.first_high IS 'first evaluation at high or above, UTC; NULL: never';
COMMENT ON COLUMN risk.backtest_score_crash.first_extreme IS 'first evaluation at extreme, UTC; NULL: never';
COMMENT ON COLUMN risk.backtest_score_crash.was_high IS 'whether the window began at high or above';
COMMENT ON COLUMN risk.backtest_score_crash.lead_s IS 'seconds from the first high to the largest fall; below 0: it came after';
COMMENT ON COLUMN risk.backtest_score_crash.cost_high IS 'what an exit at the first high would have paid, fraction of mid';
COMMENT ON COLUMN risk.backtest_score_crash.cost_fall IS 'what an exit at the largest fall would have paid, fraction of mid';

CREATE TABLE risk.backtest_score_position (
    run_id            uuid NOT NULL,
    crash             text NOT NULL,
    symbol            text NOT NULL,
    side              smallint NOT NULL,
    leverage          risk.statistic NOT NULL,
    entry_price       risk.statistic NOT NULL,
    liquidation_price risk.statistic,
    liquidated_at     timestamptz,
    warned_at         timestamptz,
    critical_at       timestamptz,
    level_at          timestamptz,
    PRIMARY KEY (run_id, crash, symbol, side, leverage),
    CONSTRAINT side_is_long_or_short CHECK (side IN (-1, 1)),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_position IS 'Hypothetical positions in past crashes: one row per run, crash, symbol and leverage';
COMMENT ON COLUMN risk.backtest_score_position.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_position.crash IS 'its name';
COMMENT ON COLUMN risk.backtest_score_position.symbol IS 'exchange symbol';
COMMENT ON COLUMN risk.backtest_score_position.side IS '1 long, -1 short';
COMMENT ON COLUMN risk.backtest_score_position.leverage IS 'notional over the isolated wallet at the entry';
COMMENT ON COLUMN risk.backtest_score_position.entry_price IS 'USDT per coin';
COMMENT ON COLUMN risk.backtest_score_position.liquidation_price IS 'USDT per coin; NULL: none above zero';
COMMENT ON COLUMN risk.backtest_score_position.liquidated_at IS 'close of the bar that reached it, UTC; NULL: it survived';
COMMENT ON COLUMN risk.backtest_score_position.warned_at IS 'first warning of its distance, UTC; NULL: never';
COMMENT ON COLUMN risk.backtest_score_position.critical_at IS 'first critical alert of its distance, UTC; NULL: never';
COMMENT ON COLUMN risk.backtest_score_position.level_at IS 'first reported level of high or above, UTC; NULL: never';
