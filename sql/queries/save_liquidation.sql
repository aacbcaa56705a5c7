-- Forced orders of incoming_liquidation that are not held yet, also added to the sums of their hours; how many.
WITH stored AS (
    INSERT INTO risk.liquidation (
        symbol,
        side,
        price,
        average_price,
        quantity,
        filled_quantity,
        notional_usdt,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        side,
        price,
        average_price,
        quantity,
        filled_quantity,
        notional_usdt,
        event_at,
        received_at,
        source
    FROM incoming_liquidation
    ON CONFLICT (symbol, event_at, side, price, quantity) DO NOTHING
    RETURNING
        symbol,
        side,
        date_trunc('hour', event_at, 'UTC') AS hour_at,
        notional_usdt
), summed AS (
    INSERT INTO risk.liquidation_hour AS held (symbol, hour_at, side, notional_usdt, orders)
    SELECT
        symbol,
        hour_at,
        side,
        sum(notional_usdt),
        count(*)
    FROM stored
    GROUP BY symbol, hour_at, side
    ORDER BY symbol, hour_at, side
    ON CONFLICT (symbol, hour_at, side) DO UPDATE SET
        notional_usdt = held.notional_usdt + excluded.notional_usdt,
        orders = held.orders + excluded.orders
)
SELECT count(*) FROM stored
