-- Drop the days of a table before the first one kept; how many single rows went beside them.
SELECT risk.forget_before(:table_name, CAST(:first_kept AS date))
