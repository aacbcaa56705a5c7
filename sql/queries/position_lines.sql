-- Liquidation, stop and entry prices of one symbol's open positions, USDT per coin, the nearest to liquidation first.
-- Liquidation is the nearer of our price and the exchange's; the stop trails the position.
SELECT
    x.side,
    CASE WHEN x.side = 'LONG' THEN greatest(x.own, x.theirs) ELSE least(x.own, x.theirs) END AS liquidation,
    x.stop,
    x.entry
FROM (
    SELECT
        CASE WHEN p.quantity > 0 THEN 'LONG' ELSE 'SHORT' END AS side,
        CAST(p.liquidation_price AS double precision) AS own,
        CAST(p.exchange_liquidation_price AS double precision) AS theirs,
        CAST(a.trailing_price AS double precision) AS stop,
        CAST(p.entry_price AS double precision) AS entry,
        p.distance
    FROM risk.latest_position AS p
    LEFT JOIN risk.latest_size_advice AS a
        ON a.account = p.account
        AND a.symbol = p.symbol
        AND a.side = CASE WHEN p.quantity > 0 THEN 'LONG' ELSE 'SHORT' END
        AND a.method = 'desk'
    WHERE p.account = CAST(:account AS text) AND p.symbol = CAST(:symbol AS text) AND p.quantity <> 0
) AS x
ORDER BY x.distance NULLS LAST
