-- Bring risk.latest_indicator up to the newest rows of incoming_indicator; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (symbol, interval)
        symbol,
        interval,
        close,
        atr_ratio,
        rsi,
        macd,
        macd_signal,
        macd_histogram,
        realised,
        vol_ratio,
        kline_spread,
        volume_ratio,
        kline_risk,
        beta,
        sigma_24h,
        sigma_method,
        event_at,
        received_at,
        source
    FROM incoming_indicator
    ORDER BY symbol, interval, event_at DESC
)
INSERT INTO risk.latest_indicator AS held (
    symbol,
    interval,
    close,
    atr_ratio,
    rsi,
    macd,
    macd_signal,
    macd_histogram,
    realised,
    vol_ratio,
    kline_spread,
    volume_ratio,
    kline_risk,
    beta,
    sigma_24h,
    sigma_method,
    event_at,
    received_at,
    source,
    previous_close
)
SELECT
    n.symbol,
    n.interval,
    n.close,
    n.atr_ratio,
    n.rsi,
    n.macd,
    n.macd_signal,
    n.macd_histogram,
    n.realised,
    n.vol_ratio,
    n.kline_spread,
    n.volume_ratio,
    n.kline_risk,
    n.beta,
    n.sigma_24h,
    n.sigma_method,
    n.event_at,
    n.received_at,
    n.source,
    before.close AS previous_close
FROM newest AS n
LEFT JOIN LATERAL (
    SELECT i.close
    FROM risk.indicator AS i
    WHERE i.symbol = n.symbol AND i.interval = n.interval AND i.event_at < n.event_at
        AND i.event_at > n.event_at - CASE n.interval
            WHEN '15m' THEN make_interval(mins => 20)
            WHEN '1h' THEN make_interval(mins => 80)
            ELSE make_interval(hours => 32)
        END
    ORDER BY i.event_at DESC
    LIMIT 1
) AS before ON true
ORDER BY n.symbol, n.interval
ON CONFLICT (symbol, interval) DO UPDATE SET
    close = excluded.close,
    atr_ratio = excluded.atr_ratio,
    rsi = excluded.rsi,
    macd = excluded.macd,
    macd_signal = excluded.macd_signal,
    macd_histogram = excluded.macd_histogram,
    realised = excluded.realised,
    vol_ratio = excluded.vol_ratio,
    kline_spread = excluded.kline_spread,
    volume_ratio = excluded.volume_ratio,
    kline_risk = excluded.kline_risk,
    beta = excluded.beta,
    sigma_24h = excluded.sigma_24h,
    sigma_method = excluded.sigma_method,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source,
    previous_close = excluded.previous_close
WHERE held.event_at < excluded.event_at
    -- The bar was measured before its model was fitted.
    OR (held.event_at = excluded.event_at AND held.sigma_24h IS NULL AND excluded.sigma_24h IS NOT NULL)
