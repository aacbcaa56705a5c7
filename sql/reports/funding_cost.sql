-- What does funding cost the book, when is it paid next, and how bad can it become?
-- Parameters: account, its name in the settings. One row per open position, the dearest first; USDT (above 0 is paid), rates as
-- fractions per interval, worst_per_day_usdt at the cap; interval_hours_before only where the interval has just changed.
SELECT
    f.symbol,
    f.side,
    f.notional_usdt,
    f.rate,
    f.interval_hours,
    f.interval_hours_before,
    f.interval_changed_at,
    f.next_funding_at,
    f.next_payment_usdt,
    f.per_day_usdt,
    b.per_day_of_equity AS book_per_day_of_equity,
    f.rate_to_cap,
    f.worst_per_day_usdt,
    f.event_at
FROM risk.funding_payment AS f
LEFT JOIN risk.funding_book AS b ON b.account = f.account
WHERE f.account = CAST(:account AS text)
ORDER BY f.per_day_usdt DESC NULLS LAST, f.symbol, f.side
