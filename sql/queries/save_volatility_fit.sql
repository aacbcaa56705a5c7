-- Rows of incoming_volatility_fit that risk.volatility_fit does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.volatility_fit (
        symbol,
        interval,
        method,
        reason,
        observations,
        mu,
        omega,
        alpha,
        gamma,
        beta,
        nu,
        decay,
        backcast,
        log_likelihood,
        convergence_flag,
        persistence,
        last_variance,
        last_residual,
        sigma_next,
        quantile_01,
        quantile_05,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        interval,
        method,
        reason,
        observations,
        mu,
        omega,
        alpha,
        gamma,
        beta,
        nu,
        decay,
        backcast,
        log_likelihood,
        convergence_flag,
        persistence,
        last_variance,
        last_residual,
        sigma_next,
        quantile_01,
        quantile_05,
        event_at,
        received_at,
        source
    FROM incoming_volatility_fit
    ON CONFLICT (symbol, interval, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
