-- How much of each symbol and side may be opened now, by the desk's rules and by the seed's, newest computation.
SELECT
    a.symbol,
    a.side,
    a.method,
    a.computed_at,
    a.equity_usdt,
    a.entry_price,
    a.stop_price,
    a.stop_bound_by,
    a.target_1_price,
    a.target_2_price,
    a.trailing_price,
    a.quantity,
    a.notional_usdt,
    a.margin_usdt,
    a.leverage,
    a.liquidation_price,
    a.level,
    a.multiplier,
    a.bound_by,
    a.reasons
FROM risk.latest_size_advice AS a
WHERE a.account = CAST(:account AS text)
ORDER BY a.symbol, a.side, a.method
