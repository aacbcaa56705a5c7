-- Newest score of every scope, whole, with its mark price and the change of its price in 24 hours.
SELECT
    s.scope,
    s.scored_at,
    s.level,
    s.raw_level,
    s.composite,
    s.weighted,
    s.market,
    s.liquidity,
    s.leverage,
    s.sentiment,
    s.floors,
    s.missing,
    s.counterfactual,
    s.limits_version,
    s.component_values,
    s.component_scores,
    s.input_ages_s,
    m.mark_price,
    m.event_at AS mark_at,
    t.price_change
FROM risk.score_memory AS q
CROSS JOIN LATERAL (
    SELECT *
    FROM risk.score AS newest
    WHERE newest.scope = q.scope
    ORDER BY newest.scored_at DESC
    LIMIT 1
) AS s
LEFT JOIN risk.latest_mark AS m ON m.symbol = s.scope
LEFT JOIN risk.latest_ticker AS t ON t.symbol = s.scope AND t.venue = 'usdm'
ORDER BY s.scope = 'account' DESC, s.scope
