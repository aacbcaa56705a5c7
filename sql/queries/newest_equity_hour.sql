-- Keep the highest margin balance of each hour of the accounts in incoming_account.
INSERT INTO risk.equity_hour AS held (account, hour_at, peak_usdt, peak_at)
SELECT DISTINCT ON (account, date_trunc('hour', event_at, 'UTC'))
    account,
    date_trunc('hour', event_at, 'UTC'),
    margin_balance_usdt,
    event_at
FROM incoming_account
ORDER BY account, date_trunc('hour', event_at, 'UTC'), margin_balance_usdt DESC, event_at DESC
ON CONFLICT (account, hour_at) DO UPDATE SET
    peak_usdt = excluded.peak_usdt,
    peak_at = excluded.peak_at
WHERE held.peak_usdt < excluded.peak_usdt
