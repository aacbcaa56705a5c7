"""History from archives."""

from risk.adapters.migrate import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_file("0009_archives.sql")
