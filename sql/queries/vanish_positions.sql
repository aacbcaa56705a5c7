-- Positions that the newest account poll no longer shows, or shows on the other side: taken out of the open ones
-- and noted as gone. Runs before the newest rows are brought up.
WITH vanished AS (
    DELETE FROM risk.latest_position AS held
    WHERE held.account = :account
        AND held.event_at <= CAST(:event_at AS timestamptz)
        AND NOT EXISTS (
            SELECT FROM incoming_position AS i
            WHERE i.account = held.account AND i.symbol = held.symbol AND i.side = held.side
                AND sign(i.quantity) = sign(held.quantity)
        )
    RETURNING
        held.account,
        held.symbol,
        held.side,
        held.quantity,
        held.entry_price,
        held.break_even_price,
        held.mark_price,
        held.notional_usdt,
        held.unrealized_usdt,
        held.is_isolated,
        held.isolated_wallet_usdt,
        held.leverage,
        held.initial_usdt,
        held.maintenance_usdt,
        held.adl_rank,
        held.exchange_liquidation_price,
        held.liquidation_price,
        held.liquidation_reason,
        held.pool_wallet_usdt,
        held.other_maintenance_usdt,
        held.other_unrealized_usdt,
        held.liquidation_tier,
        held.liquidation_rate,
        held.liquidation_cum_usdt,
        held.liquidation_difference,
        held.distance,
        held.distance_sigmas,
        held.exit_slippage,
        held.can_exit,
        held.event_at,
        held.received_at,
        held.source
), noted AS (
    INSERT INTO risk.position_gone (account, symbol, side, vanished_at, last_seen)
    SELECT
        account,
        symbol,
        side,
        CAST(:event_at AS timestamptz),
        to_jsonb(vanished)
    FROM vanished
    ON CONFLICT (account, symbol, side, vanished_at) DO NOTHING
)
SELECT CAST(to_jsonb(vanished) AS text) AS body
FROM vanished
ORDER BY symbol, side
