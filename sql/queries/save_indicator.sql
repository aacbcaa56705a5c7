-- Rows of incoming_indicator that risk.indicator does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.indicator (
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
    )
    SELECT
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
    ON CONFLICT (symbol, interval, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
