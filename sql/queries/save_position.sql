-- Rows of incoming_position that risk.position does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.position (
        account,
        symbol,
        side,
        quantity,
        entry_price,
        break_even_price,
        mark_price,
        notional_usdt,
        unrealized_usdt,
        is_isolated,
        isolated_wallet_usdt,
        leverage,
        initial_usdt,
        maintenance_usdt,
        adl_rank,
        exchange_liquidation_price,
        liquidation_price,
        liquidation_reason,
        event_at,
        received_at,
        source
    )
    SELECT
        account,
        symbol,
        side,
        quantity,
        entry_price,
        break_even_price,
        mark_price,
        notional_usdt,
        unrealized_usdt,
        is_isolated,
        isolated_wallet_usdt,
        leverage,
        initial_usdt,
        maintenance_usdt,
        adl_rank,
        exchange_liquidation_price,
        liquidation_price,
        liquidation_reason,
        event_at,
        received_at,
        source
    FROM incoming_position
    ON CONFLICT (account, symbol, side, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
