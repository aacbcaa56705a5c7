-- Keep the highest margin balance of each hour of the accounts in incoming_account, transfers between them apart.
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
WHERE CAST(held.peak_usdt AS double precision) + coalesce((
    SELECT sum(CASE WHEN excluded.peak_at > held.peak_at THEN n.amount_usdt ELSE -n.amount_usdt END)
    FROM risk.transfer AS n
    WHERE n.account = held.account
        AND n.event_at > least(held.peak_at, excluded.peak_at) AND n.event_at <= greatest(held.peak_at, excluded.peak_at)
), 0) < CAST(excluded.peak_usdt AS double precision)
