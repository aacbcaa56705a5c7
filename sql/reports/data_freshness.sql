-- How old is the newest of each input, and how late does it reach us?
-- Parameters: now (UTC). One row per input and symbol, oldest first.
WITH newest AS (
    SELECT 'depth ' || d.venue AS input, d.symbol, d.event_at, d.received_at FROM risk.latest_depth AS d
    UNION ALL
    SELECT 'ticker ' || t.venue, t.symbol, t.event_at, t.received_at FROM risk.latest_ticker AS t
    UNION ALL
    SELECT 'mark', m.symbol, m.event_at, m.received_at FROM risk.latest_mark AS m
    UNION ALL
    SELECT 'open interest', o.symbol, o.event_at, o.received_at FROM risk.latest_open_interest AS o
    UNION ALL
    SELECT 'indicator ' || i.interval, i.symbol, i.event_at, i.received_at FROM risk.latest_indicator AS i
    UNION ALL
    SELECT 'funding', f.symbol, f.event_at, f.received_at FROM risk.latest_funding AS f
    UNION ALL
    SELECT 'funding terms', f.symbol, f.event_at, f.received_at FROM risk.latest_funding_terms AS f
    UNION ALL
    SELECT 'venue ' || v.venue, v.symbol, v.event_at, v.received_at FROM risk.latest_venue_funding AS v
    UNION ALL
    SELECT 'account', a.account, a.event_at, a.received_at FROM risk.latest_account AS a
    UNION ALL
    SELECT 'insurance ' || i.asset, i.group_key, i.event_at, i.received_at FROM risk.latest_insurance AS i
    UNION ALL
    SELECT 'ADL risk', r.symbol, r.event_at, r.received_at FROM risk.latest_adl_risk AS r
)
SELECT
    n.input,
    n.symbol,
    n.event_at,
    round(CAST(date_part('epoch', CAST(:now AS timestamptz) - n.event_at) AS numeric), 1) AS age_s,
    round(CAST(date_part('epoch', n.received_at - n.event_at) AS numeric), 3) AS delay_s
FROM newest AS n
ORDER BY age_s DESC, n.input, n.symbol
