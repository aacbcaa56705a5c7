"""Ledger, progress, heartbeats, bans and leases."""

from risk.adapters.migrate import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_file("0003_operation.sql")
