-- A transfer of USDC moves the totals of multi-assets mode only: in single-asset mode these are USDT alone.
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
        SELECT coalesce(CAST(sum(n.amount) AS double precision), 0) AS transferred_usdt
        FROM risk.income AS n
        WHERE n.account = h.account AND n.event_at > h.peak_at AND n.event_at <= a.event_at
            AND (n.asset = 'USDT' OR (n.asset = 'USDC' AND a.is_multi_assets)) AND n.income_type LIKE '%TRANSFER'
    ) AS t
    WHERE h.account = a.account AND h.hour_at > a.event_at - make_interval(days => 7)
    ORDER BY CAST(h.peak_usdt AS double precision) + t.transferred_usdt DESC
    LIMIT 1
) AS p ON true;
