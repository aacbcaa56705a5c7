-- Rows of incoming_income that risk.income does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.income (
        account,
        transaction_id,
        income_type,
        symbol,
        asset,
        amount,
        info,
        trade_id,
        event_at,
        received_at,
        source
    )
    SELECT
        account,
        transaction_id,
        income_type,
        symbol,
        asset,
        amount,
        info,
        trade_id,
        event_at,
        received_at,
        source
    FROM incoming_income
    ON CONFLICT (account, transaction_id, income_type, symbol, asset) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
