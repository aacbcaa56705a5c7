-- Which bars lost more than value at risk said they would?
-- Parameters: since (timestamptz), and scope, a symbol, SYMBOL/SHORT or account, as text. One row per bar, interval and method, newest first; fractions
-- of gross, and how many times the VaR at 99 % the loss was.
SELECT
    x.bar_at,
    x.interval,
    x.method,
    x.loss,
    x.var_95,
    x.var_99,
    x.es_99,
    x.is_beyond_99,
    x.loss / nullif(x.var_99, 0) AS times_var_99,
    x.loss * x.gross_usdt AS loss_usdt,
    x.made_at
FROM risk.var_exception AS x
WHERE x.scope = CAST(:scope AS text) AND x.bar_at >= CAST(:since AS timestamptz)
ORDER BY x.bar_at DESC, x.interval, x.method
