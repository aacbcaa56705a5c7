-- What would each past crash leave of the account as it stands?
-- Parameters: account, its name in the settings. One row per crash, length of the window (hours) and direction, the largest
-- loss first; money in USDT, market_move of BTCUSDT a fraction, cover equity over maintenance (1 is liquidation), first_at
-- the share of the move at which the first position goes; a symbol in by_beta has no record and moves by its beta.
SELECT
    s.scenario,
    s.hours,
    s.direction,
    CASE s.direction WHEN 'fall' THEN m.fall ELSE m.rise END AS market_move,
    s.equity_usdt,
    s.maintenance_usdt,
    s.cover,
    s.first AS liquidated_first,
    s.first_at,
    s.liquidated,
    s.loss_usdt,
    s.exit_cost_usdt,
    s.by_beta,
    s.computed_at
FROM risk.latest_stress AS s
LEFT JOIN risk.stress_move AS m ON m.scenario = s.scenario AND m.hours = s.hours AND m.symbol = 'BTCUSDT'
WHERE s.account = CAST(:account AS text)
ORDER BY s.loss_usdt DESC, s.scenario, s.hours, s.direction
