-- Rows of incoming_strategy_return that risk.strategy_return does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.strategy_return (
        strategy,
        period,
        value,
        event_at,
        received_at,
        source
    )
    SELECT
        strategy,
        period,
        value,
        event_at,
        received_at,
        source
    FROM incoming_strategy_return
    ON CONFLICT (strategy, period, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
