-- Trailing stop of each symbol and side, USDT per coin, with the time of its computation.
SELECT
    a.symbol,
    a.side,
    a.trailing_price,
    a.computed_at
FROM risk.latest_size_advice AS a
WHERE a.account = CAST(:account AS text)
    AND a.method = 'desk'
    AND a.trailing_price IS NOT NULL
