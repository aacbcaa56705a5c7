-- Funding received (positive) and paid (negative) by contract since :since, USDT and other assets apart.
SELECT
    i.symbol,
    i.asset,
    CAST(sum(i.amount) AS double precision) AS amount
FROM risk.income AS i
WHERE i.account = CAST(:account AS text)
    AND i.event_at >= CAST(:since AS timestamptz)
    AND i.income_type = 'FUNDING_FEE'
GROUP BY i.symbol, i.asset
ORDER BY i.symbol, i.asset
