"""High just before a crash's largest fall."""

from risk.adapters.migrate import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_file("0018_high_before.sql")
