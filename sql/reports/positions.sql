-- How far is each position from liquidation, and can it be left in time?
-- Parameters: account, its name in the settings. One row per open position, the nearest to liquidation first; prices in
-- USDT per coin, distance a fraction of the mark, difference ours over the exchange's less 1.
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
    p.exit_slippage,
    p.can_exit,
    p.adl_rank,
    f.next_funding_at,
    f.next_payment_usdt,
    f.per_day_usdt AS funding_per_day_usdt,
    p.event_at
FROM risk.latest_position AS p
LEFT JOIN risk.funding_payment AS f ON f.account = p.account AND f.symbol = p.symbol AND f.side = p.side
WHERE p.account = CAST(:account AS text)
ORDER BY p.distance NULLS LAST, p.symbol, p.side
