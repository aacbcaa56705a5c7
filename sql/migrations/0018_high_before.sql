-- Whether the level was high just before a crash's largest fall, beside when it first was.
ALTER TABLE risk.backtest_score_crash ADD COLUMN high_before boolean;
COMMENT ON COLUMN risk.backtest_score_crash.high_before IS 'whether the level was high or above at the close before the bar with the largest fall; NULL: a run that did not tell';
