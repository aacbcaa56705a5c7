"""Retention of value at risk."""

from risk.adapters.migrate import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_file("0017_var_retention.sql")
