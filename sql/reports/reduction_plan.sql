-- What should be reduced, in which order, and what is left after each step?
-- Parameters: account, its name in the settings, and since (UTC). One row per step of the newest demand of each position that
-- is still open; fraction of the position, quantity in coins, cover and leverage score after the step, cost in USDT by the
-- book of that moment.
SELECT
    d.scored_at,
    CAST(d.details ->> 'place' AS integer) AS place,
    d.symbol,
    d.details ->> 'direction' AS direction,
    d.fraction,
    d.quantity,
    CAST(d.details ->> 'cover_after' AS double precision) AS cover_after,
    CAST(d.details ->> 'leverage_after' AS double precision) AS leverage_score_after,
    CAST(d.details ->> 'is_enough' AS boolean) AS is_enough,
    CAST(d.details ->> 'slippage' AS double precision) AS slippage,
    CAST(d.details ->> 'cost_usdt' AS double precision) AS cost_usdt,
    d.reason,
    d.decision_id
FROM risk.latest_position AS p
JOIN LATERAL (
    SELECT x.*
    FROM risk.decision AS x
    WHERE x.kind = 'reduce'
        AND x.symbol = p.symbol
        AND x.side = p.side
        AND x.scored_at >= CAST(:since AS timestamptz)
    ORDER BY x.scored_at DESC
    LIMIT 1
) AS d ON true
WHERE p.account = CAST(:account AS text)
ORDER BY place, d.symbol, d.side
