-- The newest volatility fit of one symbol and interval.
SELECT CAST(to_jsonb(f) AS text) AS body
FROM risk.latest_volatility_fit AS f
WHERE f.symbol = :symbol AND f.interval = :interval
