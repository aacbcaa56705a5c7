-- The cross pool under moves of the whole market, newest computation, given as a JSON array.
INSERT INTO risk.latest_shock AS held (
    account,
    betas,
    orders,
    computed_at,
    fall,
    rise,
    shocks,
    equity_usdt,
    maintenance_usdt,
    is_liquidated
)
SELECT
    given.account,
    given.betas,
    given.orders,
    given.computed_at,
    given.fall,
    given.rise,
    given.shocks,
    given.equity_usdt,
    given.maintenance_usdt,
    given.is_liquidated
FROM jsonb_populate_recordset(CAST(NULL AS risk.latest_shock), CAST(:rows AS jsonb)) AS given
ON CONFLICT (account, betas, orders) DO UPDATE SET
    computed_at = excluded.computed_at,
    fall = excluded.fall,
    rise = excluded.rise,
    shocks = excluded.shocks,
    equity_usdt = excluded.equity_usdt,
    maintenance_usdt = excluded.maintenance_usdt,
    is_liquidated = excluded.is_liquidated
WHERE held.computed_at <= excluded.computed_at
