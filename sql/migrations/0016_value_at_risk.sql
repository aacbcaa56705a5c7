-- Value at risk: forecasts, what became of them, which method is in use and whose risk it is.
CREATE TABLE risk.var_forecast (
    scope          text NOT NULL,
    interval       text NOT NULL,
    bar_at         timestamptz NOT NULL,
    method         text NOT NULL,
    made_at        timestamptz NOT NULL,
    fitted_from    timestamptz NOT NULL,
    fitted_through timestamptz NOT NULL,
    fitted_returns integer NOT NULL,
    note           text NOT NULL,
    symbols        text[] NOT NULL,
    weights        double precision[] NOT NULL,
    gross_usdt     risk.statistic,
    var_95         risk.statistic,
    es_95          risk.statistic,
    var_99         risk.statistic,
    es_99          risk.statistic,
    PRIMARY KEY (scope, interval, bar_at, method),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d')),
    CONSTRAINT weights_belong_to_symbols CHECK (cardinality(symbols) = cardinality(weights)),
    CONSTRAINT weights_are_finite CHECK (NOT ('NaN' = ANY (weights) OR 'Infinity' = ANY (weights) OR '-Infinity' = ANY (weights))),
    CONSTRAINT returns_are_counted CHECK (fitted_returns >= 0),
    CONSTRAINT gross_is_not_negative CHECK (gross_usdt >= 0)
);
COMMENT ON TABLE risk.var_forecast IS 'Forecasts of value at risk and expected shortfall: one row per scope, interval, bar and method, made from the bars before it';
COMMENT ON COLUMN risk.var_forecast.scope IS '"BTCUSDT" (one USDT held long), "BTCUSDT/SHORT" (one held short) or "account" (the book of open positions)';
COMMENT ON COLUMN risk.var_forecast.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.var_forecast.bar_at IS 'opening of the bar that is forecast, UTC';
COMMENT ON COLUMN risk.var_forecast.method IS '"historical", "filtered_historical", "normal", "student_t", "ewma" or "gjr_garch_t"';
COMMENT ON COLUMN risk.var_forecast.made_at IS 'when it was computed, UTC; after bar_at where history was filled in';
COMMENT ON COLUMN risk.var_forecast.fitted_from IS 'opening of the first bar whose return was fitted, UTC';
COMMENT ON COLUMN risk.var_forecast.fitted_through IS 'opening of the last one, UTC; later returns only move sigma and the rolling window';
COMMENT ON COLUMN risk.var_forecast.fitted_returns IS 'how many returns were fitted; gaps are left out';
COMMENT ON COLUMN risk.var_forecast.note IS 'why EWMA stood in, or why there is no answer; empty otherwise';
COMMENT ON COLUMN risk.var_forecast.symbols IS 'contracts of the book, or the one symbol';
COMMENT ON COLUMN risk.var_forecast.weights IS 'signed weight of each symbol: 1 or -1, or USDT of notional for the book';
COMMENT ON COLUMN risk.var_forecast.gross_usdt IS 'USDT that the fractions are of: sum of the weights'' sizes; NULL for one USDT, and for a book that is unknown';
COMMENT ON COLUMN risk.var_forecast.var_95 IS 'loss that one bar in twenty exceeds, fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.var_forecast.es_95 IS 'mean loss of the bars that exceed var_95, fraction of gross';
COMMENT ON COLUMN risk.var_forecast.var_99 IS 'loss that one bar in a hundred exceeds, fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.var_forecast.es_99 IS 'mean loss of the bars that exceed var_99, fraction of gross';

CREATE TABLE risk.var_outcome (
    scope     text NOT NULL,
    interval  text NOT NULL,
    bar_at    timestamptz NOT NULL,
    loss      risk.statistic NOT NULL,
    judged_at timestamptz NOT NULL,
    PRIMARY KEY (scope, interval, bar_at),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d'))
);
COMMENT ON TABLE risk.var_outcome IS 'What bars that had been forecast really lost: one row per scope, interval and bar';
COMMENT ON COLUMN risk.var_outcome.scope IS 'as in var_forecast';
COMMENT ON COLUMN risk.var_outcome.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.var_outcome.bar_at IS 'opening of the bar, UTC';
COMMENT ON COLUMN risk.var_outcome.loss IS 'fraction of gross, below 0 is a gain; the book''s at the weights of its forecast';
COMMENT ON COLUMN risk.var_outcome.judged_at IS 'when the bar was in, UTC';

CREATE TABLE risk.var_share (
    interval         text NOT NULL,
    bar_at           timestamptz NOT NULL,
    level            risk.statistic NOT NULL,
    symbol           text NOT NULL,
    made_at          timestamptz NOT NULL,
    method           text NOT NULL,
    notional_usdt    risk.statistic NOT NULL,
    total_usdt       risk.statistic NOT NULL,
    marginal         risk.statistic,
    component_usdt   risk.statistic NOT NULL,
    incremental_usdt risk.statistic NOT NULL,
    PRIMARY KEY (interval, bar_at, level, symbol),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d'))
);
COMMENT ON TABLE risk.var_share IS 'Whose the book''s value at risk is, by the method in use: one row per interval, bar, level and symbol';
COMMENT ON COLUMN risk.var_share.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.var_share.bar_at IS 'opening of the bar that is forecast, UTC';
COMMENT ON COLUMN risk.var_share.level IS '0.95 or 0.99';
COMMENT ON COLUMN risk.var_share.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.var_share.made_at IS 'when it was computed, UTC';
COMMENT ON COLUMN risk.var_share.method IS 'as in var_forecast';
COMMENT ON COLUMN risk.var_share.notional_usdt IS 'USDT, signed: long above 0';
COMMENT ON COLUMN risk.var_share.total_usdt IS 'USDT; VaR of the whole book, the sum of the components';
COMMENT ON COLUMN risk.var_share.marginal IS 'change of the VaR in USDT per USDT of notional';
COMMENT ON COLUMN risk.var_share.component_usdt IS 'USDT; notional times marginal';
COMMENT ON COLUMN risk.var_share.incremental_usdt IS 'USDT; total less the VaR of the book without the symbol; below 0 for a hedge';

CREATE TABLE risk.latest_var_verdict (
    scope          text NOT NULL,
    interval       text NOT NULL,
    method         text NOT NULL,
    judged_at      timestamptz NOT NULL,
    judged_from    timestamptz,
    judged_through timestamptz,
    observations   integer NOT NULL,
    exceptions     integer NOT NULL,
    kupiec_p       risk.statistic,
    independence_p risk.statistic,
    conditional_p  risk.statistic,
    zone           text,
    has_failed     boolean NOT NULL,
    reason         text NOT NULL,
    PRIMARY KEY (scope, interval, method),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d')),
    CONSTRAINT exceptions_are_observations CHECK (exceptions BETWEEN 0 AND observations),
    CONSTRAINT zone_is_a_colour CHECK (zone IN ('green', 'yellow', 'red'))
);
COMMENT ON TABLE risk.latest_var_verdict IS 'How each method did over the last bars at 99 %: one row per scope, interval and method, renewed with every bar';
COMMENT ON COLUMN risk.latest_var_verdict.scope IS 'as in var_forecast';
COMMENT ON COLUMN risk.latest_var_verdict.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.latest_var_verdict.method IS 'as in var_forecast';
COMMENT ON COLUMN risk.latest_var_verdict.judged_at IS 'when, UTC';
COMMENT ON COLUMN risk.latest_var_verdict.judged_from IS 'opening of the first judged bar, UTC; NULL: none';
COMMENT ON COLUMN risk.latest_var_verdict.judged_through IS 'opening of the last judged bar, UTC; NULL: none';
COMMENT ON COLUMN risk.latest_var_verdict.observations IS 'bars with a forecast and a return';
COMMENT ON COLUMN risk.latest_var_verdict.exceptions IS 'bars that lost more than their VaR at 99 %';
COMMENT ON COLUMN risk.latest_var_verdict.kupiec_p IS 'p-value of the rate of exceptions, 0 to 1; NULL: too few bars';
COMMENT ON COLUMN risk.latest_var_verdict.independence_p IS 'p-value of Christoffersen''s independence, 0 to 1; NULL: too few bars';
COMMENT ON COLUMN risk.latest_var_verdict.conditional_p IS 'p-value of Christoffersen''s conditional coverage, 0 to 1; NULL: too few bars';
COMMENT ON COLUMN risk.latest_var_verdict.zone IS 'Basle traffic light of the last 250 bars: "green", "yellow" or "red"; NULL: too few bars';
COMMENT ON COLUMN risk.latest_var_verdict.has_failed IS 'below 0.01 in one of the tests, and not back at 0.05 in all of them since';
COMMENT ON COLUMN risk.latest_var_verdict.reason IS 'why it has failed or is not judged; empty when it is good';

CREATE TABLE risk.latest_var (
    scope             text NOT NULL,
    interval          text NOT NULL,
    computed_at       timestamptz NOT NULL,
    bar_at            timestamptz NOT NULL,
    method            text NOT NULL,
    method_since      timestamptz NOT NULL,
    reason            text NOT NULL,
    note              text NOT NULL,
    gross_usdt        risk.statistic,
    var_95            risk.statistic,
    es_95             risk.statistic,
    var_99            risk.statistic,
    es_99             risk.statistic,
    closed_at         timestamptz,
    closed_method     text,
    closed_var_99     risk.statistic,
    closed_loss       risk.statistic,
    closed_gross_usdt risk.statistic,
    PRIMARY KEY (scope, interval),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d'))
);
COMMENT ON TABLE risk.latest_var IS 'The value at risk in force by the method in use, and how the newest judged bar went: one row per scope and interval';
COMMENT ON COLUMN risk.latest_var.scope IS 'as in var_forecast';
COMMENT ON COLUMN risk.latest_var.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.latest_var.computed_at IS 'when, UTC';
COMMENT ON COLUMN risk.latest_var.bar_at IS 'opening of the bar that is forecast, UTC';
COMMENT ON COLUMN risk.latest_var.method IS 'in use; as in var_forecast';
COMMENT ON COLUMN risk.latest_var.method_since IS 'since when it is in use, UTC';
COMMENT ON COLUMN risk.latest_var.reason IS 'why the methods before it in the chain are not in use; empty for the first';
COMMENT ON COLUMN risk.latest_var.note IS 'of the forecast: why EWMA stood in, or why there is no answer';
COMMENT ON COLUMN risk.latest_var.gross_usdt IS 'USDT that the fractions are of; NULL for one USDT, and for a book that is unknown';
COMMENT ON COLUMN risk.latest_var.var_95 IS 'fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.latest_var.es_95 IS 'fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.latest_var.var_99 IS 'fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.latest_var.es_99 IS 'fraction of gross; NULL: no answer';
COMMENT ON COLUMN risk.latest_var.closed_at IS 'opening of the newest bar with a forecast and a return, UTC; NULL: none yet';
COMMENT ON COLUMN risk.latest_var.closed_method IS 'method in use for that bar';
COMMENT ON COLUMN risk.latest_var.closed_var_99 IS 'its forecast, fraction of gross';
COMMENT ON COLUMN risk.latest_var.closed_loss IS 'what it lost, fraction of gross; below 0 is a gain';
COMMENT ON COLUMN risk.latest_var.closed_gross_usdt IS 'USDT that these two are of; NULL for a symbol';

CREATE TABLE risk.var_switch (
    scope         text NOT NULL,
    interval      text NOT NULL,
    switched_at   timestamptz NOT NULL,
    method_before text NOT NULL,
    method        text NOT NULL,
    reason        text NOT NULL,
    PRIMARY KEY (scope, interval, switched_at),
    CONSTRAINT interval_is_hour_or_day CHECK (interval IN ('1h', '1d'))
);
COMMENT ON TABLE risk.var_switch IS 'Changes of the method in use, with the reason';
COMMENT ON COLUMN risk.var_switch.scope IS 'as in var_forecast';
COMMENT ON COLUMN risk.var_switch.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.var_switch.switched_at IS 'when, UTC';
COMMENT ON COLUMN risk.var_switch.method_before IS 'in use until then';
COMMENT ON COLUMN risk.var_switch.method IS 'in use since';
COMMENT ON COLUMN risk.var_switch.reason IS 'why the methods before it in the chain are not in use; empty when the first came back';

CREATE VIEW risk.var_exception AS
SELECT
    f.scope,
    f.interval,
    f.bar_at,
    f.method,
    o.loss,
    f.var_95,
    f.es_95,
    f.var_99,
    f.es_99,
    o.loss > f.var_99 AS is_beyond_99,
    f.gross_usdt,
    f.made_at
FROM risk.var_forecast AS f
JOIN risk.var_outcome AS o ON o.scope = f.scope AND o.interval = f.interval AND o.bar_at = f.bar_at
WHERE o.loss > f.var_95 OR o.loss > f.var_99;
COMMENT ON VIEW risk.var_exception IS 'Bars that lost more than a method said: one row per scope, interval, bar and method';
COMMENT ON COLUMN risk.var_exception.scope IS 'as in var_forecast';
COMMENT ON COLUMN risk.var_exception.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.var_exception.bar_at IS 'opening of the bar, UTC';
COMMENT ON COLUMN risk.var_exception.method IS 'as in var_forecast';
COMMENT ON COLUMN risk.var_exception.loss IS 'fraction of gross';
COMMENT ON COLUMN risk.var_exception.var_95 IS 'fraction of gross';
COMMENT ON COLUMN risk.var_exception.es_95 IS 'fraction of gross';
COMMENT ON COLUMN risk.var_exception.var_99 IS 'fraction of gross';
COMMENT ON COLUMN risk.var_exception.es_99 IS 'fraction of gross';
COMMENT ON COLUMN risk.var_exception.is_beyond_99 IS 'whether it lost more than var_99 too';
COMMENT ON COLUMN risk.var_exception.gross_usdt IS 'USDT that the fractions are of; NULL for one USDT';
COMMENT ON COLUMN risk.var_exception.made_at IS 'when the forecast was computed, UTC';
