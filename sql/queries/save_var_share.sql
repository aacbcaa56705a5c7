-- Rows of incoming_var_share into risk.var_share; what is there already stays.
INSERT INTO risk.var_share (
    interval,
    bar_at,
    level,
    symbol,
    made_at,
    method,
    notional_usdt,
    total_usdt,
    marginal,
    component_usdt,
    incremental_usdt
)
SELECT
    given.interval,
    given.bar_at,
    given.level,
    given.symbol,
    given.made_at,
    given.method,
    given.notional_usdt,
    given.total_usdt,
    given.marginal,
    given.component_usdt,
    given.incremental_usdt
FROM incoming_var_share AS given
ON CONFLICT (interval, bar_at, level, symbol) DO NOTHING
