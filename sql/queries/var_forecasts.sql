-- All methods' forecasts of one bar of one scope.
SELECT CAST(to_jsonb(f) AS text) AS body
FROM risk.var_forecast AS f
WHERE f.scope = :scope AND f.interval = :interval AND f.bar_at = CAST(:bar_at AS timestamptz)
ORDER BY f.method
