-- Rows of incoming_var_forecast into risk.var_forecast; what is there already stays.
INSERT INTO risk.var_forecast (
    scope,
    interval,
    bar_at,
    method,
    made_at,
    fitted_from,
    fitted_through,
    fitted_returns,
    note,
    symbols,
    weights,
    gross_usdt,
    var_95,
    es_95,
    var_99,
    es_99
)
SELECT
    given.scope,
    given.interval,
    given.bar_at,
    given.method,
    given.made_at,
    given.fitted_from,
    given.fitted_through,
    given.fitted_returns,
    given.note,
    given.symbols,
    given.weights,
    given.gross_usdt,
    given.var_95,
    given.es_95,
    given.var_99,
    given.es_99
FROM incoming_var_forecast AS given
ON CONFLICT (scope, interval, bar_at, method) DO NOTHING
