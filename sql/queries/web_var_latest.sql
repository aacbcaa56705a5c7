-- The value at risk in force of every scope at one interval, the account first, and how its newest judged bar went.
SELECT
    v.scope,
    v.computed_at,
    v.bar_at,
    v.method,
    v.method_since,
    v.reason,
    v.note,
    v.without_returns,
    v.gross_usdt,
    v.var_95,
    v.es_95,
    v.var_99,
    v.es_99,
    v.closed_at,
    v.closed_var_99,
    v.closed_loss
FROM risk.latest_var AS v
WHERE v.interval = CAST(:interval AS text)
ORDER BY v.scope = 'account' DESC, v.scope
