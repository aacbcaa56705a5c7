-- Bars of one scope since a time that were forecast but have no loss yet: when, and by which weights.
SELECT
    f.bar_at,
    min(f.made_at) AS made_at,
    f.symbols,
    f.weights
FROM risk.var_forecast AS f
LEFT JOIN risk.var_outcome AS o ON o.scope = f.scope AND o.interval = f.interval AND o.bar_at = f.bar_at
WHERE f.scope = :scope AND f.interval = :interval AND f.bar_at >= CAST(:since AS timestamptz) AND o.bar_at IS NULL
GROUP BY f.bar_at, f.symbols, f.weights
ORDER BY f.bar_at
