-- Trading rules as in incoming_instrument, where newer than those held; how many rows changed.
WITH stored AS (
    INSERT INTO risk.instrument AS held (
        symbol,
        base_asset,
        quote_asset,
        margin_asset,
        contract_type,
        status,
        tick_size,
        step_size,
        min_quantity,
        min_notional_usdt,
        liquidation_fee,
        onboard_at,
        delivery_at,
        event_at,
        received_at,
        source
    )
    SELECT DISTINCT ON (symbol)
        symbol,
        base_asset,
        quote_asset,
        margin_asset,
        contract_type,
        status,
        tick_size,
        step_size,
        min_quantity,
        min_notional_usdt,
        liquidation_fee,
        onboard_at,
        delivery_at,
        event_at,
        received_at,
        source
    FROM incoming_instrument
    ORDER BY symbol, event_at DESC
    ON CONFLICT (symbol) DO UPDATE SET
        base_asset = excluded.base_asset,
        quote_asset = excluded.quote_asset,
        margin_asset = excluded.margin_asset,
        contract_type = excluded.contract_type,
        status = excluded.status,
        tick_size = excluded.tick_size,
        step_size = excluded.step_size,
        min_quantity = excluded.min_quantity,
        min_notional_usdt = excluded.min_notional_usdt,
        liquidation_fee = excluded.liquidation_fee,
        onboard_at = excluded.onboard_at,
        delivery_at = excluded.delivery_at,
        event_at = excluded.event_at,
        received_at = excluded.received_at,
        source = excluded.source
    WHERE held.event_at < excluded.event_at
    RETURNING 1
)
SELECT count(*) FROM stored
