-- Strategies side by side: studies of their returns.
CREATE TABLE risk.strategy_study (
    studied_at            timestamptz NOT NULL,
    period                text NOT NULL,
    first_at              timestamptz NOT NULL,
    last_at               timestamptz NOT NULL,
    strategies            integer NOT NULL,
    members               integer NOT NULL,
    basis                 text NOT NULL,
    mean_recent           risk.statistic,
    recent_pairs          integer NOT NULL,
    diversification_ratio risk.statistic,
    effective_bets        risk.statistic,
    PRIMARY KEY (studied_at, period),
    CONSTRAINT period_is_known CHECK (period IN ('1d', '1h')),
    CONSTRAINT correlation_lies_within_one CHECK (mean_recent BETWEEN -1 AND 1)
);
COMMENT ON TABLE risk.strategy_study IS 'What the strategies'' returns said together: one row per study and period';
COMMENT ON COLUMN risk.strategy_study.studied_at IS 'when it was computed, UTC';
COMMENT ON COLUMN risk.strategy_study.period IS '"1d" or "1h": of the returns';
COMMENT ON COLUMN risk.strategy_study.first_at IS 'end of the first period, UTC';
COMMENT ON COLUMN risk.strategy_study.last_at IS 'end of the last period, UTC';
COMMENT ON COLUMN risk.strategy_study.strategies IS 'how many have a return in it';
COMMENT ON COLUMN risk.strategy_study.members IS 'of them in the book: with a return in the last 30 days and enough common periods';
COMMENT ON COLUMN risk.strategy_study.basis IS 'covariance behind the contributions: "ledoit-wolf", "sample", or empty: none';
COMMENT ON COLUMN risk.strategy_study.mean_recent IS 'mean correlation of the pairs of the book over the last 30 days; NULL: unknown';
COMMENT ON COLUMN risk.strategy_study.recent_pairs IS 'how many pairs that is';
COMMENT ON COLUMN risk.strategy_study.diversification_ratio IS 'sum of weighted sigmas over the sigma of the book, at least 1 for a book of longs; NULL: unknown';
COMMENT ON COLUMN risk.strategy_study.effective_bets IS 'independent bets that the book amounts to; NULL: unknown';

CREATE TABLE risk.strategy_share (
    studied_at   timestamptz NOT NULL,
    period       text NOT NULL,
    strategy     text NOT NULL,
    place        integer NOT NULL,
    cluster      integer NOT NULL,
    periods      integer NOT NULL,
    sigma        risk.statistic,
    weight       risk.statistic NOT NULL,
    contribution risk.statistic,
    reason       text NOT NULL,
    PRIMARY KEY (studied_at, period, strategy),
    CONSTRAINT the_study_is_known FOREIGN KEY (studied_at, period) REFERENCES risk.strategy_study
);
COMMENT ON TABLE risk.strategy_share IS 'Whose the risk is: one row per study, period and strategy';
COMMENT ON COLUMN risk.strategy_share.studied_at IS 'strategy_study';
COMMENT ON COLUMN risk.strategy_share.period IS 'strategy_study';
COMMENT ON COLUMN risk.strategy_share.strategy IS 'name given by the trader';
COMMENT ON COLUMN risk.strategy_share.place IS 'in the heat map, from 0; relatives side by side';
COMMENT ON COLUMN risk.strategy_share.cluster IS 'group of relatives that join above a correlation of 0.7, from 0 along the places';
COMMENT ON COLUMN risk.strategy_share.periods IS 'with a return; the others are missing, not 0';
COMMENT ON COLUMN risk.strategy_share.sigma IS 'of a period''s return, fraction; NULL: too few periods';
COMMENT ON COLUMN risk.strategy_share.weight IS 'share of the capital of the book, fraction; 0: not in the book';
COMMENT ON COLUMN risk.strategy_share.contribution IS 'share of the risk of the book, fraction, below 0 for a hedge; NULL: not in the book';
COMMENT ON COLUMN risk.strategy_share.reason IS 'empty, or why it is not in the book';

CREATE TABLE risk.strategy_pair (
    studied_at timestamptz NOT NULL,
    period     text NOT NULL,
    first      text NOT NULL,
    second     text NOT NULL,
    overlap    integer NOT NULL,
    sample     risk.statistic,
    shrunk     risk.statistic,
    ewma       risk.statistic,
    stressed   risk.statistic,
    PRIMARY KEY (studied_at, period, first, second),
    CONSTRAINT the_study_is_known FOREIGN KEY (studied_at, period) REFERENCES risk.strategy_study,
    CONSTRAINT names_are_in_order CHECK (first < second),
    CONSTRAINT correlations_lie_within_one CHECK (GREATEST(abs(sample), abs(shrunk), abs(ewma), abs(stressed)) <= 1)
);
COMMENT ON TABLE risk.strategy_pair IS 'How two strategies move together: one row per study, period and pair, the first name below the second';
COMMENT ON COLUMN risk.strategy_pair.studied_at IS 'strategy_study';
COMMENT ON COLUMN risk.strategy_pair.period IS 'strategy_study';
COMMENT ON COLUMN risk.strategy_pair.first IS 'a strategy';
COMMENT ON COLUMN risk.strategy_pair.second IS 'another one';
COMMENT ON COLUMN risk.strategy_pair.overlap IS 'periods that both have';
COMMENT ON COLUMN risk.strategy_pair.sample IS 'correlation over the common periods; NULL, here and below: insufficient overlap';
COMMENT ON COLUMN risk.strategy_pair.shrunk IS 'correlation by Ledoit-Wolf shrinkage over the periods that the whole book has';
COMMENT ON COLUMN risk.strategy_pair.ewma IS 'correlation with weights that halve every 30 days';
COMMENT ON COLUMN risk.strategy_pair.stressed IS 'correlation over the worst tenth of the periods of the book';
