-- What past crashes would leave of an account, newest computation, given as a JSON array.
INSERT INTO risk.latest_stress AS held (
    account,
    scenario,
    hours,
    direction,
    computed_at,
    equity_usdt,
    maintenance_usdt,
    cover,
    liquidated,
    first,
    first_at,
    loss_usdt,
    exit_cost_usdt,
    by_beta
)
SELECT
    given.account,
    given.scenario,
    given.hours,
    given.direction,
    given.computed_at,
    given.equity_usdt,
    given.maintenance_usdt,
    given.cover,
    given.liquidated,
    given.first,
    given.first_at,
    given.loss_usdt,
    given.exit_cost_usdt,
    given.by_beta
FROM jsonb_populate_recordset(CAST(NULL AS risk.latest_stress), CAST(:rows AS jsonb)) AS given
ON CONFLICT (account, scenario, hours, direction) DO UPDATE SET
    computed_at = excluded.computed_at,
    equity_usdt = excluded.equity_usdt,
    maintenance_usdt = excluded.maintenance_usdt,
    cover = excluded.cover,
    liquidated = excluded.liquidated,
    first = excluded.first,
    first_at = excluded.first_at,
    loss_usdt = excluded.loss_usdt,
    exit_cost_usdt = excluded.exit_cost_usdt,
    by_beta = excluded.by_beta
WHERE held.computed_at <= excluded.computed_at
