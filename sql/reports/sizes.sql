-- How much may be opened of each watched symbol now, where to stop, and what bound it?
-- Parameters: account, its name in the settings. One row per symbol, side and method (desk, or the seed's formula with its unit
-- corrected); prices in USDT per coin, quantity in coins, multiplier the share of the normal size that the level allows.
SELECT
    a.symbol,
    a.side,
    a.method,
    a.quantity,
    a.notional_usdt,
    a.margin_usdt,
    a.leverage,
    a.entry_price,
    a.stop_price,
    a.stop_bound_by,
    a.target_1_price,
    a.target_2_price,
    a.trailing_price,
    a.liquidation_price,
    a.multiplier,
    a.bound_by,
    a.computed_at
FROM risk.latest_size_advice AS a
WHERE a.account = CAST(:account AS text)
ORDER BY a.symbol, a.side, a.method
