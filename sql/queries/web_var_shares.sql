-- Whose the book's value at risk at 99 % is, by the newest forecast of one interval, the largest part first.
SELECT
    s.symbol,
    s.bar_at,
    s.notional_usdt,
    s.total_usdt,
    s.component_usdt,
    s.incremental_usdt
FROM risk.var_share AS s
WHERE s.interval = CAST(:interval AS text)
    AND s.level = 0.99
    AND s.bar_at = (
        SELECT max(n.bar_at)
        FROM risk.var_share AS n
        WHERE n.interval = CAST(:interval AS text)
    )
ORDER BY s.component_usdt DESC, s.symbol
