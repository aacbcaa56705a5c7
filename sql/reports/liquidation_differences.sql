-- Where does our liquidation price differ from the exchange's, and what was ours computed from?
-- Parameters: account, its name in the settings. One row per open position, the largest difference first; prices in USDT per
-- coin, money in USDT, difference ours over theirs less 1 (above 0.005 it is an alert).
SELECT
    p.symbol,
    p.side,
    p.liquidation_price,
    p.exchange_liquidation_price,
    p.liquidation_difference,
    p.liquidation_reason,
    p.pool_wallet_usdt,
    p.other_maintenance_usdt,
    p.other_unrealized_usdt,
    p.liquidation_tier,
    p.liquidation_rate,
    p.liquidation_cum_usdt,
    p.event_at
FROM risk.latest_position AS p
WHERE p.account = CAST(:account AS text)
ORDER BY abs(CAST(p.liquidation_difference AS double precision)) DESC NULLS LAST, p.symbol, p.side
