-- How the strategies move together by their newest study, pair by pair.
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
    p.stressed
FROM newest AS n
JOIN risk.strategy_pair AS p ON p.studied_at = n.studied_at AND p.period = n.period
ORDER BY p.first, p.second
