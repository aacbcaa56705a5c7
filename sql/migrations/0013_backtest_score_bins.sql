-- The rest of what a run of the score over archives finds: reliability by score, false alarms, calm time.
CREATE TABLE risk.backtest_score_bin (
    run_id      uuid NOT NULL,
    low         smallint NOT NULL,
    high        smallint NOT NULL,
    evaluations integer NOT NULL,
    event_share risk.statistic NOT NULL,
    event_low   risk.statistic,
    event_high  risk.statistic,
    PRIMARY KEY (run_id, low),
    CONSTRAINT scores_are_in_order CHECK (low < high),
    CONSTRAINT shares_are_fractions CHECK (event_share BETWEEN 0 AND 1),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_bin IS 'How often a fall followed scores of each ten points: one row per run and ten points';
COMMENT ON COLUMN risk.backtest_score_bin.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_bin.low IS 'lowest score of the class, 0 to 90';
COMMENT ON COLUMN risk.backtest_score_bin.high IS 'where the next class begins; 100 belongs to the last';
COMMENT ON COLUMN risk.backtest_score_bin.evaluations IS 'how many had such a score and a known day ahead';
COMMENT ON COLUMN risk.backtest_score_bin.event_share IS 'share of them followed by a fall of more than 5 % within 24 h, fraction';
COMMENT ON COLUMN risk.backtest_score_bin.event_low IS 'lower end of its 95 % interval, by resampled weeks; NULL: too few weeks';
COMMENT ON COLUMN risk.backtest_score_bin.event_high IS 'upper end of that interval';

CREATE TABLE risk.backtest_score_track (
    run_id      uuid NOT NULL,
    symbol      text NOT NULL,
    bar_s       integer NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    evaluations integer NOT NULL,
    absent      text[] NOT NULL,
    is_garch    risk.statistic NOT NULL,
    rises       integer NOT NULL,
    false_rises integer NOT NULL,
    weeks       risk.statistic NOT NULL,
    PRIMARY KEY (run_id, symbol, bar_s, first_at),
    CONSTRAINT a_false_rise_is_a_rise CHECK (false_rises BETWEEN 0 AND rises),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_track IS 'Stretches of bars that a run judged, and their false alarms: one row per run and stretch';
COMMENT ON COLUMN risk.backtest_score_track.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_track.symbol IS 'exchange symbol';
COMMENT ON COLUMN risk.backtest_score_track.bar_s IS 'seconds between evaluations';
COMMENT ON COLUMN risk.backtest_score_track.first_at IS 'first evaluation, UTC';
COMMENT ON COLUMN risk.backtest_score_track.last_at IS 'last evaluation, UTC';
COMMENT ON COLUMN risk.backtest_score_track.evaluations IS 'how many';
COMMENT ON COLUMN risk.backtest_score_track.absent IS 'components that the archives cannot give';
COMMENT ON COLUMN risk.backtest_score_track.is_garch IS 'share of evaluations whose forecast came from GARCH, fraction; EWMA made the others';
COMMENT ON COLUMN risk.backtest_score_track.rises IS 'times that the level rose to high or above, the day after being known';
COMMENT ON COLUMN risk.backtest_score_track.false_rises IS 'of them not followed by a fall of more than 5 % within 24 h';
COMMENT ON COLUMN risk.backtest_score_track.weeks IS 'length of all evaluations, weeks';

CREATE TABLE risk.backtest_score_year (
    run_id        uuid NOT NULL,
    symbol        text NOT NULL,
    bar_s         integer NOT NULL,
    first_at      timestamptz NOT NULL,
    year          smallint NOT NULL,
    calm_share    risk.statistic NOT NULL,
    high_share    risk.statistic NOT NULL,
    extreme_share risk.statistic NOT NULL,
    evaluations   integer NOT NULL,
    PRIMARY KEY (run_id, symbol, bar_s, first_at, year),
    CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score
);
COMMENT ON TABLE risk.backtest_score_year IS 'Levels in calm time: one row per run, stretch of bars and year that has calm time';
COMMENT ON COLUMN risk.backtest_score_year.run_id IS 'backtest_score';
COMMENT ON COLUMN risk.backtest_score_year.symbol IS 'exchange symbol';
COMMENT ON COLUMN risk.backtest_score_year.bar_s IS 'seconds between evaluations';
COMMENT ON COLUMN risk.backtest_score_year.first_at IS 'first evaluation of the stretch, UTC: backtest_score_track';
COMMENT ON COLUMN risk.backtest_score_year.year IS 'UTC';
COMMENT ON COLUMN risk.backtest_score_year.calm_share IS 'share of the year''s evaluations in calm weeks, fraction';
COMMENT ON COLUMN risk.backtest_score_year.high_share IS 'share of the calm ones at high or above, fraction';
COMMENT ON COLUMN risk.backtest_score_year.extreme_share IS 'share of the calm ones at extreme, fraction';
COMMENT ON COLUMN risk.backtest_score_year.evaluations IS 'calm ones';

ALTER TABLE risk.backtest_score_crash ADD COLUMN false_a_week risk.statistic;
COMMENT ON COLUMN risk.backtest_score_crash.false_a_week IS 'false alarms of the stretch of bars that it lies in, per week; NULL: an older run';
