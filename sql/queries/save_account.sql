-- Rows of incoming_account that risk.account does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.account (
        account,
        is_multi_assets,
        is_hedge_mode,
        wallet_usdt,
        cross_wallet_usdt,
        cross_unrealized_usdt,
        unrealized_usdt,
        margin_balance_usdt,
        maintenance_usdt,
        cross_maintenance_usdt,
        initial_usdt,
        available_usdt,
        event_at,
        received_at,
        source
    )
    SELECT
        account,
        is_multi_assets,
        is_hedge_mode,
        wallet_usdt,
        cross_wallet_usdt,
        cross_unrealized_usdt,
        unrealized_usdt,
        margin_balance_usdt,
        maintenance_usdt,
        cross_maintenance_usdt,
        initial_usdt,
        available_usdt,
        event_at,
        received_at,
        source
    FROM incoming_account
    ON CONFLICT (account, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
