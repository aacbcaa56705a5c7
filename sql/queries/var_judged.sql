-- Forecasts of one scope's bars since a time with what the bars lost, by method and bar; times in seconds since 1970.
SELECT
    f.method,
    date_part('epoch', f.bar_at) AS bar_at,
    f.var_99,
    o.loss,
    f.gross_usdt
FROM risk.var_forecast AS f
LEFT JOIN risk.var_outcome AS o ON o.scope = f.scope AND o.interval = f.interval AND o.bar_at = f.bar_at
WHERE f.scope = :scope AND f.interval = :interval AND f.bar_at >= CAST(:since AS timestamptz)
ORDER BY f.method, f.bar_at
