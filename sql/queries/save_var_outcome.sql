-- Rows of incoming_var_outcome into risk.var_outcome; what is there already stays.
INSERT INTO risk.var_outcome (
    scope,
    interval,
    bar_at,
    loss,
    judged_at
)
SELECT
    given.scope,
    given.interval,
    given.bar_at,
    given.loss,
    given.judged_at
FROM incoming_var_outcome AS given
ON CONFLICT (scope, interval, bar_at) DO NOTHING
