-- How much was forced out of the market, of whom, and when most?
-- Parameters: since and until (UTC). One row per symbol and side; a lower bound in USDT, because the stream carries at most one
-- order per symbol and second. SELL closes longs, BUY closes shorts.
SELECT
    h.symbol,
    h.side,
    sum(h.notional_usdt) AS at_least_usdt,
    sum(h.orders) AS orders,
    max(h.notional_usdt) AS worst_hour_usdt,
    (array_agg(h.hour_at ORDER BY h.notional_usdt DESC))[1] AS worst_hour_at
FROM risk.liquidation_hour AS h
WHERE h.hour_at >= CAST(:since AS timestamptz) AND h.hour_at < CAST(:until AS timestamptz)
GROUP BY h.symbol, h.side
ORDER BY at_least_usdt DESC, h.symbol, h.side
