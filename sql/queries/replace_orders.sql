-- Replace one of an account's two lists of open orders by a newer reading, given as a JSON array.
WITH given AS MATERIALIZED (
    SELECT g.*
    FROM jsonb_populate_recordset(CAST(NULL AS risk.latest_order), CAST(:rows AS jsonb)) AS g
), gone AS (
    DELETE FROM risk.latest_order AS held
    WHERE held.account = :account
        AND held.service = :service
        AND held.received_at <= CAST(:received_at AS timestamptz)
        AND NOT EXISTS (SELECT FROM given AS g WHERE g.order_id = held.order_id)
)
INSERT INTO risk.latest_order AS held (
    account,
    service,
    order_id,
    symbol,
    side,
    kind,
    is_purchase,
    quantity,
    price,
    trigger_price,
    triggered_by,
    is_reduce_only,
    closes_position,
    event_at,
    received_at,
    source
)
SELECT
    g.account,
    g.service,
    g.order_id,
    g.symbol,
    g.side,
    g.kind,
    g.is_purchase,
    g.quantity,
    g.price,
    g.trigger_price,
    g.triggered_by,
    g.is_reduce_only,
    g.closes_position,
    g.event_at,
    g.received_at,
    g.source
FROM given AS g
ON CONFLICT (account, service, order_id) DO UPDATE SET
    symbol = excluded.symbol,
    side = excluded.side,
    kind = excluded.kind,
    is_purchase = excluded.is_purchase,
    quantity = excluded.quantity,
    price = excluded.price,
    trigger_price = excluded.trigger_price,
    triggered_by = excluded.triggered_by,
    is_reduce_only = excluded.is_reduce_only,
    closes_position = excluded.closes_position,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.received_at <= excluded.received_at
