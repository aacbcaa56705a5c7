"""The database: schema, address, psql."""

from __future__ import annotations

from cyclopts import App

from risk.commands import terminal

db = App(name="db", help="The database: bring its schema up to date, print its address, open psql.")


@db.command
def migrate() -> int:
    """Bring the schema up to date; starts the embedded server where no other is configured."""
    from risk.adapters import migrate as migrations
    from risk.runtime.database import reachable

    with reachable(terminal.settings(), starts=True) as url:
        before = migrations.current(url)
        after = migrations.upgrade(url)
    terminal.say(
        f"schema is at {after}" if before == after else f"schema went from {before or 'nothing'} to {after}"
    )
    return 0


@db.command
def url() -> int:
    """Print the database's address, for psql and other programs."""
    from risk.runtime.database import address

    print(address(terminal.settings()))
    return 0


@db.command
def shell() -> int:
    """Open psql on the database."""
    from risk.runtime.database import open_shell

    return open_shell(terminal.settings())
