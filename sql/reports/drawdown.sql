-- How far has equity fallen from its peak of seven days?
-- Parameters: account, its name in the settings. One row per account; USDT with unrealised profit, the peak corrected by what was
-- transferred since; drawdown a fraction.
SELECT
    d.account,
    d.equity_usdt,
    d.peak_usdt,
    d.peak_at,
    d.transferred_usdt,
    d.drawdown,
    d.event_at
FROM risk.drawdown AS d
WHERE d.account = CAST(:account AS text)
