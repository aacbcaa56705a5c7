"""Studies of strategies."""

from risk.adapters.migrate import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_file("0012_strategies.sql")
