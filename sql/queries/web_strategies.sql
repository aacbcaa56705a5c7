-- The newest study of the strategies, and in it whose the risk is, in the order of a heat map.
WITH newest AS (
    SELECT
        s.studied_at,
        s.period
    FROM risk.strategy_study AS s
    ORDER BY s.studied_at DESC, s.period
    LIMIT 1
)
SELECT
    s.studied_at,
    s.period,
    s.first_at,
    s.last_at,
    s.strategies,
    s.members,
    s.basis,
    s.mean_recent,
    s.recent_pairs,
    s.diversification_ratio,
    s.effective_bets,
    h.strategy,
    h.periods,
    h.sigma,
    h.weight,
    h.contribution,
    h.cluster,
    h.reason
FROM newest AS n
JOIN risk.strategy_study AS s ON s.studied_at = n.studied_at AND s.period = n.period
JOIN risk.strategy_share AS h ON h.studied_at = n.studied_at AND h.period = n.period
ORDER BY h.place
