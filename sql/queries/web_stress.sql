-- What each past crash would leave of an account, newest computation, with the move of BTCUSDT in it.
SELECT
    s.scenario,
    s.hours,
    s.direction,
    s.computed_at,
    s.equity_usdt,
    s.maintenance_usdt,
    s.cover,
    s.liquidated,
    s.first,
    s.first_at,
    s.loss_usdt,
    s.exit_cost_usdt,
    s.by_beta,
    CASE s.direction WHEN 'fall' THEN m.fall ELSE m.rise END AS market_move
FROM risk.latest_stress AS s
LEFT JOIN risk.stress_move AS m
    ON m.scenario = s.scenario AND m.hours = s.hours AND m.symbol = 'BTCUSDT'
WHERE s.account = CAST(:account AS text)
ORDER BY s.loss_usdt DESC, s.scenario, s.hours, s.direction
