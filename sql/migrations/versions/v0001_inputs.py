"""Inputs: one table per kind of fact."""

from risk.adapters.migrate import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_file("0001_inputs.sql")
