"""Exits: facts of liquidation prices, stress scenarios, sizes, funding as money."""

from risk.adapters.migrate import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_file("0006_exits.sql")
