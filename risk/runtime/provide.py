"""What a desk by parts needs before its first part: our schema and roles, and Prefect's database and role.

`risk up` does the same by itself. `python -m risk.runtime.provide` with the database's owner in
RISK_DATABASE_URL does it once for a desk on several machines or containers; a second time nothing changes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import psycopg

from risk.adapters import migrate, settings
from risk.adapters.database_url import libpq_url
from risk.adapters.settings import Settings
from risk.errors import RiskError, SettingsError, StoreError
from risk.runtime import prefect_server


def provide(config: Settings, tell: Callable[[str], None]) -> None:
    """Make what is missing.

    Raises:
        SettingsError: no database is named.
        StoreError: the database does not answer or refuses.
    """
    if config.database_url is None:
        raise SettingsError("database_url: name the database that all parts are to share")
    url = libpq_url(config.database_url)
    tell(f"schema is at {migrate.upgrade(url)}")
    try:
        made = prefect_server.database_for(url, config.data_dir, role=prefect_server.ROLE)
    except psycopg.Error as cause:
        raise StoreError(f"Prefect's database cannot be made: {cause}") from cause
    if made.startswith("sqlite"):
        raise StoreError("this PostgreSQL has no pg_trgm, which Prefect needs: install its contrib modules")
    tell(f"Prefect's database is {prefect_server.DATABASE}, its role {prefect_server.ROLE}")


def main() -> int:
    """0, or 1 and one line of reason."""
    try:
        provide(settings.load(), _say)
    except RiskError as cause:
        sys.stderr.write(f"failed: {' '.join(str(cause).split())}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
