-- Which strategies move together?
-- Newest study (flow strategies, daily). One row per pair, the closest first; correlations from -1 to 1, nothing where the overlap is
-- insufficient.
WITH newest AS (
    SELECT
        s.studied_at,
        s.period
    FROM risk.strategy_study AS s
    ORDER BY s.studied_at DESC, s.period
    LIMIT 1
)
SELECT
    p.first,
    p.second,
    p.overlap,
    p.sample,
    p.shrunk,
    p.ewma,
    p.stressed,
    CASE WHEN p.sample IS NULL THEN 'insufficient overlap' ELSE '' END AS reason
FROM newest AS n
JOIN risk.strategy_pair AS p ON p.studied_at = n.studied_at AND p.period = n.period
ORDER BY p.sample DESC NULLS LAST, p.first, p.second
