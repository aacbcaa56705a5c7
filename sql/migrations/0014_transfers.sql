-- What moves money in and out of an account without being earned, said once: swaps of coins count as transfers.
CREATE VIEW risk.transfer AS
SELECT
    n.account,
    n.event_at,
    CAST(n.amount AS double precision) AS amount_usdt
FROM risk.income AS n
WHERE (n.income_type LIKE '%TRANSFER' OR n.income_type IN ('COIN_SWAP_DEPOSIT', 'COIN_SWAP_WITHDRAW'))
    AND (n.asset = 'USDT' OR (n.asset = 'USDC' AND EXISTS (
        SELECT FROM risk.latest_account AS c WHERE c.account = n.account AND c.is_multi_assets
    )));
COMMENT ON VIEW risk.transfer IS 'Transfers that move the account''s totals: USDT, in multi-assets mode USDC too, one to one';
COMMENT ON COLUMN risk.transfer.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.transfer.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.transfer.amount_usdt IS 'USDT; in is above zero';

CREATE OR REPLACE VIEW risk.income_day AS
SELECT
    i.account,
    CAST(i.event_at AT TIME ZONE 'UTC' AS date) AS day,
    i.asset,
    sum(i.amount) FILTER (WHERE k.is_transfer) AS transferred,
    sum(i.amount) FILTER (WHERE i.income_type LIKE '%FUNDING_FEE') AS funding,
    sum(i.amount) FILTER (WHERE i.income_type = 'REALIZED_PNL') AS realized,
    sum(i.amount) FILTER (WHERE i.income_type = 'COMMISSION') AS commission,
    sum(i.amount) FILTER (WHERE NOT k.is_transfer) AS earned
FROM risk.income AS i
CROSS JOIN LATERAL (
    SELECT i.income_type LIKE '%TRANSFER' OR i.income_type IN ('COIN_SWAP_DEPOSIT', 'COIN_SWAP_WITHDRAW') AS is_transfer
) AS k
GROUP BY i.account, CAST(i.event_at AT TIME ZONE 'UTC' AS date), i.asset;

CREATE OR REPLACE VIEW risk.drawdown AS
SELECT
    a.account,
    CAST(a.margin_balance_usdt AS double precision) AS equity_usdt,
    p.peak_usdt,
    p.peak_at,
    p.transferred_usdt,
    1 - CAST(a.margin_balance_usdt AS double precision) / nullif(p.peak_usdt, 0) AS drawdown,
    a.event_at
FROM risk.latest_account AS a
JOIN LATERAL (
    SELECT
        CAST(h.peak_usdt AS double precision) + t.transferred_usdt AS peak_usdt,
        h.peak_at,
        t.transferred_usdt
    FROM risk.equity_hour AS h
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(n.amount_usdt), 0) AS transferred_usdt
        FROM risk.transfer AS n
        WHERE n.account = h.account AND n.event_at > h.peak_at AND n.event_at <= a.event_at
    ) AS t
    WHERE h.account = a.account AND h.hour_at > a.event_at - make_interval(days => 7)
    ORDER BY CAST(h.peak_usdt AS double precision) + t.transferred_usdt DESC
    LIMIT 1
) AS p ON true;
