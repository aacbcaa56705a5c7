-- A position whose mark nobody reads has unknown funding: the book's is then unknown too, not that of the others.
CREATE OR REPLACE VIEW risk.funding_payment AS
SELECT
    p.account,
    p.symbol,
    p.side,
    p.notional_usdt,
    m.funding_rate AS rate,
    t.interval_hours,
    m.next_funding_at,
    CAST(p.quantity AS double precision) * m.mark_price * m.funding_rate AS next_payment_usdt,
    CAST(p.quantity AS double precision) * m.mark_price * m.funding_rate * 24 / t.interval_hours AS per_day_usdt,
    t.rate_cap,
    t.rate_floor,
    CASE WHEN p.quantity > 0 THEN t.rate_cap - m.funding_rate ELSE m.funding_rate - t.rate_floor END AS rate_to_cap,
    CAST(p.quantity AS double precision) * m.mark_price
        * CASE WHEN p.quantity > 0 THEN t.rate_cap ELSE t.rate_floor END * 24 / t.interval_hours AS worst_per_day_usdt,
    CASE WHEN t.interval_hours_before <> t.interval_hours THEN t.interval_hours_before END AS interval_hours_before,
    CASE WHEN t.interval_hours_before <> t.interval_hours THEN t.changed_at END AS interval_changed_at,
    m.event_at
FROM risk.latest_position AS p
LEFT JOIN risk.latest_mark AS m ON m.symbol = p.symbol
LEFT JOIN risk.latest_funding_terms AS t ON t.symbol = p.symbol;
