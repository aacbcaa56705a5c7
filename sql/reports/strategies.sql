-- Whose is the risk of the strategies?
-- Newest study (flow strategies, daily). One row per strategy, the largest share of the risk first; shares are fractions, sigma is of
-- one period's return. A strategy outside the book says why.
WITH newest AS (
    SELECT
        s.studied_at,
        s.period
    FROM risk.strategy_study AS s
    ORDER BY s.studied_at DESC, s.period
    LIMIT 1
)
SELECT
    h.strategy,
    h.periods,
    h.sigma,
    h.weight,
    h.contribution,
    h.cluster,
    h.reason,
    s.period,
    s.last_at,
    s.mean_recent AS mean_correlation_30d,
    s.diversification_ratio,
    s.effective_bets,
    s.basis
FROM newest AS n
JOIN risk.strategy_study AS s ON s.studied_at = n.studied_at AND s.period = n.period
JOIN risk.strategy_share AS h ON h.studied_at = n.studied_at AND h.period = n.period
ORDER BY h.contribution DESC NULLS LAST, h.strategy
