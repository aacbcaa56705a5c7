"""Value at risk of the running desk."""

from risk.adapters.migrate import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_file("0016_value_at_risk.sql")
