-- What leaving some symbols meets: forecast sigma, 24 h volume, and the book's ladders, with the time of each.
SELECT
    w.symbol,
    coalesce(i60.sigma_24h, iday.sigma_24h) AS sigma_24h,
    CASE WHEN i60.sigma_24h IS NULL THEN iday.event_at ELSE i60.event_at END AS sigma_at,
    t.quote_volume AS quote_volume_24h,
    d.sell_slippage,
    d.buy_slippage,
    d.event_at AS depth_at
FROM unnest(CAST(:symbols AS text[])) AS w (symbol)
LEFT JOIN risk.latest_indicator AS i60 ON i60.symbol = w.symbol AND i60.interval = '1h'
LEFT JOIN risk.latest_indicator AS iday ON iday.symbol = w.symbol AND iday.interval = '1d'
LEFT JOIN risk.latest_ticker AS t ON t.symbol = w.symbol AND t.venue = 'usdm'
LEFT JOIN risk.latest_depth AS d ON d.symbol = w.symbol AND d.venue = 'usdm'
