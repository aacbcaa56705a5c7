-- Forecasts of one scope by one method since :since, with what each bar lost; times in seconds since 1970.
SELECT
    date_part('epoch', f.bar_at) AS at,
    f.var_95,
    f.var_99,
    o.loss
FROM risk.var_forecast AS f
LEFT JOIN risk.var_outcome AS o ON o.scope = f.scope AND o.interval = f.interval AND o.bar_at = f.bar_at
WHERE f.scope = CAST(:scope AS text)
    AND f.interval = CAST(:interval AS text)
    AND f.method = CAST(:method AS text)
    AND f.bar_at >= CAST(:since AS timestamptz)
ORDER BY f.bar_at
LIMIT 1000
