-- What did the account earn and pay by day, transfers apart?
-- Parameters: account, its name in the settings, since and until (UTC). One row per day (UTC) and asset, newest first; amounts in
-- that asset, paid below 0.
SELECT
    i.day,
    i.asset,
    i.earned,
    i.realized,
    i.funding,
    i.commission,
    i.transferred
FROM risk.income_day AS i
WHERE i.account = CAST(:account AS text)
    AND i.day >= CAST(CAST(:since AS timestamptz) AT TIME ZONE 'UTC' AS date)
    AND i.day < CAST(CAST(:until AS timestamptz) AT TIME ZONE 'UTC' AS date) + 1
ORDER BY i.day DESC, i.asset
