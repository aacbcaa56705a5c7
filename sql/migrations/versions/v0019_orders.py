"""Open orders, and the moves of the market that liquidate with and without them."""

from risk.adapters.migrate import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_file("0019_orders.sql")
