-- Bring risk.latest_account up to the newest rows of incoming_account; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (account)
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
    ORDER BY account, event_at DESC
)
INSERT INTO risk.latest_account AS held (
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
    n.account,
    n.is_multi_assets,
    n.is_hedge_mode,
    n.wallet_usdt,
    n.cross_wallet_usdt,
    n.cross_unrealized_usdt,
    n.unrealized_usdt,
    n.margin_balance_usdt,
    n.maintenance_usdt,
    n.cross_maintenance_usdt,
    n.initial_usdt,
    n.available_usdt,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.account
ON CONFLICT (account) DO UPDATE SET
    is_multi_assets = excluded.is_multi_assets,
    is_hedge_mode = excluded.is_hedge_mode,
    wallet_usdt = excluded.wallet_usdt,
    cross_wallet_usdt = excluded.cross_wallet_usdt,
    cross_unrealized_usdt = excluded.cross_unrealized_usdt,
    unrealized_usdt = excluded.unrealized_usdt,
    margin_balance_usdt = excluded.margin_balance_usdt,
    maintenance_usdt = excluded.maintenance_usdt,
    cross_maintenance_usdt = excluded.cross_maintenance_usdt,
    initial_usdt = excluded.initial_usdt,
    available_usdt = excluded.available_usdt,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
