-- Forget the shocks of an account that an earlier computation left.
DELETE FROM risk.latest_shock
WHERE account = :account AND computed_at < CAST(:before AS timestamptz)
