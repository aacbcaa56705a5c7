-- How did open interest move in a day and in three?
-- Parameters: now (UTC). One row per watched symbol, the largest rise in three days first; contracts in coins, changes as fractions.
SELECT
    o.symbol,
    o.quantity,
    o.quantity * m.mark_price AS value_usdt,
    CAST(o.quantity AS double precision) / nullif(CAST(o.quantity_24h AS double precision), 0) - 1 AS change_24h,
    CAST(o.quantity AS double precision) / nullif(CAST(o.quantity_72h AS double precision), 0) - 1 AS change_72h,
    t.price_change AS price_change_24h,
    round(CAST(date_part('epoch', CAST(:now AS timestamptz) - o.event_at) AS numeric), 1) AS age_s
FROM risk.latest_open_interest AS o
LEFT JOIN risk.latest_mark AS m ON m.symbol = o.symbol
LEFT JOIN risk.latest_ticker AS t ON t.symbol = o.symbol AND t.venue = 'usdm'
ORDER BY change_72h DESC NULLS LAST, o.symbol
