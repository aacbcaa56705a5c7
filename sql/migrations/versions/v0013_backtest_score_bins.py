"""Reliability, false alarms and calm time of the score over archives."""

from risk.adapters.migrate import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_file("0013_backtest_score_bins.sql")
