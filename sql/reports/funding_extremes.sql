-- How far did settled funding go, and what did it come to in a year?
-- Parameters: since and until (UTC). One row per symbol; rates per 8 hours as fractions, whatever the symbol's interval.
WITH settled AS (
    SELECT
        f.symbol,
        f.event_at,
        f.funding_rate * 8 / f.interval_hours AS funding_8h
    FROM risk.funding AS f
    WHERE f.event_at >= CAST(:since AS timestamptz) AND f.event_at < CAST(:until AS timestamptz)
)
SELECT
    s.symbol,
    count(*) AS settlements,
    avg(s.funding_8h) AS mean_8h,
    avg(s.funding_8h) * 3 * 365 AS mean_a_year,
    max(s.funding_8h) AS highest_8h,
    (array_agg(s.event_at ORDER BY s.funding_8h DESC))[1] AS highest_at,
    min(s.funding_8h) AS lowest_8h,
    (array_agg(s.event_at ORDER BY s.funding_8h))[1] AS lowest_at,
    count(*) FILTER (WHERE abs(s.funding_8h) > 0.001) AS beyond_a_thousandth
FROM settled AS s
GROUP BY s.symbol
ORDER BY max(abs(s.funding_8h)) DESC, s.symbol
