-- Past crashes with the worst moves that the archives tell, by scenario, horizon and symbol.
SELECT
    s.scenario,
    s.depth_left,
    s.collateral_left,
    m.hours,
    m.symbol,
    m.fall,
    m.rise,
    m.is_bound
FROM risk.stress_scenario AS s
JOIN risk.stress_move AS m ON m.scenario = s.scenario
ORDER BY s.begins_on, s.scenario, m.hours, m.symbol
