-- What may the book and each symbol lose in the next hour and day, and by which method is that told?
-- No parameters. One row per scope and interval, the account first; fractions of gross and, where that is known, USDT.
SELECT
    v.scope,
    v.interval,
    v.bar_at,
    v.method,
    v.method_since,
    v.var_95,
    v.es_95,
    v.var_99,
    v.es_99,
    v.gross_usdt,
    v.var_99 * v.gross_usdt AS var_99_usdt,
    v.es_99 * v.gross_usdt AS es_99_usdt,
    x.observations,
    x.exceptions,
    x.zone,
    least(x.kupiec_p, x.independence_p, x.conditional_p) AS worst_p,
    v.reason,
    v.note,
    v.without_returns,
    v.computed_at
FROM risk.latest_var AS v
LEFT JOIN risk.latest_var_verdict AS x
    ON x.scope = v.scope AND x.interval = v.interval AND x.method = v.method
ORDER BY v.scope <> 'account', v.scope, v.interval
