-- Make the partitions of today and the days ahead; how many were missing.
SELECT risk.ensure_partitions(CAST(:today AS date), :days_ahead)
