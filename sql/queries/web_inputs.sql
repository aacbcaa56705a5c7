-- The rows that a score of :symbol at :at was made from: the last of each kind that had reached us by then.
WITH asked AS (
    SELECT
        CAST(:symbol AS text) AS symbol,
        CAST(:account AS text) AS account,
        CAST(:at AS timestamptz) AS at
)
SELECT found.kind, found.event_at, found.received_at, found.body
FROM asked AS a
CROSS JOIN LATERAL (
    (
        SELECT 'depth' AS kind, d.event_at, d.received_at, to_jsonb(d) AS body
        FROM risk.depth AS d
        WHERE d.symbol = a.symbol AND d.venue = 'usdm' AND d.event_at <= a.at AND d.received_at <= a.at
        ORDER BY d.event_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT 'mark', m.event_at, m.received_at, to_jsonb(m)
        FROM risk.mark AS m
        WHERE m.symbol = a.symbol AND m.event_at <= a.at AND m.received_at <= a.at
        ORDER BY m.event_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT 'ticker', t.event_at, t.received_at, to_jsonb(t)
        FROM risk.ticker AS t
        WHERE t.symbol = a.symbol AND t.venue = 'usdm' AND t.event_at <= a.at AND t.received_at <= a.at
        ORDER BY t.event_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT 'open_interest', o.event_at, o.received_at, to_jsonb(o)
        FROM risk.open_interest AS o
        WHERE o.symbol = a.symbol AND o.event_at <= a.at AND o.received_at <= a.at
        ORDER BY o.event_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT 'settled', f.event_at, f.received_at, to_jsonb(f)
        FROM risk.funding AS f
        WHERE f.symbol = a.symbol AND f.event_at <= a.at AND f.received_at <= a.at
        ORDER BY f.event_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT 'terms', f.event_at, f.received_at, to_jsonb(f)
        FROM risk.funding_terms AS f
        WHERE f.symbol = a.symbol AND f.event_at <= a.at AND f.received_at <= a.at
        ORDER BY f.event_at DESC
        LIMIT 1
    )
    UNION ALL
    SELECT 'klines_' || span.interval, i.event_at, i.received_at, to_jsonb(i)
    FROM unnest(ARRAY['15m', '1h', '1d']) AS span (interval)
    CROSS JOIN LATERAL (
        SELECT *
        FROM risk.indicator AS n
        WHERE n.symbol = a.symbol AND n.interval = span.interval AND n.event_at <= a.at AND n.received_at <= a.at
        ORDER BY n.event_at DESC
        LIMIT 1
    ) AS i
    UNION ALL
    SELECT 'account', c.event_at, c.received_at, to_jsonb(c)
    FROM (
        SELECT *
        FROM risk.account AS n
        WHERE n.account = a.account AND n.event_at <= a.at AND n.received_at <= a.at
        ORDER BY n.event_at DESC
        LIMIT 1
    ) AS c
    UNION ALL
    SELECT 'position', p.event_at, p.received_at, to_jsonb(p)
    FROM risk.position AS p
    WHERE p.account = a.account
        AND p.symbol = a.symbol
        AND p.event_at = (
            SELECT max(n.event_at)
            FROM risk.account AS n
            WHERE n.account = a.account AND n.event_at <= a.at AND n.received_at <= a.at
        )
) AS found
