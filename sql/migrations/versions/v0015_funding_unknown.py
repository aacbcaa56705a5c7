"""Funding of positions without a mark is unknown."""

from risk.adapters.migrate import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_file("0015_funding_unknown.sql")
