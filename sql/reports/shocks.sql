-- What would a move of the whole market leave of the account, with and without its open orders?
-- Parameters: account, its name in the settings. One row per move of BTCUSDT (fraction; others move by their beta), how
-- the orders are read (none; worst: each conditional order fills or not, whichever is worse; triggered: all fill); money
-- in USDT, cover equity over maintenance (1 is liquidation), fall and rise the smallest moves that liquidate.
SELECT
    s.orders,
    g.shock,
    g.equity_usdt,
    g.maintenance_usdt,
    g.equity_usdt / nullif(g.maintenance_usdt, 0) AS cover,
    g.is_liquidated,
    s.fall,
    s.rise,
    s.computed_at
FROM risk.latest_shock AS s
CROSS JOIN LATERAL unnest(s.shocks, s.equity_usdt, s.maintenance_usdt, s.is_liquidated)
    AS g (shock, equity_usdt, maintenance_usdt, is_liquidated)
WHERE s.account = CAST(:account AS text) AND s.betas = 'estimated'
ORDER BY s.orders, g.shock
