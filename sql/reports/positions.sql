-- How far is each position from liquidation, does a stop stand behind it, and can it be left in time?
-- Parameters: account, its name in the settings. One row per open position, the nearest to liquidation first; prices in
-- USDT per coin, distance a fraction of the mark, difference ours over the exchange's less 1; stop_share the share that
-- stops at the exchange close, NULL while the open orders were not read for three minutes, stop_price the nearest trigger.
WITH reading AS (
    SELECT count(*) = 2 AS is_known
    FROM risk.fact AS f
    WHERE f.name IN ('open_orders', 'open_algo_orders') AND f.updated_at > now() - make_interval(mins => 3)
)
SELECT
    p.symbol,
    CASE WHEN p.quantity > 0 THEN 'long' ELSE 'short' END AS direction,
    CASE WHEN p.is_isolated THEN 'isolated' ELSE 'cross' END AS margin,
    p.quantity,
    p.notional_usdt,
    p.entry_price,
    p.mark_price,
    p.unrealized_usdt,
    p.liquidation_price,
    p.exchange_liquidation_price,
    p.liquidation_difference,
    p.liquidation_reason,
    p.distance,
    p.distance_sigmas,
    CASE WHEN reading.is_known THEN stops.share END AS stop_share,
    CASE WHEN reading.is_known THEN stops.price END AS stop_price,
    p.exit_slippage,
    p.can_exit,
    p.adl_rank,
    f.next_funding_at,
    f.next_payment_usdt,
    f.per_day_usdt AS funding_per_day_usdt,
    p.event_at
FROM risk.latest_position AS p
CROSS JOIN reading
CROSS JOIN LATERAL (
    SELECT
        least(1, coalesce(sum(CASE WHEN o.closes_position THEN abs(p.quantity) ELSE o.quantity END), 0)
            / abs(p.quantity)) AS share,
        CASE WHEN p.quantity > 0 THEN max(o.trigger_price) ELSE min(o.trigger_price) END AS price
    FROM risk.latest_order AS o
    WHERE o.account = p.account
        AND o.symbol = p.symbol
        AND o.side = p.side
        AND o.is_purchase = (p.quantity < 0)
        AND (o.kind LIKE 'STOP%' OR o.kind LIKE 'TRAILING\_STOP%')
) AS stops
LEFT JOIN risk.funding_payment AS f ON f.account = p.account AND f.symbol = p.symbol AND f.side = p.side
WHERE p.account = CAST(:account AS text)
ORDER BY p.distance NULLS LAST, p.symbol, p.side
